"""The command `python -m botflight_harness.network`: run pytest, or anything, where no network is."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from botflight_harness.network.notice import say
from botflight_harness.network.plan import REFUSED_TO_RUN, Plan
from botflight_harness.network.service import Service, ServiceInvalid
from botflight_harness.network.state import REQUIRE

_ABOUT = """\
Run a command where no network is but loopback. Under pytest, an attempt to reach any other machine
fails the test that made it, whatever the language and whether or not the error was swallowed.
"""

_EPILOG = """\
exit code: that of the command; 1 when it succeeded but something was tried after its end;
  4 when a layer that is required or claimed is not there; 127 when there is no such command.

examples:
  python -m botflight_harness.network -- pytest -n 2
  python -m botflight_harness.network --require kernel --allow-service db:5432 -- pytest tests/integration

More: docs/no-network.md
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    at = given.index("--") if "--" in given else len(given)
    parser = _parser()
    chosen = parser.parse_args(given[:at])
    command = given[at + 1 :]
    if not command:
        parser.error("give the command after --, for example: -- pytest")
    try:
        services = [Service.parse(text) for text in chosen.allow_service]
    except ServiceInvalid as error:
        say(f"--allow-service: {error}")
        return REFUSED_TO_RUN
    required = "kernel" in {chosen.require, os.environ.get(REQUIRE)}
    plan = Plan(command=command, services=services, requires_kernel=required)
    # Each can only be imported where it works.
    system = "launcher" if sys.platform == "linux" else "plain"
    code: int = import_module(f"botflight_harness.network.{system}").run(plan)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m botflight_harness.network",
        usage="%(prog)s [--require kernel] [--allow-service HOST:PORT] -- COMMAND ...",
        description=_ABOUT,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--require", choices=["kernel"], help="refuse to run (exit 4) where only Python could be kept from the network"
    )
    parser.add_argument(
        "--allow-service",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="let the tests use this service; may be given again",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
