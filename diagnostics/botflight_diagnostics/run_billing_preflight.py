"""The billing preflight as a command: a table for people or JSON, and an exit code for scripts."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.command import EXIT_CODES, add_options, tell
from botflight_diagnostics.findings import FINDINGS, SERVICE_FINDINGS
from botflight_diagnostics.mute_command import LocalDesk, act, add_actions
from botflight_diagnostics.mutes import BookFailed, MuteRefused, Mutes, PartnerBook
from botflight_diagnostics.preflight import Preflight
from botflight_diagnostics.remote import NoAnswer, Remote
from botflight_diagnostics.telemetry import Logs, Redactor, UserReferences, console_line, stream_writer
from botflight_diagnostics.web import PREFLIGHT_PATH, SERVICE_PREFLIGHT_PATH
from botflight_service.config import Settings, SettingsInvalid
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.open import open_storage

T = TypeVar("T")

DESCRIPTION: Final = """\
Look at the store: can it be reached, written and read back; do balances, free generations and
attempts hold together. Every finding says what it does to users and how to fix it.

The store is that of DATABASE_URL, the partner that of BOT_INSTANCE_ID (or of the token). It is looked
at as it is: nothing is made or migrated. Where a running service holds the store, that service is
asked (HOST, PORT, with DIAG_TOKEN for details)."""

EPILOG: Final = """\
exit code:
  0  READY     nothing found
  1  DEGRADED  warnings: users are served
  2  FAIL      something is broken, or the check could not run

examples:
  botflight preflight
  botflight preflight --json | jq .result
  botflight preflight --ignore BPF_ATTEMPT_STALE --ignore BPF_DB_SLOW
  botflight preflight --section db --section attempts
  botflight preflight --url https://bot.example.com
  botflight preflight --service
  botflight preflight mute BPF_ATTEMPT_STALE --for 2h --reason "the provider is down"
  botflight preflight mutes
  botflight preflight unmute BPF_ATTEMPT_STALE"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (by default those of the process); returns its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = Settings.load(os.environ, mode="preflight")
        if options.action is not None:
            return _act(settings, options)
        payload = _payload(settings, options)
    except (NoAnswer, SettingsInvalid, MuteRefused, BookFailed) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CODES["FAIL"]
    if unknown := [name for name in options.section if name not in payload["sections"]]:
        parser.error(f"there is no section {unknown[0]!r}: there are {', '.join(payload['sections'])}")
    code = tell(payload, options, title="Service preflight" if options.service else "Billing preflight")
    if "duration_ms" not in payload and not options.json:
        sys.stdout.write("\nThe service tells no more than this without its DIAG_TOKEN.\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="botflight preflight",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    codes = [spec.code for spec in FINDINGS]
    add_options(parser, codes=codes)
    parser.add_argument("--url", type=_web_address, help="ask the service at this address instead of opening the store")
    parser.add_argument(
        "--service", action="store_true", help="ask the running service how it is itself: Telegram, queues, provider"
    )
    add_actions(parser, codes=codes)
    return parser


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} must begin with http:// or https://")
    return text.rstrip("/")


def _payload(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    remote = _remote(settings, options.url)
    if options.service:
        return remote.preflight(SERVICE_PREFLIGHT_PATH)
    if options.url is not None:
        return remote.preflight(PREFLIGHT_PATH)

    async def look(preflight: Preflight) -> dict[str, Any]:
        return (await preflight.report()).payload()

    try:
        return asyncio.run(_with_store(settings, look, lifts=False))
    except StorageUnavailable as held:
        try:
            return remote.preflight(PREFLIGHT_PATH)
        except NoAnswer:
            raise NoAnswer(str(held)) from None
    except StorageError as error:
        raise NoAnswer(str(error)) from None


def _act(settings: Settings, options: argparse.Namespace) -> int:
    """Mute, unmute, or tell what is muted: in the store, or by the service that holds it."""
    now_ms = time.time_ns() // 1_000_000
    remote = _remote(settings, options.url)
    if options.url is not None:
        return asyncio.run(act(options, remote, now_ms=now_ms, zone=settings.zone))

    async def change(preflight: Preflight) -> int:
        facts = (await preflight.report()).payload()["sections"]["db"]["meta"]
        if facts.get("schema_version") != facts.get("expected_schema_version"):
            raise NoAnswer("the store is of another version: run `botflight storage migrate` first")
        # What the service finds of itself is not known here: it is muted up to a number that is given.
        of_the_service = Preflight((), SERVICE_FINDINGS, mutes=preflight.mutes)
        return await act(options, LocalDesk([preflight, of_the_service]), now_ms=now_ms, zone=settings.zone)

    try:
        return asyncio.run(_with_store(settings, change, lifts=True))
    except StorageUnavailable as held:
        try:
            return asyncio.run(act(options, remote, now_ms=now_ms, zone=settings.zone))
        except NoAnswer:
            raise NoAnswer(str(held)) from None
    except StorageError as error:
        raise NoAnswer(str(error)) from None


def _remote(settings: Settings, url: str | None) -> Remote:
    """The service at an address, by default at the one where it listens."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - where it listens
    token = settings.diag_token.get_secret_value() if settings.diag_token else None
    return Remote(url or f"http://{host}:{settings.port}", token)


async def _with_store(settings: Settings, task: Callable[[Preflight], Awaitable[T]], *, lifts: bool) -> T:
    """Open the store as it is, and do something with its preflight."""
    url = settings.database_url.get_secret_value()
    storage = open_storage(url, clock=lambda: time.time_ns() // 1_000_000)
    await storage.open(migrate=False)
    try:
        log = _error_log(url).logger("preflight")
        preflight = billing_preflight(
            storage.probe(settings.partner, day_of=lambda at_ms: _day_of(at_ms, settings)),
            daily_limit=settings.daily_free_limit,
            reference=UserReferences(url.encode()).of,
            # What is done on purpose is told on standard output.
            mutes=Mutes(PartnerBook(storage, settings.partner), log=None if lifts else log, lifts=lifts),
            log=log,
        )
        return await task(preflight)
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


if __name__ == "__main__":
    sys.exit(main())
