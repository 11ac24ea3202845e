"""Findings that do not count for a while: read, kept and forgotten."""

from __future__ import annotations

from botflight_diagnostics.report import Mute
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.program import Program, changed, rows


def mutes(partner: str) -> Program[tuple[Mute, ...]]:
    """All of a partner, by code."""
    found = yield from rows(statements.MUTES, partner)
    return tuple(
        Mute(code=code, until_ms=until_ms, up_to=up_to, reason=reason, set_at_ms=set_at_ms)
        for code, until_ms, up_to, reason, set_at_ms in found
    )


def keep(partner: str, mute: Mute) -> Program[None]:
    """Keep a mute; those that have ended by then go."""
    yield from changed(statements.FORGET_MUTES, partner, mute.set_at_ms)
    yield from changed(statements.KEEP_MUTE, partner, mute.code, mute.until_ms, mute.up_to, mute.reason, mute.set_at_ms)


def drop(partner: str, code: str) -> Program[bool]:
    """Forget a mute."""
    return (yield from changed(statements.DROP_MUTE, partner, code)) == 1
