"""The readable store: plain dictionaries, a journal of JSON Lines, and one thread that owns both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import orjson

from botflight_diagnostics.billing_probe import BillingProbe
from botflight_diagnostics.report import Mute
from botflight_service.admin_action import AdminAction
from botflight_service.billing import ledger
from botflight_service.billing.money import Amount, positive
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.lock import FileLock
from botflight_service.memo import Memo
from botflight_service.session import Session
from botflight_service.storage.batches import BatchThread
from botflight_service.storage.feed import Feed
from botflight_service.storage.interface import (
    Balance,
    House,
    Known,
    Mark,
    QueuedMessage,
    QueuedUpdate,
    Receipt,
    Work,
)
from botflight_service.storage.json_store import audit, money, reads, records, writes
from botflight_service.storage.json_store.book import COMPACT_BYTES, Book, explained
from botflight_service.storage.json_store.folder import DiskFolder, Folder, make_folder
from botflight_service.storage.json_store.probe import JsonProbe
from botflight_service.storage.json_store.state import State
from botflight_service.storage.locking import acquire, nothing_there
from botflight_service.updates.envelope import Envelope

T = TypeVar("T")

_EXPORT_CHUNK = 500
_LOCK = "lock"


class JsonStorage:
    """A `Storage` in a folder. All of it is in memory, so it is for thousands of users, not for millions.

    One thread reads and writes: what waits together shares one fsync, and what is read was durable by the time that
    its reader learns of it.
    """

    system = "json"

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], int],
        folder: Folder | None = None,
        compact_bytes: int = COMPACT_BYTES,
    ) -> None:
        """Make the store of a path. `folder` stands in for the disk; `clock` tells ms since 1970 (UTC)."""
        self._path = path
        self._clock = clock
        self._folder = folder
        self._compact_bytes = compact_bytes
        self._migrates = True
        self._lock = FileLock(path / _LOCK)
        self._thread = BatchThread(f"botflight-json {path.name}", connect=self._read, transaction=Book.run)

    @property
    def commits(self) -> int:
        """How often was something written, or read, so far; what waits together shares one time."""
        return self._thread.batches

    async def open(self, *, migrate: bool = True) -> None:
        """Lock the folder and read it. Raises StorageUnavailable or SchemaTooNew."""
        self._migrates = migrate
        if self._folder is None:
            await asyncio.to_thread(self._make_folder if migrate else self._lock_folder)
        try:
            await self._thread.start()
        except BaseException:
            self._lock.release()
            raise

    async def close(self) -> None:
        """Make durable what waits, then let go of the folder."""
        await self._thread.stop()
        self._lock.release()

    # -- the inbox

    async def accept(self, envelope: Envelope) -> bool:
        """Keep an update until it is done; False for a repeat."""
        return await self._run(lambda state: writes.accept(state, envelope))

    async def undone(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedUpdate]:
        """Updates that are not done, in the order of arrival."""
        return await self._run(lambda state: reads.undone(state, partner, after=after, limit=limit))

    # -- the unit of work

    async def commit(self, work: Work) -> Receipt:
        """Make all of the work durable, or none."""
        return await self._run(lambda state: writes.commit(state, work))

    # -- reading

    async def session(self, partner: str, user_id: int) -> Session | None:
        """The stored session of a user."""
        return await self._run(lambda state: reads.session(state, partner, user_id))

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        return await self._run(lambda state: reads.balance(state, partner, user_id))

    async def free_used(self, partner: str, user_id: int, day: str) -> int:
        """How many free generations of a day are taken and not given back."""
        return await self._run(lambda state: reads.free_used(state, partner, user_id, day))

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        """One attempt."""
        return await self._run(lambda state: reads.attempt(state, partner, task_id))

    async def attempts_in(self, partner: str, states: Sequence[AttemptState], *, limit: int) -> Sequence[Attempt]:
        """Attempts that stand in one of these states, oldest change first."""
        return await self._run(lambda state: reads.attempts_in(state, partner, states, limit=limit))

    async def history(self, partner: str, user_id: int, *, offset: int = 0, limit: int) -> Sequence[Attempt]:
        """A user's attempts, newest first."""
        return await self._run(lambda state: reads.history(state, partner, user_id, offset=offset, limit=limit))

    async def has_user(self, partner: str, user_id: int) -> bool:
        """Whether this user was ever seen."""
        return await self._run(lambda state: reads.has_user(state, partner, user_id))

    async def user(self, partner: str, user_id: int) -> Known | None:
        """What is known of a user as such."""
        return await self._run(lambda state: reads.user(state, partner, user_id))

    async def reachable(self, partner: str, *, after: int = 0, limit: int) -> Sequence[int]:
        """Ids of users who have not blocked the bot, in order."""
        return await self._run(lambda state: reads.reachable(state, partner, after=after, limit=limit))

    async def attempts_of(self, partner: str, correlation_id: UUID, *, limit: int) -> Sequence[Attempt]:
        """Attempts that began with one update, oldest first."""
        return await self._run(lambda state: reads.attempts_of(state, partner, correlation_id, limit=limit))

    # -- payments, and what the service and its administrators remember

    async def payment(self, partner: str, charge_id: str) -> Payment | None:
        """One payment."""
        return await self._run(lambda state: reads.payment(state, partner, charge_id))

    async def payments_of(self, partner: str, user_id: int, *, limit: int) -> Sequence[Payment]:
        """A user's payments, newest first."""
        return await self._run(lambda state: reads.payments_of(state, partner, user_id, limit=limit))

    async def payments_in(self, partner: str, state: PaymentState, *, limit: int) -> Sequence[Payment]:
        """Payments that stand in a state, oldest change first."""
        return await self._run(lambda stored: reads.payments_in(stored, partner, state, limit=limit))

    async def house(self, partner: str) -> House:
        """What the house's own accounts hold."""
        return await self._run(lambda state: reads.house(state, partner))

    async def memo(self, partner: str, name: str) -> Memo:
        """A memo; version 0 and empty where there is none."""
        return await self._run(lambda state: reads.memo(state, partner, name))

    async def actions(self, partner: str, *, limit: int) -> Sequence[AdminAction]:
        """What administrators did, newest first."""
        return await self._run(lambda state: reads.actions(state, partner, limit=limit))

    # -- the outbox

    async def unsent(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedMessage]:
        """Messages that are not sent, in order of their places."""
        return await self._run(lambda state: reads.unsent(state, partner, after=after, limit=limit))

    async def mark(self, partner: str, marks: Sequence[Mark]) -> None:
        """Note how messages ended."""
        await self._run(lambda state: writes.mark(state, partner, marks))

    # -- the ledger's verbs

    async def charge_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Charge for a task, out of its hold where there is one."""
        parsed, at_ms = positive(amount), self._clock()
        return await self._run(lambda state: money.charge(state, partner, user_id, parsed, task_id, at_ms=at_ms))

    async def hold_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Set an amount aside for a task."""
        hold = ledger.hold(
            partner=partner, user_id=user_id, amount=positive(amount), task_id=task_id, at_ms=self._clock()
        )
        return await self._run(lambda state: money.post(state, partner, hold))

    async def release_hold_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's hold back to the wallet."""
        at_ms = self._clock()
        return await self._run(lambda state: money.release(state, partner, user_id, task_id, at_ms=at_ms))

    async def credit_balance_once(self, partner: str, user_id: int, amount: Amount, payment_id: str) -> bool:
        """Add an amount to a wallet for a payment."""
        credit = ledger.credit(
            partner=partner, user_id=user_id, amount=positive(amount), payment_id=payment_id, at_ms=self._clock()
        )
        return await self._run(lambda state: money.post(state, partner, credit))

    async def refund_charge_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Pay back what was charged for a task."""
        at_ms = self._clock()
        return await self._run(lambda state: money.refund(state, partner, user_id, task_id, at_ms=at_ms))

    async def consume_free_generation_once(
        self, partner: str, user_id: int, task_id: UUID, *, day: str, daily_limit: int
    ) -> bool:
        """Take a free generation of a day for a task."""
        free = FreeDeduction(
            task_id=task_id, user_id=user_id, day=day, daily_limit=daily_limit, created_at_ms=self._clock()
        )
        return await self._run(lambda state: money.take_free(state, partner, free))

    async def restore_free_generation_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's free generation back."""
        at_ms = self._clock()
        return await self._run(lambda state: money.restore_free(state, partner, task_id, at_ms=at_ms, user_id=user_id))

    # -- looking at it from outside

    def probe(self, partner: str, *, day_of: Callable[[int], str]) -> BillingProbe:
        """What preflight asks."""
        return JsonProbe(partner, day_of=day_of, clock=self._clock, run=self._run, version=self._version)

    async def mutes(self, partner: str) -> Sequence[Mute]:
        """The findings that do not count for a while."""
        return await self._run(lambda state: reads.mutes(state, partner))

    async def keep_mute(self, partner: str, mute: Mute) -> None:
        """Keep a mute."""
        await self._run(lambda state: writes.keep_mute(state, partner, mute))

    async def drop_mute(self, partner: str, code: str) -> bool:
        """Forget a mute."""
        return await self._run(lambda state: writes.drop_mute(state, partner, code))

    async def audit(self, partner: str, *, users: int = 1_000) -> bool:
        """Compare the balances of the next users with their entries; True once a full pass has ended."""
        at_ms = self._clock()
        return await self._run(lambda state: audit.step(state, partner, users=users, at_ms=at_ms))

    async def prune(self, partner: str, *, before_ms: int, limit: int = 1_000) -> int:
        """Forget done updates and ended messages from before an instant."""
        return await self._run(lambda state: writes.prune(state, partner, before_ms=before_ms, limit=limit))

    async def violations(self) -> Sequence[str]:
        """Recompute every invariant; one sentence for each that does not hold."""
        return await self._run(audit.violations)

    async def export(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every record as of one commit, in an order in which they can be imported."""
        tables = await self._run(records.frozen)
        dump = records.dump(tables, chunk=_EXPORT_CHUNK)
        while chunk := await asyncio.to_thread(next, dump, None):
            for record in orjson.loads(chunk):
                yield record

    async def load(self, incoming: AsyncIterator[Mapping[str, Any]]) -> int:
        """Fill an empty store, all or nothing; the number of records."""
        feed = Feed(incoming)
        try:
            return await self._run(lambda state: records.load(state, feed.chunks()))
        finally:
            feed.abandon()

    # -- the thread

    async def _version(self) -> int:
        return await self._thread.run(lambda book: book.version)

    async def _run(self, action: Callable[[State], T]) -> T:
        return await self._thread.run(lambda book: action(book.state))

    def _make_folder(self) -> None:
        """Make the folder and lock it."""
        with explained(str(self._path)):
            make_folder(self._path)
        acquire(self._lock, str(self._path))

    def _lock_folder(self) -> None:
        """Lock the folder, which is there."""
        if not self._path.is_dir():
            raise nothing_there(str(self._path))
        acquire(self._lock, str(self._path))

    def _read(self) -> Book:
        folder = self._folder if self._folder is not None else DiskFolder(self._path)
        return Book(folder, compact_bytes=self._compact_bytes, migrate=self._migrates)
