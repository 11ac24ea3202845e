"""The command `python -m botflight_harness.evidence`: run the tests and leave an entry of the smoke run log."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from botflight_harness.evidence.archive import append, keep
from botflight_harness.evidence.changelog import ChangelogInvalid
from botflight_harness.evidence.gathering import Order, gather
from botflight_harness.evidence.record import RecordMissing
from botflight_harness.evidence.repository import RepositoryError
from botflight_harness.evidence.verification import verify

_NOT_READY = 1
_COULD_NOT = 2
_VERIFY = "verify"

_ABOUT = """\
Run the tests where no network is and write what came of it: an entry of the smoke run log and the
same as JSON. STOP means that the release has all its evidence, CONTINUE that something is missing.
"""

_EPILOG = """\
exit code: 0 STOP, 1 CONTINUE, 2 nothing could be gathered (the changelog cannot be read, no git).

examples:
  python -m botflight_harness.evidence --require kernel -- pytest -n 2
  python -m botflight_harness.evidence --append SMOKE_RUN_LOG.md -- pytest
  python -m botflight_harness.evidence verify SMOKE_RUN_LOG.md

More: docs/decisions/0007-evidence.md
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _verified(given[1:]) if given[:1] == [_VERIFY] else _gathered(given)
    except (ChangelogInvalid, RecordMissing, RepositoryError, FileNotFoundError) as error:
        print(f"evidence: {error}", file=sys.stderr)
        return _COULD_NOT


def _gathered(given: Sequence[str]) -> int:
    at = given.index("--") if "--" in given else len(given)
    parser = _parser()
    chosen = parser.parse_args(given[:at])
    command = list(given[at + 1 :])
    if not command:
        parser.error("give the command after --, for example: -- pytest")
    order = Order(
        folder=Path.cwd(),
        command=command,
        changelog=chosen.changelog,
        log=chosen.append or Path("SMOKE_RUN_LOG.md"),
        scope=chosen.scope,
        release=chosen.release,
        preflight=chosen.preflight,
        requires_kernel=chosen.require == "kernel",
    )
    entry = gather(order)
    kept = keep(entry, chosen.out)
    if chosen.append is not None:
        append(kept.body, chosen.append)
    print(f"\n{kept.body}\nWritten to {kept.text} and {kept.twin}")
    return _NOT_READY if entry.blockers else 0


def _verified(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m botflight_harness.evidence verify",
        description="Check the last entry of a file against its JSON and the commit.",
    )
    parser.add_argument("file", type=Path, help="an entry, or the log")
    parser.add_argument("--json", type=Path, help="its JSON, where it is not beside the file or in build/evidence")
    chosen = parser.parse_args(given)
    wrong = verify(chosen.file, twin=chosen.json, repository_folder=Path.cwd())
    for line in wrong:
        print(f"evidence: {line}", file=sys.stderr)
    if not wrong:
        print(f"{chosen.file}: its last entry is what its JSON and the commit say")
    return _NOT_READY if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m botflight_harness.evidence",
        usage="%(prog)s [options] -- pytest ...\n       %(prog)s verify FILE [--json FILE]",
        description=_ABOUT,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--require", choices=["kernel"], help="the network line must have the kernel layer")
    parser.add_argument("--scope", action="append", default=[], metavar="WORDS", help="what was asked for; may repeat")
    parser.add_argument("--changelog", type=Path, default=Path("CHANGELOG.md"), metavar="FILE")
    parser.add_argument("--release", metavar="NAME", help="the changelog's section (Unreleased, else the newest)")
    parser.add_argument("--preflight", metavar="COMMAND", help="prints JSON; {folder} in it is an empty folder")
    parser.add_argument("--out", type=Path, default=Path("build/evidence"), metavar="FOLDER")
    parser.add_argument("--append", type=Path, metavar="FILE", help="add the entry to this log as well")
    return parser


if __name__ == "__main__":
    sys.exit(main())
