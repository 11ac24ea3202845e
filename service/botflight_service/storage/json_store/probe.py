"""What the billing preflight asks, answered from the indexes of the state."""

from __future__ import annotations

import contextlib
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

from botflight_diagnostics.billing_probe import (
    AttemptFacts,
    BalanceFacts,
    DatabaseFacts,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)
from botflight_diagnostics.report import TransientError
from botflight_service.generation.attempts import UNSETTLED, AttemptState
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.json_store import lines, writes
from botflight_service.storage.json_store.rows import AuditPass
from botflight_service.storage.json_store.state import State

T = TypeVar("T")

_DAY_MS = 24 * 60 * 60 * 1000
_SAMPLE = 5


class Run(Protocol):
    """Runs an action on the state."""

    def __call__(self, action: Callable[[State], T]) -> Awaitable[T]:
        """What the action gives back."""
        ...


class JsonProbe:
    """A `BillingProbe` on the store in JSON."""

    def __init__(
        self,
        partner: str,
        *,
        day_of: Callable[[int], str],
        clock: Callable[[], int],
        run: Run,
        version: Callable[[], Awaitable[int]],
    ) -> None:
        self._partner = partner
        self._day_of = day_of
        self._clock = clock
        self._run = run
        self._version = version

    async def database(self) -> DatabaseFacts:
        """Ask for the versions."""
        started = time.perf_counter()
        with _told_apart():
            version = await self._version()
        return DatabaseFacts(
            version="JSON Lines",
            schema_version=version,
            expected_schema_version=lines.VERSION,
            latency_ms=(time.perf_counter() - started) * 1000,
        )

    async def tenants(self) -> TenantFacts:
        """Count the partners that have users."""
        counts = await self._look(lambda state: dict(state.user_count.of))
        partners = sorted(counts, key=lambda partner: (-counts[partner], partner))
        return TenantFacts(
            partners_found=len(partners),
            partners_sample=tuple(sorted(partners)[:_SAMPLE]),
            storage_partner=self._partner,
            partners_top=tuple(partners[:_SAMPLE]),
        )

    async def users(self) -> UserFacts:
        """Count the users."""
        return UserFacts(records=await self._look(lambda state: state.user_count.of.get(self._partner, 0)))

    async def balances(self, *, now_ms: int) -> BalanceFacts:
        """Count the users' accounts, and tell what the last audit found."""
        return await self._look(lambda state: _balances(state, self._partner, now_ms))

    async def free_limits(self, *, now_ms: int, daily_limit: int) -> FreeLimitFacts:
        """Look at the free generations of the partner's day."""
        day = self._day_of(now_ms)
        return await self._look(lambda state: _free_limits(state, self._partner, day, daily_limit))

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        """Count the attempts."""
        return await self._look(lambda state: _attempts(state, self._partner, now_ms, stale_after_ms))

    async def write_nonce(self, nonce: str) -> None:
        """Commit a scratch row; those that were left behind an hour ago go."""
        at_ms = self._clock()
        await self._run(lambda state: writes.write_nonce(state, nonce, at_ms=at_ms))

    async def read_nonce(self, nonce: str) -> bool:
        """Tell whether the scratch row is there."""
        return await self._look(lambda state: state.nonces.get(nonce) is not None)

    async def delete_nonce(self, nonce: str) -> bool:
        """Delete the scratch row."""
        return await self._run(lambda state: writes.delete_nonce(state, nonce))

    async def _look(self, action: Callable[[State], T]) -> T:
        """Ask; what may pass by itself is told apart from what may not."""
        with _told_apart():
            return await self._run(action)


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Turn a failure that may pass by itself into a TransientError."""
    try:
        yield
    except StorageUnavailable:
        raise
    except StorageError as error:
        raise TransientError(str(error)) from error


def _balances(state: State, partner: str, now_ms: int) -> BalanceFacts:
    """The facts of the section `balances`. No user is below zero: such a row cannot be made."""
    found = state.audits.get(partner)
    audited = found if found is not None else AuditPass(partner=partner)
    return BalanceFacts(
        records=state.account_count.of.get(partner, 0),
        partners=len(state.account_count.of),
        negative=0,
        updated_24h=state.accounts_by_change.count_since(partner, now_ms - _DAY_MS),
        sum_hundredths=state.balance_sum.of.get(partner, 0),
        mismatched=audited.last_mismatched,
        audited_at_ms=audited.last_ended_at_ms,
        sample=audited.last_sample,
    )


def _free_limits(state: State, partner: str, day: str, daily_limit: int) -> FreeLimitFacts:
    """The facts of the section `free_limits`."""
    uses = state.free_uses.of((partner, day))
    over = uses[bisect_left(uses, (daily_limit + 1,)) :]
    return FreeLimitFacts(
        daily_limit=daily_limit,
        records=len(uses),
        partners=sum(bool(state.free_uses.of((one, day))) for one in state.free_day_count.of),
        violations=len(over),
        used_today_min=uses[0][0] if uses else None,
        used_today_max=uses[-1][0] if uses else None,
        sample=tuple(user_id for _, user_id in over[:_SAMPLE]),
    )


def _attempts(state: State, partner: str, now_ms: int, stale_after_ms: int) -> AttemptFacts:
    """The facts of the section `attempts`."""
    pending = [state.attempts_in_state.of((partner, one)) for one in UNSETTLED]
    return AttemptFacts(
        total=state.attempt_count.of.get(partner, 0),
        last_24h=state.attempts_by_age.count_since(partner, now_ms - _DAY_MS),
        duplicate_request_ids=state.shared_jobs.of.get(partner, 0),
        stale_pending=sum(bisect_left(items, (now_ms - stale_after_ms,)) for items in pending),
        unknown=len(state.attempts_in_state.of((partner, AttemptState.UNKNOWN))),
        holds_without_attempt=sum(_is_orphan(state, *hold) for hold in state.open_holds.of if hold[0] == partner),
    )


def _is_orphan(state: State, partner: str, task_id: str) -> bool:
    """Whether nothing will ever end a hold."""
    found = state.attempts.get(partner, task_id)
    return found is None or found.attempt.state not in UNSETTLED
