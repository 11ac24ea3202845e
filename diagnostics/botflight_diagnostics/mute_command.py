"""The actions `mute`, `unmute` and `mutes` of the preflight command."""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Protocol

from botflight_diagnostics.preflight import Preflight

EXIT_DONE: Final = 0
EXIT_NOT_DONE: Final = 2

_UNITS_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Desk(Protocol):
    """Where mutes are asked for."""

    async def mute(self, code: str, *, until_ms: int, reason: str, up_to: int | None) -> Mapping[str, Any]:
        """Mute a finding; the mute. Raises MuteRefused."""

    async def unmute(self, code: str) -> bool:
        """Let a finding count again; False where it was not muted. Raises MuteRefused."""

    async def mutes(self) -> Sequence[Mapping[str, Any]]:
        """What is muted."""


class LocalDesk:
    """Preflights of this process, over the store of the service."""

    def __init__(self, preflights: Iterable[Preflight]) -> None:
        self._preflights = tuple(preflights)

    async def mute(self, code: str, *, until_ms: int, reason: str, up_to: int | None) -> Mapping[str, Any]:
        """Mute a finding. Raises MuteRefused and BookFailed."""
        mute = await self._preflight_of(code).mute(code, until_ms=until_ms, reason=reason, up_to=up_to)
        return mute.payload()

    async def unmute(self, code: str) -> bool:
        """Let a finding count again. Raises BookFailed."""
        return await self._preflight_of(code).unmute(code)

    async def mutes(self) -> Sequence[Mapping[str, Any]]:
        """What is muted."""
        return [mute.payload() for preflight in self._preflights for mute in await preflight.muted()]

    def _preflight_of(self, code: str) -> Preflight:
        return next(preflight for preflight in self._preflights if code in preflight.findings)


def add_actions(parser: argparse.ArgumentParser, *, codes: Iterable[str]) -> None:
    """Let a command take the three actions; without one `options.action` is None."""
    known = sorted(codes)
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION")
    mute = actions.add_parser(
        "mute",
        help="let a finding not count for a while",
        description="Let a finding not count for a while. It counts again at its end, or as soon as it gets worse.",
    )
    mute.add_argument("code", metavar="CODE", choices=known)
    end = mute.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", dest="for_ms", type=_span_ms, metavar="TIME", help="30m, 2h or 3d; 30d at most")
    end.add_argument("--until", type=_instant, metavar="TIME", help="such as 2026-12-24T08:00, in TIME_ZONE")
    mute.add_argument("--reason", required=True, help="why; who looks next reads it")
    mute.add_argument("--up-to", type=int, metavar="N", help="how much it may affect (as much as now)")
    unmute = actions.add_parser("unmute", help="let a finding count again", description="Let a finding count again.")
    unmute.add_argument("code", metavar="CODE", choices=known)
    mutes = actions.add_parser(
        "mutes", help="tell what is muted", description="Tell what is muted, until when and why."
    )
    for action in (mute, unmute, mutes):
        # What stands before the action is not to be forgotten for the default behind it.
        action.add_argument("--url", default=argparse.SUPPRESS, help="ask the service at this address")


async def act(options: argparse.Namespace, desk: Desk, *, now_ms: int, zone: tzinfo) -> int:
    """Do what is asked for and tell of it; the exit code. Raises MuteRefused."""
    if options.action == "mutes":
        told = [_line(mute) for mute in await desk.mutes()]
        sys.stdout.write("\n".join(told or ["nothing is muted"]) + "\n")
        return EXIT_DONE
    if options.action == "unmute":
        dropped = await desk.unmute(options.code)
        sys.stdout.write(f"{options.code} counts again\n" if dropped else f"{options.code} was not muted\n")
        return EXIT_DONE if dropped else EXIT_NOT_DONE
    mute = await desk.mute(
        options.code, until_ms=_end_ms(options, now_ms, zone), reason=options.reason, up_to=options.up_to
    )
    sys.stdout.write(f"muted: {_line(mute)}\n")
    return EXIT_DONE


def _end_ms(options: argparse.Namespace, now_ms: int, zone: tzinfo) -> int:
    if options.until is None:
        return now_ms + int(options.for_ms)
    until: datetime = options.until
    return round((until if until.tzinfo else until.replace(tzinfo=zone)).timestamp() * 1000)


def _line(mute: Mapping[str, Any]) -> str:
    until = datetime.fromtimestamp(mute["until_ms"] / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{mute['code']} until {until}, up to {mute['up_to']}: {mute['reason']}"


def _span_ms(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: 30m, 2h or 3d")
    return int(found[1]) * _UNITS_MS[found[2]]


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-12-24T08:00") from None
