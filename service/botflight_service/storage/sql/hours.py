"""What happened since an instant, counted by hours: only the hour that the instant falls into is looked through."""

from __future__ import annotations

from botflight_service.storage.sql import statements
from botflight_service.storage.sql.program import Program, changed, rows

HOUR_MS = 60 * 60 * 1000
#: The counters that are kept by hours, and how the rows of a part of one are counted.
ATTEMPTS, ACCOUNTS = "attempts_of_hour", "accounts_of_hour"
_WITHIN = {
    ATTEMPTS: "SELECT count(*) FROM attempts WHERE partner = ? AND created_at_ms >= ? AND created_at_ms < ?",
    ACCOUNTS: """
        SELECT count(*) FROM accounts WHERE partner = ? AND changed_at_ms >= ? AND changed_at_ms < ? AND user_id <> 0
    """,
}


def since(partner: str, counter: str, at_ms: int) -> Program[int]:
    """How many there are since an instant."""
    ((within,),) = yield from rows(_WITHIN[counter], partner, at_ms, (at_ms // HOUR_MS + 1) * HOUR_MS)
    ((after,),) = yield from rows(statements.COUNTED_AFTER, partner, _name(counter, at_ms), f"{counter} :")
    return int(within) + int(after)


def forget(partner: str, *, before_ms: int) -> Program[None]:
    """Forget hours from before an instant."""
    for counter in (ATTEMPTS, ACCOUNTS):
        yield from changed(statements.FORGET_HOURS, partner, f"{counter} ", _name(counter, before_ms))


def _name(counter: str, at_ms: int) -> str:
    return f"{counter} {at_ms // HOUR_MS:010d}"
