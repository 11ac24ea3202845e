"""The billing preflight as a command: a table for people or JSON, and an exit code for scripts."""

import argparse
import asyncio
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import orjson

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.findings import BILLING_FINDINGS
from botflight_diagnostics.table import table, without
from botflight_diagnostics.telemetry import Logs, Redactor, UserReferences, console_line, stream_writer
from botflight_diagnostics.web import PREFLIGHT_PATH
from botflight_service.config import Settings, SettingsInvalid
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.open import open_storage

EXIT_CODES: Final = {"READY": 0, "DEGRADED": 1, "FAIL": 2}

#: A service answers its preflight in 5 s at most.
ANSWER_TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 1_000_000

DESCRIPTION: Final = """\
Look at the store: can it be reached, written and read back; do balances, free generations and
attempts hold together. Every finding says what it does to users and how to fix it.

The store is that of DATABASE_URL, the partner that of BOT_INSTANCE_ID (or of the token). Where a
running service holds the store, that service is asked (HOST, PORT, with DIAG_TOKEN for details)."""

EPILOG: Final = """\
exit code:
  0  READY     nothing found
  1  DEGRADED  warnings: users are served
  2  FAIL      something is broken, or the check could not run

examples:
  botflight preflight
  botflight preflight --json | jq .result
  botflight preflight --ignore BPF_ATTEMPT_STALE --ignore BPF_DB_SLOW
  botflight preflight --url https://bot.example.com"""


class NoAnswer(Exception):
    """The preflight could not be run; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (by default those of the process); returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.load(os.environ, mode="preflight")
        payload = without(_payload(settings, url=options.url), options.ignore)
    except (NoAnswer, SettingsInvalid) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CODES["FAIL"]
    sys.stdout.write(_shown(payload, as_json=options.json))
    return EXIT_CODES[payload["result"]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="botflight preflight",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the payload as JSON, not as a table")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="CODE",
        choices=sorted(spec.code for spec in BILLING_FINDINGS),
        help="let findings under this code not count; may be given again",
    )
    parser.add_argument("--url", type=_web_address, help="ask the service at this address instead of opening the store")
    return parser


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} must begin with http:// or https://")
    return text.rstrip("/")


def _shown(payload: Mapping[str, Any], *, as_json: bool) -> str:
    if as_json:
        return orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode() + "\n"
    shown = table(payload, title="Billing preflight", coloured=sys.stdout.isatty())
    if "duration_ms" in payload:
        return shown
    return f"{shown}\nThe service tells no more than this without its DIAG_TOKEN.\n"


def _payload(settings: Settings, *, url: str | None) -> dict[str, Any]:
    token = settings.diag_token.get_secret_value() if settings.diag_token else None
    if url is not None:
        return _asked(url, token)
    try:
        return asyncio.run(_looked_up(settings))
    except StorageUnavailable as held:
        host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - where it listens
        try:
            return _asked(f"http://{host}:{settings.port}", token)
        except NoAnswer:
            raise NoAnswer(str(held)) from None
    except StorageError as error:
        raise NoAnswer(str(error)) from None


async def _looked_up(settings: Settings) -> dict[str, Any]:
    """Open the store and look for oneself."""
    url = settings.database_url.get_secret_value()
    storage = open_storage(url, clock=lambda: time.time_ns() // 1_000_000)
    await storage.open()
    try:
        preflight = billing_preflight(
            storage.probe(settings.partner, day_of=lambda at_ms: _day_of(at_ms, settings)),
            daily_limit=settings.daily_free_limit,
            reference=UserReferences(url.encode()).of,
            log=_error_log(url).logger("preflight"),
        )
        return (await preflight.report()).payload()
    finally:
        await storage.close()


def _day_of(at_ms: int, settings: Settings) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=settings.zone).date().isoformat()


def _error_log(url: str) -> Logs:
    """Errors of checks go to standard error: who runs the command may see them, secrets aside."""
    redactor = Redactor([url])
    return Logs(
        stream_writer(sys.stderr.buffer), service="botflight", version="", redactor=redactor, render=console_line
    )


def _asked(url: str, token: str | None) -> dict[str, Any]:
    """Ask a running service."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{url}{PREFLIGHT_PATH}?fresh=1", headers=headers)  # noqa: S310 - see _web_address
    try:
        return _payload_in(_body_of(request))
    except urllib.error.HTTPError as refused:
        raise NoAnswer(f"{url} refused: HTTP {refused.code}. Is DIAG_TOKEN the one of that service?") from None
    except (OSError, ValueError) as error:
        raise NoAnswer(f"no preflight at {url} ({type(error).__name__}). Does the service run there?") from None


def _payload_in(body: bytes) -> dict[str, Any]:
    """Read a payload; raises ValueError for what is none."""
    payload: object = orjson.loads(body)
    if not isinstance(payload, dict) or payload.get("result") not in EXIT_CODES:
        raise ValueError("no payload of a preflight")
    return payload


def _body_of(request: urllib.request.Request) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:  # noqa: S310 - see _web_address
            return bytes(answer.read(MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as answer:
        # FAIL is told as 503, with the same body.
        if answer.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return answer.read(MAX_ANSWER_BYTES)


if __name__ == "__main__":
    sys.exit(main())
