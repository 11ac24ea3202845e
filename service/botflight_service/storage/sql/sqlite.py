"""The embedded store: one SQLite file, one thread that writes, one that reads."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from botflight_diagnostics.billing_preflight import BillingProbe
from botflight_service.billing import ledger
from botflight_service.billing.money import Amount, positive
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.lock import FileLock, LockHeld
from botflight_service.session import Session
from botflight_service.storage.batches import Action, BatchThread
from botflight_service.storage.feed import Feed
from botflight_service.storage.interface import (
    Balance,
    Mark,
    QueuedMessage,
    QueuedUpdate,
    Receipt,
    StorageUnavailable,
    Work,
)
from botflight_service.storage.sql import audit, money, reads, records, writes
from botflight_service.storage.sql.connection import (
    MEMORY,
    connect,
    explained,
    interruptible,
    reading,
    staying,
    writing,
)
from botflight_service.storage.sql.probe import SqliteProbe
from botflight_service.storage.sql.schema import migrate
from botflight_service.updates.envelope import Envelope

T = TypeVar("T")

_EXPORT_CHUNK = 500


class SqliteStorage:
    """A `Storage` on one file, or in memory for as long as it is open.

    Writes go through one thread, which commits (and syncs) what waits together. Reads go through another, on a
    connection that cannot write, and see every commit that was acknowledged before they began.
    """

    def __init__(self, file: str, *, clock: Callable[[], int]) -> None:
        self._file = file
        self._clock = clock
        self._lock = FileLock(Path(f"{file}.lock")) if file != MEMORY else None
        self._writer = BatchThread("botflight-sqlite-writer", connect=self._connect, transaction=writing(file))
        self._reader = self._writer
        if file != MEMORY:
            self._reader = BatchThread(
                "botflight-sqlite-reader", connect=partial(connect, file, writes=False), transaction=reading(file)
            )

    @property
    def commits(self) -> int:
        """How often was committed so far; works that wait together share one."""
        return self._writer.batches

    async def open(self) -> None:
        """Lock the file, open and migrate it. Raises StorageUnavailable or SchemaTooNew."""
        if self._lock is not None:
            _acquire(self._lock, self._file)
        try:
            await self._writer.start()
            if self._reader is not self._writer:
                await self._reader.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Commit what waits, then let go of the file."""
        if self._reader is not self._writer:
            await self._reader.stop()
        await self._writer.stop()
        if self._lock is not None:
            self._lock.release()

    # -- the inbox

    async def accept(self, envelope: Envelope) -> bool:
        """Keep an update until it is done; False for a repeat."""
        return await self._writer.run(lambda connection: writes.accept(connection, envelope))

    async def undone(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedUpdate]:
        """Updates that are not done, in the order of arrival."""
        return await self._reader.run(lambda connection: reads.undone(connection, partner, after=after, limit=limit))

    # -- the unit of work

    async def commit(self, work: Work) -> Receipt:
        """Make all of the work durable, or none."""
        return await self._writer.run(lambda connection: writes.commit(connection, work))

    # -- reading

    async def session(self, partner: str, user_id: int) -> Session | None:
        """The stored session of a user."""
        return await self._reader.run(lambda connection: reads.session(connection, partner, user_id))

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        return await self._reader.run(lambda connection: reads.balance(connection, partner, user_id))

    async def free_used(self, partner: str, user_id: int, day: str) -> int:
        """How many free generations of a day are taken and not given back."""
        return await self._reader.run(lambda connection: reads.free_used(connection, partner, user_id, day))

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        """One attempt."""
        return await self._reader.run(lambda connection: reads.attempt(connection, partner, task_id))

    async def attempts_in(self, partner: str, states: Sequence[AttemptState], *, limit: int) -> Sequence[Attempt]:
        """Attempts that stand in one of these states, oldest change first."""
        return await self._reader.run(lambda connection: reads.attempts_in(connection, partner, states, limit=limit))

    async def history(self, partner: str, user_id: int, *, offset: int = 0, limit: int) -> Sequence[Attempt]:
        """A user's attempts, newest first."""
        return await self._reader.run(
            lambda connection: reads.history(connection, partner, user_id, offset=offset, limit=limit)
        )

    async def has_user(self, partner: str, user_id: int) -> bool:
        """Whether this user was ever seen."""
        return await self._reader.run(lambda connection: reads.has_user(connection, partner, user_id))

    # -- the outbox

    async def unsent(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedMessage]:
        """Messages that are not sent, in order of their places."""
        return await self._reader.run(lambda connection: reads.unsent(connection, partner, after=after, limit=limit))

    async def mark(self, partner: str, marks: Sequence[Mark]) -> None:
        """Note how messages ended."""
        await self._writer.run(lambda connection: writes.mark(connection, partner, marks))

    # -- the ledger's verbs

    async def charge_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Charge for a task, out of its hold where there is one."""
        parsed, at_ms = positive(amount), self._clock()
        return await self._writer.run(
            lambda connection: money.charge(connection, partner, user_id, parsed, task_id, at_ms=at_ms)
        )

    async def hold_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Set an amount aside for a task."""
        hold = ledger.hold(
            partner=partner, user_id=user_id, amount=positive(amount), task_id=task_id, at_ms=self._clock()
        )
        return await self._writer.run(lambda connection: money.post(connection, partner, hold))

    async def release_hold_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's hold back to the wallet."""
        at_ms = self._clock()
        return await self._writer.run(
            lambda connection: money.release(connection, partner, user_id, task_id, at_ms=at_ms)
        )

    async def credit_balance_once(self, partner: str, user_id: int, amount: Amount, payment_id: str) -> bool:
        """Add an amount to a wallet for a payment."""
        credit = ledger.credit(
            partner=partner, user_id=user_id, amount=positive(amount), payment_id=payment_id, at_ms=self._clock()
        )
        return await self._writer.run(lambda connection: money.post(connection, partner, credit))

    async def refund_charge_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Pay back what was charged for a task."""
        at_ms = self._clock()
        return await self._writer.run(
            lambda connection: money.refund(connection, partner, user_id, task_id, at_ms=at_ms)
        )

    async def consume_free_generation_once(
        self, partner: str, user_id: int, task_id: UUID, *, day: str, daily_limit: int
    ) -> bool:
        """Take a free generation of a day for a task."""
        free = FreeDeduction(
            task_id=task_id, user_id=user_id, day=day, daily_limit=daily_limit, created_at_ms=self._clock()
        )
        return await self._writer.run(lambda connection: money.take_free(connection, partner, free))

    async def restore_free_generation_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's free generation back."""
        at_ms = self._clock()
        return await self._writer.run(
            lambda connection: money.restore_free(connection, partner, task_id, at_ms=at_ms, user_id=user_id)
        )

    # -- looking at it from outside

    def probe(self, partner: str, *, day_of: Callable[[int], str]) -> BillingProbe:
        """What preflight asks."""
        return SqliteProbe(partner, day_of=day_of, clock=self._clock, ask=self._ask, write=self._writer.run)

    async def audit(self, partner: str, *, users: int = 1_000) -> bool:
        """Compare the balances of the next users with their entries; True once a full pass has ended."""
        found = await self._ask(lambda connection: audit.examine(connection, partner, users=users))
        at_ms = self._clock()
        await self._writer.run(lambda connection: audit.note(connection, partner, found, at_ms=at_ms))
        return found.ended

    async def prune(self, partner: str, *, before_ms: int, limit: int = 1_000) -> int:
        """Forget done updates and ended messages from before an instant."""
        return await self._writer.run(
            lambda connection: writes.prune(connection, partner, before_ms=before_ms, limit=limit)
        )

    async def violations(self) -> Sequence[str]:
        """Recompute every invariant; one sentence for each that does not hold."""
        return await self._ask(audit.violations)

    async def export(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every record as of one commit, in an order in which they can be imported."""
        async with self._apart() as run:
            dump = await run(records.dump)
            while chunk := await run(lambda _: list(islice(dump, _EXPORT_CHUNK))):
                for record in chunk:
                    yield record

    async def load(self, incoming: AsyncIterator[Mapping[str, Any]]) -> int:
        """Fill an empty store, all or nothing; the number of records."""
        feed = Feed(incoming)
        try:
            return await self._writer.run(lambda connection: records.load(connection, feed.chunks()))
        finally:
            feed.abandon()

    # -- the connections

    def _connect(self) -> sqlite3.Connection:
        """Open the connection that writes, and bring the schema up to date."""
        connection = connect(self._file, writes=True)
        try:
            with explained(self._file):
                migrate(connection, name=self._file)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _ask(self, action: Action[sqlite3.Connection, T]) -> T:
        """Read on a connection of its own, which neither waits for others nor keeps them waiting."""
        async with self._apart() as run:
            return await run(action)

    @contextlib.asynccontextmanager
    async def _apart(self) -> AsyncIterator[Callable[[Action[sqlite3.Connection, T]], Awaitable[T]]]:
        """Lend a connection that stays at one commit; the store in memory has but one, so everybody waits there."""
        if self._file == MEMORY:
            yield self._writer.run
            return
        thread = BatchThread(
            "botflight-sqlite-apart",
            connect=partial(connect, self._file, writes=False),
            transaction=staying(self._file),
            interrupt=interruptible,
        )
        try:
            await thread.start()
            yield thread.run
        finally:
            thread.abandon()


def _acquire(lock: FileLock, file: str) -> None:
    """Take the lock on a store's file. Raises StorageUnavailable, saying who holds it or what to do."""
    directory = Path(file).parent
    try:
        lock.acquire()
    except LockHeld as held:
        raise StorageUnavailable(
            f"{file} is held by {held.holder}: end it first, a file is for one process at a time"
        ) from held
    except FileNotFoundError as error:
        raise StorageUnavailable(f"{file}: the directory {directory} is missing: create it") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno is not None else str(error)
        raise StorageUnavailable(
            f"{file}: {directory} cannot be written ({reason}): give this user the right to, or free some space"
        ) from error
