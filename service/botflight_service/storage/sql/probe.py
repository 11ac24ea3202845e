"""What the billing preflight asks, answered from counters and the ends of indexes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import orjson

from botflight_diagnostics.billing_preflight import (
    AttemptFacts,
    BalanceFacts,
    DatabaseFacts,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)
from botflight_diagnostics.preflight import TransientError
from botflight_service.storage.batches import Action
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.schema import SCHEMA_VERSION, schema_version

T = TypeVar("T")

_DAY_MS = 24 * 60 * 60 * 1000
_NONCE_AGE_MS = 60 * 60 * 1000
_SAMPLE = 5

_PARTNERS_WITH_ACCOUNTS = "SELECT count(*) FROM counters WHERE name = 'user_accounts'"
_PARTNERS_WITH_FREE_USES = "SELECT count(*) FROM counters WHERE name = ?"
_BELOW_ZERO = "SELECT count(*) FROM accounts WHERE partner = ? AND user_id <> 0 AND balance_hundredths < 0"
_BELOW_ZERO_SAMPLE = """
SELECT DISTINCT user_id FROM accounts WHERE partner = ? AND user_id <> 0 AND balance_hundredths < 0 LIMIT ?
"""
_CHANGED_SINCE = "SELECT count(*) FROM accounts WHERE partner = ? AND changed_at_ms >= ? AND user_id <> 0"
_AUDITED = "SELECT last_mismatched, last_ended_at_ms, last_sample FROM audits WHERE partner = ?"
# Two queries, so that each is one step to an end of the index.
_LEAST_USED = "SELECT min(used) FROM free_days WHERE partner = ? AND day = ?"
_MOST_USED = "SELECT max(used) FROM free_days WHERE partner = ? AND day = ?"
_OVERUSED = "SELECT count(*) FROM free_days WHERE partner = ? AND day = ? AND used > ?"
_OVERUSED_SAMPLE = "SELECT user_id FROM free_days WHERE partner = ? AND day = ? AND used > ? LIMIT ?"
_ATTEMPTS_SINCE = "SELECT count(*) FROM attempts WHERE partner = ? AND created_at_ms >= ?"
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
    """Runs an action on a connection."""

    def __call__(self, action: Action[sqlite3.Connection, T]) -> Awaitable[T]:
        """What the action gives back."""
        ...


class SqliteProbe:
    """A `BillingProbe` on the embedded store."""

    def __init__(
        self, partner: str, *, day_of: Callable[[int], str], clock: Callable[[], int], ask: Run, write: Run
    ) -> None:
        self._partner = partner
        self._day_of = day_of
        self._clock = clock
        self._ask = ask
        self._write = write

    async def database(self) -> DatabaseFacts:
        """Ask for the versions."""
        started = time.perf_counter()
        version = await self._look(schema_version)
        return DatabaseFacts(
            version=f"SQLite {sqlite3.sqlite_version}",
            schema_version=version,
            expected_schema_version=SCHEMA_VERSION,
            latency_ms=(time.perf_counter() - started) * 1000,
        )

    async def tenants(self) -> TenantFacts:
        """Count the partners that have users."""
        partners = [row[0] for row in await self._look(lambda connection: _all(connection, statements.PARTNERS))]
        return TenantFacts(
            partners_found=len(partners),
            partners_sample=tuple(sorted(partners)[:_SAMPLE]),
            storage_partner=self._partner,
            partners_top=tuple(partners[:_SAMPLE]),
        )

    async def users(self) -> UserFacts:
        """Count the users."""
        return UserFacts(records=await self._look(lambda connection: _counter(connection, self._partner, "users")))

    async def balances(self, *, now_ms: int) -> BalanceFacts:
        """Count the users' accounts, and tell what the last audit found."""
        return await self._look(lambda connection: _balances(connection, self._partner, now_ms))

    async def free_limits(self, *, now_ms: int, daily_limit: int) -> FreeLimitFacts:
        """Look at the free generations of the partner's day."""
        day = self._day_of(now_ms)
        return await self._look(lambda connection: _free_limits(connection, self._partner, day, daily_limit))

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        """Count the attempts."""
        return await self._look(lambda connection: _attempts(connection, self._partner, now_ms, stale_after_ms))

    async def write_nonce(self, nonce: str) -> None:
        """Commit a scratch row; those that were left behind an hour ago go."""
        now_ms = self._clock()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(statements.FORGET_NONCES, (now_ms - _NONCE_AGE_MS,))
            connection.execute(statements.WRITE_NONCE, (nonce, now_ms))

        await self._write(write)

    async def read_nonce(self, nonce: str) -> bool:
        """Tell whether the scratch row is there."""
        return bool(await self._look(lambda connection: _all(connection, statements.HAS_NONCE, nonce)))

    async def delete_nonce(self, nonce: str) -> bool:
        """Delete the scratch row."""
        return await self._write(lambda connection: connection.execute(statements.DELETE_NONCE, (nonce,)).rowcount == 1)

    async def _look(self, action: Action[sqlite3.Connection, T]) -> T:
        """Ask; what may pass by itself is told apart from what may not."""
        try:
            return await self._ask(action)
        except StorageUnavailable:
            raise
        except StorageError as error:
            raise TransientError(str(error)) from error


