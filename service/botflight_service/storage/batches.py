"""A thread that owns a store's connection and runs in one transaction whatever waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from botflight_service.storage.interface import StorageUnavailable


class Closable(Protocol):
    """What a thread owns."""

    def close(self) -> object:
        """Let go of it."""
        ...


T = TypeVar("T")
C = TypeVar("C", bound=Closable)

#: What a caller has done on the connection, on its thread.
Action = Callable[[C], T]


@dataclass(frozen=True, slots=True)
class Returned:
    """What an action gave back."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """How an action failed."""

    error: Exception


Outcome = Returned | Raised
_Settled = Sequence[tuple[asyncio.Future[Any], Outcome]]
#: Runs actions in one transaction; an outcome for each, in order. Raises where the transaction as a whole failed.
Transaction = Callable[[C, Sequence[Action[C, Any]]], Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class _Job(Generic[C]):
    """An action, and who waits for it."""

    action: Action[C, Any]
    future: asyncio.Future[Any]


def _never(_: object, __: Callable[[], bool]) -> None:
    """Let what runs run to its end."""


class BatchThread(Generic[C]):
    """Runs actions on a thread of its own: all that wait share a transaction, and so share its fsync.

    A caller that is cancelled does not learn what became of its action, which runs nevertheless. A loop that is
    closed loses the answers, not the thread. At most `max_waiting` actions are taken in, further callers wait.
    `interrupt` prepares a connection to end what it runs as soon as what it is given says so.
    """

    def __init__(
        self,
        name: str,
        *,
        connect: Callable[[], C],
        transaction: Transaction[C],
        interrupt: Callable[[C, Callable[[], bool]], object] = _never,
        max_batch: int = 256,
        max_waiting: int = 4096,
    ) -> None:
        self._name = name
        self._connect = connect
        self._transaction = transaction
        self._interrupt = interrupt
        self._max_batch = max_batch
        self._queue: SimpleQueue[_Job[C] | None] = SimpleQueue()
        self._room = asyncio.Semaphore(max_waiting)
        self._thread: threading.Thread | None = None
        self._open = False
        self._abandoned = False
        self._ended: asyncio.Future[None] | None = None
        #: How many transactions were run so far.
        self.batches = 0

    async def start(self) -> None:
        """Start the thread and connect. Raises what `connect` raises."""
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._thread = threading.Thread(target=self._live, args=(started,), name=self._name, daemon=True)
        self._ended = None
        self._thread.start()
        try:
            await started
        except asyncio.CancelledError:
            self.abandon()
            raise
        self._open = True

    async def stop(self) -> None:
        """Run what waits, then disconnect and end the thread."""
        if self._open:
            self._open = False
            self._ended = asyncio.get_running_loop().create_future()
            self._queue.put(None)
        if self._ended is not None and self._thread is not None:
            await asyncio.shield(self._ended)
            self._thread.join()

    def abandon(self) -> None:
        """Interrupt what runs and end the thread, without waiting for it."""
        self._open = False
        self._abandoned = True
        self._queue.put(None)

    async def run(self, action: Action[C, T]) -> T:
        """Run an action; return or raise what it does once its transaction has ended."""
        await self._room.acquire()
        if not self._open:
            self._room.release()
            raise StorageUnavailable("the store is closed: open it before use")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(action, future))
        return await future

    def _live(self, started: asyncio.Future[None]) -> None:
        """The thread: connect, run batches until told to stop, disconnect."""
        try:
            connection = self._connect()
        except Exception as error:  # noqa: BLE001 - whoever starts the thread gets it, whatever it is
            _tell(_settle, [(started, Raised(error))])
            return
        _tell(_settle, [(started, Returned(None))])
        self._interrupt(connection, lambda: self._abandoned)
        stopping = False
        while not stopping:
            jobs, stopping = self._take()
            if jobs:
                self._run_batch(connection, jobs)
        connection.close()
        if self._ended is not None:
            _tell(_settle, [(self._ended, Returned(None))])

    def _take(self) -> tuple[list[_Job[C]], bool]:
        """Wait for a job, take all that wait beside it, and tell whether to stop after them."""
        jobs: list[_Job[C]] = []
        while not jobs or (len(jobs) < self._max_batch and not self._queue.empty()):
            job = self._queue.get()
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _run_batch(self, connection: C, jobs: Sequence[_Job[C]]) -> None:
        """Run jobs in one transaction, and tell each how it went."""
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._transaction(connection, [job.action for job in jobs])
        except Exception as error:  # noqa: BLE001 - those who wait get it; the thread must live on
            outcomes = [Raised(error)] * len(jobs)
        self.batches += 1
        _tell(self._deliver, [(job.future, outcome) for job, outcome in zip(jobs, outcomes, strict=True)])

    def _deliver(self, settled: _Settled) -> None:
        """On the loop: make room for as many, and tell those who still wait."""
        for _ in settled:
            self._room.release()
        _settle(settled)


def _tell(deliver: Callable[[_Settled], None], settled: _Settled) -> None:
    """Hand outcomes over to their loops, in one call each. A loop that is closed has nobody left who waits."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Outcome]]] = {}
    for one in settled:
        by_loop.setdefault(one[0].get_loop(), []).append(one)
    for loop, theirs in by_loop.items():
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, theirs)


def _settle(settled: _Settled) -> None:
    """Give each future its outcome, unless its caller went away."""
    for future, outcome in settled:
        if future.done():
            continue
        if isinstance(outcome, Raised):
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)
