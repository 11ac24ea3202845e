"""What the billing preflight asks, answered from counters and the ends of indexes."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

import orjson

from botflight_diagnostics.billing_probe import (
    AttemptFacts,
    BalanceFacts,
    DatabaseFacts,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)
from botflight_diagnostics.report import TransientError
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.sql import hours, statements
from botflight_service.storage.sql.program import Make, Program, changed, row, rows

T = TypeVar("T")

_DAY_MS = 24 * 60 * 60 * 1000
_NONCE_AGE_MS = 60 * 60 * 1000
_SAMPLE = 5

_PARTNERS_WITH_ACCOUNTS = "SELECT count(*) FROM counters WHERE name = 'user_accounts'"
_PARTNERS_WITH_FREE_USES = "SELECT count(*) FROM counters WHERE name = ?"
_BELOW_ZERO = "SELECT count(*) FROM accounts WHERE partner = ? AND user_id <> 0 AND balance_hundredths < 0"
_BELOW_ZERO_SAMPLE = """
SELECT user_id FROM accounts WHERE partner = ? AND user_id <> 0 AND balance_hundredths < 0 LIMIT ?
"""
_AUDITED = "SELECT last_mismatched, last_ended_at_ms, last_sample FROM audits WHERE partner = ?"
# Two queries, so that each is one step to an end of the index.
_LEAST_USED = "SELECT min(used) FROM free_days WHERE partner = ? AND day = ?"
_MOST_USED = "SELECT max(used) FROM free_days WHERE partner = ? AND day = ?"
_OVERUSED = "SELECT count(*) FROM free_days WHERE partner = ? AND day = ? AND used > ?"
_OVERUSED_SAMPLE = "SELECT user_id FROM free_days WHERE partner = ? AND day = ? AND used > ? LIMIT ?"
_STALE = """
SELECT count(*) FROM attempts WHERE partner = ? AND state IN ('confirmed', 'submitting', 'running', 'unknown')
    AND changed_at_ms < ? AND state NOT IN ('delivered', 'failed', 'refunded')
"""
_UNKNOWN = """
SELECT count(*) FROM attempts WHERE partner = ? AND state = 'unknown'
    AND state NOT IN ('delivered', 'failed', 'refunded')