def _balances(connection: sqlite3.Connection, partner: str, now_ms: int) -> BalanceFacts:
    """The facts of the section `balances`."""
    audited = _all(connection, _AUDITED, partner)
    mismatched, audited_at_ms, sample = audited[0] if audited else (None, None, None)
    below_zero = [row[0] for row in _all(connection, _BELOW_ZERO_SAMPLE, partner, _SAMPLE)]
    return BalanceFacts(
        records=_counter(connection, partner, "user_accounts"),
        partners=_one(connection, _PARTNERS_WITH_ACCOUNTS),
        negative=_one(connection, _BELOW_ZERO, partner),
        updated_24h=_one(connection, _CHANGED_SINCE, partner, now_ms - _DAY_MS),
        sum_hundredths=_counter(connection, partner, "sum_hundredths"),
        mismatched=mismatched,
        audited_at_ms=audited_at_ms,
        sample=tuple(dict.fromkeys((*below_zero, *orjson.loads(sample or "[]"))))[:_SAMPLE],
    )


def _free_limits(connection: sqlite3.Connection, partner: str, day: str, daily_limit: int) -> FreeLimitFacts:
    """The facts of the section `free_limits`."""
    name = f"free_users {day}"
    return FreeLimitFacts(
        daily_limit=daily_limit,
        records=_counter(connection, partner, name),
        partners=_one(connection, _PARTNERS_WITH_FREE_USES, name),
        violations=_one(connection, _OVERUSED, partner, day, daily_limit),
        used_today_min=_end(connection, _LEAST_USED, partner, day),
        used_today_max=_end(connection, _MOST_USED, partner, day),
        sample=tuple(row[0] for row in _all(connection, _OVERUSED_SAMPLE, partner, day, daily_limit, _SAMPLE)),
    )


def _attempts(connection: sqlite3.Connection, partner: str, now_ms: int, stale_after_ms: int) -> AttemptFacts:
    """The facts of the section `attempts`."""
    return AttemptFacts(
        total=_counter(connection, partner, "attempts"),
        last_24h=_one(connection, _ATTEMPTS_SINCE, partner, now_ms - _DAY_MS),
        duplicate_request_ids=_counter(connection, partner, "duplicate_jobs"),
        stale_pending=_one(connection, _STALE, partner, now_ms - stale_after_ms),
        unknown=_one(connection, _UNKNOWN, partner),
        holds_without_attempt=_one(connection, _HOLDS_WITHOUT_ATTEMPT, partner),
    )


def _counter(connection: sqlite3.Connection, partner: str, name: str) -> int:
    """A partner's counter; zero where nothing was counted yet."""
    row = connection.execute(statements.COUNTER, (partner, name)).fetchone()
    return int(row[0]) if row is not None else 0


def _one(connection: sqlite3.Connection, statement: str, *values: object) -> int:
    """The only value of a statement."""
    ((value,),) = _all(connection, statement, *values)
    return int(value)


def _end(connection: sqlite3.Connection, statement: str, *values: object) -> int | None:
    """The value at an end of an index; None where it is empty."""
    ((value,),) = _all(connection, statement, *values)
    return int(value) if value is not None else None


def _all(connection: sqlite3.Connection, statement: str, *values: object) -> list[Any]:
    """All rows of a statement."""
    return connection.execute(statement, values).fetchall()
