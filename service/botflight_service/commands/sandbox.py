"""`botflight sandbox`: everything on this machine, with a page to talk with the bot."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from botflight_service.commands import page

_ABOUT = """\
Run the whole bot beside a simulated Telegram, and talk with it on a web page. It needs no token, no
account, no settings and no network: pictures, animations and sounds are made on this machine.

In a prompt, [fail], [hang], [lose] and [slow] make the provider misbehave, to see what users see then."""

_EPILOG = """\
examples:
  botflight sandbox                          open the page that it names
  botflight sandbox --pace 0                 generations are there at once
  botflight sandbox --data-dir ./sandbox     balances and history are there again next time

Ctrl-C ends it.

exit codes: 0 ended when asked to; 2 the port is taken or the folder cannot be written."""

_SLOWEST_PACE = 1000.0


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    options = _parser().parse_args(arguments)
    folder: Path | None = options.data_dir
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return page.refused(f"cannot make the folder {folder} ({error.strerror}): name another with --data-dir")

    from botflight_service import sandbox  # noqa: PLC0415 - everything hangs on it; what is wrong is told before

    return sandbox.run(host=options.host, port=options.port, pace=options.pace, data_dir=folder)


def _parser() -> argparse.ArgumentParser:
    parser = page.parser("sandbox", _ABOUT, _EPILOG)
    parser.add_argument("--host", default="127.0.0.1", help="the address of the page (127.0.0.1: this machine alone)")
    parser.add_argument("--port", type=page.port, help="the port of the page (the first free one from 8080 on)")
    parser.add_argument("--pace", type=_pace, default=1.0, help="how many times as long generations take (1); 0: none")
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="where to keep the store (a temporary folder)")
    return parser


def _pace(text: str) -> float:
    try:
        pace = float(text)
    except ValueError:
        pace = math.nan
    if not 0 <= pace <= _SLOWEST_PACE:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {_SLOWEST_PACE:.0f}")
    return pace
