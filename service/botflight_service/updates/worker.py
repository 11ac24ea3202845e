"""Takes durable updates to their end: lanes, tries, and the one line that says what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from botflight_diagnostics.telemetry import Telemetry, correlation
from botflight_diagnostics.telemetry.traces import TraceContext
from botflight_service.storage.interface import Done, Storage, StorageError, Work
from botflight_service.updates import processing
from botflight_service.updates.deadlines import Deadlines
from botflight_service.updates.envelope import PAYMENT_KINDS, Envelope
from botflight_service.updates.lanes import Lanes
from botflight_service.updates.ownership import Ownership

#: Updates in hand at once.
MAX_ACTIVE = 64
#: Payment queries in hand at once, beside all others: slow updates must not take their ten seconds.
MAX_PAYMENT_QUERIES = 32
#: Updates that may wait in memory; beyond, Telegram is asked to come again.
MAX_WAITING = 10_000
#: A handler that takes longer is cut off: its user gets an apology.
HANDLER_LIMIT_S = 60.0
#: One more try than the first: what fails twice fails for a reason.
MAX_TRIES = 2
#: Waits between tries while the store fails; the last repeats until it works or the service stops.
STORE_BACKOFF_S = (0.1, 0.5, 2.0, 5.0, 15.0)
#: A payment query that is not answered by then is void at Telegram's end.
PAYMENT_ANSWER_LIMIT_MS = 10_000
#: Updates of a lane that are read from the store at a time.
REFILL_PAGE = 100


class Dispatcher(Protocol):
    """The bot, as the worker sees it."""

    async def dispatch(self, envelope: Envelope) -> None:
        """Handle an update and commit what it causes; the outcome goes to the processing cell."""
        ...

    async def apologise(self, envelope: Envelope) -> None:
        """Tell the user that their update failed and mark it as done, in one commit."""
        ...


class NoOutcome(RuntimeError):
    """No handler took the update, or one returned without an outcome: a defect."""


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """An update on its way, with the span that brought it here."""

    envelope: Envelope
    parent: TraceContext | None = None
    replayed: bool = False
    #: See `Processing.kept`.
    kept: asyncio.Future[bool] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Refill:
    """A look into the store, in its turn: what waits there of a lane and is not in hand comes next."""

    lane: str
    asked_at_ms: int


class _Arrival:
    """An update between the store and `put`, which Telegram may deliver several times at once."""

    __slots__ = ("_arriving", "_deliveries", "_update_id", "taken_up")

    def __init__(self, arriving: dict[int, _Arrival], update_id: int) -> None:
        self._arriving = arriving
        self._update_id = update_id
        self._deliveries = 0
        #: A look into the store has found it, and put it in its place.
        self.taken_up = False

    def __enter__(self) -> None:
        self._arriving[self._update_id] = self
        self._deliveries += 1

    def __exit__(self, *_: object) -> None:
        self._deliveries -= 1
        if not self._deliveries:
            del self._arriving[self._update_id]


class Worker:
    """Processes updates: one after the other within a lane, lanes side by side."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        storage: Storage,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        ownership: Ownership | None = None,
        user_ref: Callable[[Envelope], str | None] = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        handler_limit_s: float = HANDLER_LIMIT_S,
    ) -> None:
        self._dispatcher = dispatcher
        self._storage = storage
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("updates")
        self._clock_ms = clock_ms
        self._user_ref = user_ref
        self._sleep = sleep
        self._ownership = ownership
        self._lanes: Lanes[_Task | _Refill] = Lanes(self._run, limit=MAX_ACTIVE)
        self._payment_queries: Lanes[_Task | _Refill] = Lanes(self._run, limit=MAX_PAYMENT_QUERIES)
        self._deadlines = Deadlines(handler_limit_s)
        self._arriving: dict[int, _Arrival] = {}
        self._started = asyncio.Event()

    def start(self) -> None:
        """Begin to process. What was put before keeps its place in front of what comes now."""
        self._started.set()

    @property
    def full(self) -> bool:
        """Whether too much waits already to take more."""
        return self.unfinished >= MAX_WAITING

    @property
    def unfinished(self) -> int:
        """Updates that are waiting or in hand."""
        return self._lanes.unfinished + self._payment_queries.unfinished

    @property
    def lanes(self) -> int:
        """Lanes with something to do."""
        return self._lanes.lanes + self._payment_queries.lanes

    def oldest_ms(self) -> int:
        """How long ago the oldest update that is not done was received; 0 where there is none."""
        received = (
            task.envelope.received_at_ms if isinstance(task, _Task) else task.asked_at_ms
            for task in (*self._lanes.heads(), *self._payment_queries.heads())
        )
        return self._clock_ms() - min(received, default=self._clock_ms())

    def put(
        self,
        envelope: Envelope,
        *,
        parent: TraceContext | None = None,
        replayed: bool = False,
        kept: asyncio.Future[bool] | None = None,
    ) -> None:
        """Take on an update that is durable already, or that will be once `kept` says so."""
        arrival = self._arriving.get(envelope.update_id)
        if arrival is not None and arrival.taken_up:
            return
        lanes = self._payment_queries if envelope.kind in PAYMENT_KINDS else self._lanes
        lanes.put(envelope.lane, _Task(envelope, parent, replayed, kept))

    def arriving(self, envelope: Envelope) -> AbstractContextManager[None]:
        """Let an update become durable and be `put`; should a look into the store find it first, that takes it up."""
        return self._arriving.get(envelope.update_id) or _Arrival(self._arriving, envelope.update_id)

    def busy(self, lane: str) -> bool:
        """Whether anything of a lane is in hand."""
        return self._lanes.busy(lane)

    def refill(self, lane: str) -> None:
        """Take up the updates of a lane that wait in the store."""
        self._lanes.put(lane, _Refill(lane, self._clock_ms()))

    def drop(self, lane: str) -> None:
        """Let go of a lane. What is in hand ends: the store lets it count once, whoever was faster."""
        self._lanes.drop(lane)

    async def idle(self) -> None:
        """Wait until every update in hand has ended."""
        while self.unfinished:
            await self._lanes.idle()
            await self._payment_queries.idle()

    async def stop(self, *, within_s: float) -> int:
        """Finish within a deadline. What is cut off stays undone and is replayed at the next start."""
        return sum(
            await asyncio.gather(self._lanes.stop(within_s=within_s), self._payment_queries.stop(within_s=within_s))
        )

    async def _run(self, task: _Task | _Refill) -> None:
        await self._started.wait()
        lane = task.lane if isinstance(task, _Refill) else task.envelope.lane
        # A payment query is answered by whoever hears it: there is nothing to keep in order.
        is_query = isinstance(task, _Task) and task.envelope.kind in PAYMENT_KINDS
        if self._ownership is not None and not is_query and not self._ownership.holds(lane):
            return
        if isinstance(task, _Task):
            await self._process(task)
        elif self._ownership is not None:
            await self._read_on(lane, self._ownership)

    async def _read_on(self, lane: str, ownership: Ownership) -> None:
        """Let what waits of a lane be next, in the order of arrival. It is this look's turn: nothing ends meanwhile."""
        failures = 0
        while True:
            try:
                found = await ownership.undone(lane, limit=REFILL_PAGE)
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
                await self._sleep(STORE_BACKOFF_S[min(failures, len(STORE_BACKOFF_S) - 1)])
                failures += 1
                continue
            waiting = self._lanes.of(lane)
            known = {task.envelope.update_id: task for task in waiting if isinstance(task, _Task)}
            first = [self._known_or_new(known, queued.envelope) for queued in found]
            self._lanes.follow(lane, [*first, *(task for task in waiting if task not in first)])
            if len(found) == REFILL_PAGE:
                self.refill(lane)
            return

    def _known_or_new(self, known: Mapping[int, _Task], envelope: Envelope) -> _Task:
        """The task that an update has, or a new one."""
        task = known.get(envelope.update_id)
        if task is not None:
            return task
        arrival = self._arriving.get(envelope.update_id)
        if arrival is not None:
            arrival.taken_up = True
            return _Task(envelope)
        self._log.info(
            "UPDATE_REPLAYED",
            update_id=envelope.update_id,
            update_type=envelope.kind,
            correlation_id=str(envelope.correlation_id),
        )
        return _Task(envelope, replayed=True)

    async def _process(self, task: _Task) -> None:
        envelope = task.envelope
        ids = correlation.Correlation(
            correlation_id=envelope.correlation_id,
            update_id=envelope.update_id,
            update_type=envelope.kind,
            tenant_ref=correlation.mask(envelope.partner),
            user_ref=self._user_ref(envelope),
        )
        with (
            correlation.bind(ids),
            self._telemetry.tracer.root(
                f"process {envelope.kind}",
                kind="consumer",
                attributes={
                    "messaging.system": "telegram",
                    "messaging.operation.type": "process",
                    "botflight.update_id": envelope.update_id,
                },
                parent=task.parent,
            ) as span,
        ):
            cell = await self._settle(task)
            outcome = cell.outcome or "UNDONE"
            if cell.error is not None:
                span.fail(type(cell.error).__name__)
            self._telemetry.update_finished(
                envelope.kind,
                outcome,
                handler=cell.handler,
                duration_ms=span.duration_ms,
                lag_ms=cell.lag_ms,
                error_type=type(cell.error).__name__ if cell.error is not None else None,
            )

    async def _settle(self, task: _Task) -> processing.Processing:
        """Try until the update is done; an update that fails for good ends with an apology."""
        envelope = task.envelope
        if task.replayed and self._expired(envelope):
            return await self._expire(envelope)
        store_failures = tries = 0
        while True:
            with processing.Processing(envelope, task.kept) as cell:
                await self._try(envelope, cell)
            if cell.outcome is not None:
                return cell
            if isinstance(cell.error, StorageError):
                await self._sleep(STORE_BACKOFF_S[min(store_failures, len(STORE_BACKOFF_S) - 1)])
                store_failures += 1
                continue
            tries += 1
            if tries >= MAX_TRIES and await self._give_up(envelope, cell):
                return cell

    async def _try(self, envelope: Envelope, cell: processing.Processing) -> None:
        try:
            with self._deadlines.one():
                await self._dispatcher.dispatch(envelope)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below and the update is not lost
            cell.error = error
        if cell.outcome is None and cell.error is None:
            cell.error = NoOutcome("no handler said what came of the update")
        if cell.error is not None and cell.outcome is None:
            self._log.error("HANDLER_FAILED", handler=cell.handler, exc_info=cell.error)

    async def _give_up(self, envelope: Envelope, cell: processing.Processing) -> bool:
        """Apologise. False where the store fails at that too: then all is tried again."""
        try:
            if await _is_kept(cell):
                await self._apologise(envelope)
        except StorageError as error:
            self._log.error("HANDLER_FAILED", handler="apologise", exc_info=error)
            await self._sleep(STORE_BACKOFF_S[0])
            return False
        cell.outcome = "FAILED"
        return True

    async def _apologise(self, envelope: Envelope) -> None:
        """Apologise, or without a word where a defect keeps even that: undone it would fail again at every start."""
        try:
            await self._dispatcher.apologise(envelope)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the update is not to come again
            self._log.error("HANDLER_FAILED", handler="apologise", exc_info=error)
            await self._end(envelope, "FAILED")

    def _expired(self, envelope: Envelope) -> bool:
        return envelope.kind in PAYMENT_KINDS and self._clock_ms() - envelope.received_at_ms > PAYMENT_ANSWER_LIMIT_MS

    async def _expire(self, envelope: Envelope) -> processing.Processing:
        await self._end(envelope, "EXPIRED")
        return processing.Processing(envelope, outcome="EXPIRED")

    async def _end(self, envelope: Envelope, outcome: str) -> None:
        """Mark an update as done. Raises StorageError."""
        done = Done(update_id=envelope.update_id, outcome=outcome)
        await self._storage.commit(Work(partner=envelope.partner, at_ms=self._clock_ms(), done=done))


async def _is_kept(cell: processing.Processing) -> bool:
    """Wait until an update that was worked on meanwhile is stored; False where it was not, and comes again."""
    if cell.kept is not None:
        try:
            await asyncio.shield(cell.kept)
        except StorageError:
            return False
    return True
