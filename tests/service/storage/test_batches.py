from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest

from botflight_service.storage.batches import Action, BatchThread, Outcome
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.sql.connection import MEMORY, connect, interruptible, writing


def insert(number: int, connection: sqlite3.Connection) -> int:
    connection.execute("INSERT INTO numbers VALUES (?)", (number,))
    return number


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number")]


def connect_to_numbers() -> sqlite3.Connection:
    connection = connect(MEMORY, writes=True)
    connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    return connection


class Busy:
    """An action that keeps a thread busy until it is told to end; whatever comes meanwhile waits."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._over = threading.Event()
        self._task: asyncio.Task[None]

    @classmethod
    async def keep(cls, thread: BatchThread[sqlite3.Connection]) -> Busy:
        """Come back once the thread has begun."""
        busy = cls()
        busy._task = asyncio.create_task(thread.run(busy._run))
        await asyncio.to_thread(busy._begun.wait, 5)
        return busy

    async def end(self) -> None:
        """Let the thread go on."""
        self._over.set()
        await self._task

    def _run(self, _: sqlite3.Connection) -> None:
        self._begun.set()
        self._over.wait(5)


@pytest.fixture
async def thread() -> AsyncIterator[BatchThread[sqlite3.Connection]]:
    started = BatchThread("numbers", connect=connect_to_numbers, transaction=writing(MEMORY), interrupt=interruptible)
    await started.start()
    yield started
    await started.stop()


async def test_what_waits_together_is_one_transaction(thread: BatchThread[sqlite3.Connection]) -> None:
    """While one action keeps the thread busy, those that come share the next transaction."""
    busy = await Busy.keep(thread)
    others = [asyncio.create_task(thread.run(partial(insert, number))) for number in range(64)]
    await asyncio.sleep(0)

    await busy.end()

    assert await asyncio.gather(*others) == list(range(64))
    assert thread.batches == 2


async def test_a_failed_action_undoes_itself_alone(thread: BatchThread[sqlite3.Connection]) -> None:
    """Of those that share a transaction, the one that fails leaves nothing, the others stay."""

    def half(connection: sqlite3.Connection) -> None:
        insert(7, connection)
        raise LookupError("half way")

    one, failed, other = await asyncio.gather(
        thread.run(partial(insert, 1)), thread.run(half), thread.run(partial(insert, 2)), return_exceptions=True
    )

    assert (one, other) == (1, 2)
    assert isinstance(failed, LookupError)
    assert await thread.run(numbers) == [1, 2]


async def test_a_failed_commit_fails_all_who_shared_it() -> None:
    """Where the transaction as a whole is lost, nobody is told that it was kept, and the thread lives on."""
    fail = [True]

    def transaction(
        connection: sqlite3.Connection, actions: Sequence[Action[sqlite3.Connection, Any]]
    ) -> Sequence[Outcome]:
        outcomes = writing(MEMORY)(connection, actions)
        if fail[0]:
            raise StorageError("the disk is gone")
        return outcomes

    thread = BatchThread("numbers", connect=connect_to_numbers, transaction=transaction)
    await thread.start()

    outcomes = await asyncio.gather(
        *(thread.run(partial(insert, number)) for number in range(3)), return_exceptions=True
    )
    fail[0] = False

    assert all(isinstance(outcome, StorageError) for outcome in outcomes)
    assert await thread.run(partial(insert, 9)) == 9
    await thread.stop()


async def test_a_transaction_that_sqlite_gives_up_keeps_nothing(thread: BatchThread[sqlite3.Connection]) -> None:
    """As on a full disk: SQLite undoes everything by itself, and every caller of the batch learns it."""

    def give_up(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    busy = await Busy.keep(thread)
    batch = [asyncio.create_task(thread.run(action)) for action in (partial(insert, 1), give_up, partial(insert, 2))]
    await asyncio.sleep(0)
    await busy.end()

    outcomes = await asyncio.gather(*batch, return_exceptions=True)

    assert all(isinstance(outcome, StorageError) for outcome in outcomes)
    assert await thread.run(numbers) == []


async def test_a_cancelled_caller_leaves_the_thread_and_the_others(thread: BatchThread[sqlite3.Connection]) -> None:
    """An action whose caller went away runs nevertheless, and nobody else notices."""
    busy = await Busy.keep(thread)
    gone = asyncio.create_task(thread.run(partial(insert, 1)))
    stays = asyncio.create_task(thread.run(partial(insert, 2)))
    await asyncio.sleep(0)

    gone.cancel()
    await asyncio.sleep(0)
    await busy.end()

    assert await stays == 2
    assert gone.cancelled()
    assert await thread.run(numbers) == [1, 2]


async def test_no_more_wait_than_there_is_room_for() -> None:
    """Callers beyond the bound wait their turn outside; all of them get it."""
    thread = BatchThread("numbers", connect=connect_to_numbers, transaction=writing(MEMORY), max_batch=2, max_waiting=4)
    await thread.start()
    busy = await Busy.keep(thread)
    callers = [asyncio.create_task(thread.run(partial(insert, number))) for number in range(20)]
    await asyncio.sleep(0)

    waiting = thread._queue.qsize()
    await busy.end()

    assert waiting <= 4
    assert await asyncio.gather(*callers) == list(range(20))
    assert thread.batches >= 10
    await thread.stop()


async def test_stopping_runs_what_waits(thread: BatchThread[sqlite3.Connection]) -> None:
    """What was handed over before the stop is committed; what comes after is refused."""
    callers = [asyncio.create_task(thread.run(partial(insert, number))) for number in range(5)]
    await asyncio.sleep(0)

    await thread.stop()

    assert await asyncio.gather(*callers) == list(range(5))
    with pytest.raises(StorageUnavailable):
        await thread.run(numbers)


def test_a_loop_that_ended_does_not_take_the_thread_with_it() -> None:
    """A loop that is closed without stopping the thread loses its answers; the next loop is served."""
    gate = threading.Event()
    thread = BatchThread("numbers", connect=connect_to_numbers, transaction=writing(MEMORY))

    async def begin() -> None:
        await thread.start()
        left_behind = asyncio.create_task(thread.run(lambda _: gate.wait(5)))
        await asyncio.sleep(0)
        left_behind.cancel()

    async def go_on() -> int:
        try:
            return await thread.run(partial(insert, 3))
        finally:
            await thread.stop()

    asyncio.run(begin())
    gate.set()

    assert asyncio.run(go_on()) == 3


async def test_a_connection_that_fails_is_told_to_who_starts() -> None:
    """The error of connecting reaches the caller of `start`, and stopping finds nothing to stop."""

    def refuse() -> sqlite3.Connection:
        raise StorageUnavailable("no such disk")

    thread = BatchThread("numbers", connect=refuse, transaction=writing(MEMORY))

    with pytest.raises(StorageUnavailable, match="no such disk"):
        await thread.start()
    await thread.stop()


async def test_a_question_that_is_given_up_is_interrupted(thread: BatchThread[sqlite3.Connection]) -> None:
    """Abandoning a thread ends a query that would have run for ages."""
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    begun = threading.Event()

    def count(connection: sqlite3.Connection) -> None:
        begun.set()
        connection.execute(endless).fetchone()

    asking = asyncio.create_task(thread.run(count))
    await asyncio.to_thread(begun.wait, 5)

    thread.abandon()

    with pytest.raises(StorageError, match="interrupted"):
        await asking


async def test_those_before_and_after_a_failure_count_once(thread: BatchThread[sqlite3.Connection]) -> None:
    """The batch of one that fails is undone and run anew without it, in order, and nothing is there twice."""

    def refuse(connection: sqlite3.Connection) -> None:
        insert(99, connection)
        raise LookupError("refused")

    busy = await Busy.keep(thread)
    actions = [partial(insert, 1), partial(insert, 2), refuse, partial(insert, 3), refuse, partial(insert, 4)]
    batch = [asyncio.create_task(thread.run(action)) for action in actions]
    await asyncio.sleep(0)
    await busy.end()

    outcomes = await asyncio.gather(*batch, return_exceptions=True)

    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [1, 2, 3, 4]
    assert [type(outcome) for outcome in outcomes].count(LookupError) == 2
    assert await thread.run(numbers) == [1, 2, 3, 4]