"""
_HOLDS_WITHOUT_ATTEMPT = """
SELECT count(*) FROM open_holds LEFT JOIN attempts USING (partner, task_id)
WHERE open_holds.partner = ? AND (state IS NULL OR state NOT IN ('confirmed', 'submitting', 'running', 'unknown'))
"""


class Run(Protocol):
    """Runs a program in a transaction."""

    def __call__(self, make: Make[T]) -> Awaitable[T]:
        """What the program ends with."""
        ...


class SqlProbe:
    """A `BillingProbe` on a database; what it `ask`s waits for nobody, what it writes is committed."""

    def __init__(
        self,
        partner: str,
        *,
        day_of: Callable[[int], str],
        clock: Callable[[], int],
        database: Callable[[], Awaitable[DatabaseFacts]],
        ask: Run,
        write: Run,
    ) -> None:
        self._partner = partner
        self._day_of = day_of
        self._clock = clock
        self._database = database
        self._ask = ask
        self._write = write

    async def database(self) -> DatabaseFacts:
        """Ask for the versions."""
        with _told_apart():
            return await self._database()

    async def tenants(self) -> TenantFacts:
        """Count the partners that have users."""
        partners = [found[0] for found in await self._look(lambda: rows(statements.PARTNERS))]
        return TenantFacts(
            partners_found=len(partners),
            partners_sample=tuple(sorted(partners)[:_SAMPLE]),
            storage_partner=self._partner,
            partners_top=tuple(partners[:_SAMPLE]),
        )

    async def users(self) -> UserFacts:
        """Count the users."""
        return UserFacts(records=await self._look(lambda: _counter(self._partner, "users")))

    async def balances(self, *, now_ms: int) -> BalanceFacts:
        """Count the users' accounts, and tell what the last audit found."""
        return await self._look(lambda: _balances(self._partner, now_ms))

    async def free_limits(self, *, now_ms: int, daily_limit: int) -> FreeLimitFacts:
        """Look at the free generations of the partner's day."""
        day = self._day_of(now_ms)
        return await self._look(lambda: _free_limits(self._partner, day, daily_limit))

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        """Count the attempts."""
        return await self._look(lambda: _attempts(self._partner, now_ms, stale_after_ms))

    async def write_nonce(self, nonce: str) -> None:
        """Commit a scratch row; those that were left behind an hour ago go."""
        await self._write(lambda: _write_nonce(nonce, self._clock()))

    async def read_nonce(self, nonce: str) -> bool:
        """Tell whether the scratch row is there."""
        return bool(await self._look(lambda: rows(statements.HAS_NONCE, nonce)))

    async def delete_nonce(self, nonce: str) -> bool:
        """Delete the scratch row."""
        return await self._write(lambda: changed(statements.DELETE_NONCE, nonce)) == 1

    async def _look(self, make: Make[T]) -> T:
        """Ask; what may pass by itself is told apart from what may not."""
        with _told_apart():
            return await self._ask(make)


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Turn a failure that may pass by itself into a TransientError."""
    try:
        yield
    except StorageUnavailable:
        raise
    except StorageError as error:
        raise TransientError(str(error)) from error


def _write_nonce(nonce: str, now_ms: int) -> Program[None]:
    """Write a scratch row, and forget those of an hour ago."""
    yield from changed(statements.FORGET_NONCES, now_ms - _NONCE_AGE_MS)
    yield from changed(statements.WRITE_NONCE, nonce, now_ms)


def _balances(partner: str, now_ms: int) -> Program[BalanceFacts]:
    """The facts of the section `balances`."""
    audited = yield from row(_AUDITED, partner)
    mismatched, audited_at_ms, sample = audited or (None, None, None)
    below_zero = [found[0] for found in (yield from rows(_BELOW_ZERO_SAMPLE, partner, _SAMPLE))]
    return BalanceFacts(
        records=(yield from _counter(partner, "user_accounts")),
        partners=(yield from _one(_PARTNERS_WITH_ACCOUNTS)),
        negative=(yield from _one(_BELOW_ZERO, partner)),
        updated_24h=(yield from hours.since(partner, hours.ACCOUNTS, now_ms - _DAY_MS)),
        sum_hundredths=(yield from _counter(partner, "sum_hundredths")),
        mismatched=mismatched,
        audited_at_ms=audited_at_ms,
        sample=tuple(dict.fromkeys((*below_zero, *orjson.loads(sample or "[]"))))[:_SAMPLE],
    )


def _free_limits(partner: str, day: str, daily_limit: int) -> Program[FreeLimitFacts]:
    """The facts of the section `free_limits`."""
    name = f"free_users {day}"
    overused = yield from rows(_OVERUSED_SAMPLE, partner, day, daily_limit, _SAMPLE)
    return FreeLimitFacts(
        daily_limit=daily_limit,
        records=(yield from _counter(partner, name)),
        partners=(yield from _one(_PARTNERS_WITH_FREE_USES, name)),
        violations=(yield from _one(_OVERUSED, partner, day, daily_limit)),
        used_today_min=(yield from _end(_LEAST_USED, partner, day)),
        used_today_max=(yield from _end(_MOST_USED, partner, day)),
        sample=tuple(found[0] for found in overused),
    )


def _attempts(partner: str, now_ms: int, stale_after_ms: int) -> Program[AttemptFacts]:
    """The facts of the section `attempts`."""
    return AttemptFacts(
        total=(yield from _counter(partner, "attempts")),
        last_24h=(yield from hours.since(partner, hours.ATTEMPTS, now_ms - _DAY_MS)),
        duplicate_request_ids=(yield from _counter(partner, "duplicate_jobs")),
        stale_pending=(yield from _one(_STALE, partner, now_ms - stale_after_ms)),
        unknown=(yield from _one(_UNKNOWN, partner)),
        holds_without_attempt=(yield from _one(_HOLDS_WITHOUT_ATTEMPT, partner)),
    )


def _counter(partner: str, name: str) -> Program[int]:
    """A partner's counter; zero where nothing was counted yet."""
    found = yield from row(statements.COUNTER, partner, name)
    return int(found[0]) if found is not None else 0


def _one(statement: str, *values: object) -> Program[int]:
    """The only value of a statement."""
    ((value,),) = yield from rows(statement, *values)
    return int(value)


def _end(statement: str, *values: object) -> Program[int | None]:
    """The value at an end of an index; None where it is empty."""
    ((value,),) = yield from rows(statement, *values)
    return int(value) if value is not None else None
