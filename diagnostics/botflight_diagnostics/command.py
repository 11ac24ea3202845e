"""A preflight as a command, of any service: a table for people or JSON, and an exit code for scripts."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from botflight_diagnostics.preflight import Preflight
from botflight_diagnostics.table import only, table, without

EXIT_CODES: Final = {"READY": 0, "DEGRADED": 1, "FAIL": 2}

_EXIT_CODES_TOLD: Final = """\
exit code:
  0  READY     nothing found
  1  DEGRADED  warnings: users are served
  2  FAIL      something is broken, or the check could not run"""


def main(
    preflight: Preflight, arguments: Sequence[str] | None = None, *, prog: str = "preflight", title: str = "Preflight"
) -> int:
    """Run a preflight once and print what it found; returns the exit code.

    `arguments` are by default those of the process: `--json`, `--section NAME`, `--ignore CODE`.
    """
    parser = argparse.ArgumentParser(
        prog=prog, epilog=_EXIT_CODES_TOLD, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, codes=preflight.findings)
    options = parser.parse_args(arguments)
    payload = asyncio.run(_payload(preflight))
    unknown = [name for name in options.section if name not in payload["sections"]]
    if unknown:
        parser.error(f"there is no section {unknown[0]!r}: there are {', '.join(payload['sections'])}")
    return tell(payload, options, title=title)


def add_options(parser: argparse.ArgumentParser, *, codes: Iterable[str]) -> None:
    """Let a command take the options that every preflight has."""
    parser.add_argument("--json", action="store_true", help="print the payload as JSON, not as a table")
    parser.add_argument(
        "--section",
        action="append",
        default=[],
        metavar="NAME",
        help="tell and count this section alone; may be given again",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="CODE",
        choices=sorted(codes),
        help="let findings under this code not count, this once; may be given again",
    )


def tell(payload: Mapping[str, Any], options: argparse.Namespace, *, title: str) -> int:
    """Print a payload as the options ask for it; returns the exit code."""
    told = without(only(payload, options.section), options.ignore)
    sys.stdout.write(_shown(told, as_json=options.json, title=title))
    return EXIT_CODES[told["result"]]


def _shown(payload: Mapping[str, Any], *, as_json: bool, title: str) -> str:
    if as_json:
        return orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode() + "\n"
    return table(payload, title=title, coloured=sys.stdout.isatty())


async def _payload(preflight: Preflight) -> dict[str, Any]:
    try:
        return (await preflight.report(fresh=True)).payload()
    finally:
        await preflight.close()
