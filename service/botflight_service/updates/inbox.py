"""Where updates come in: durable first, then acknowledged, then processed; a repeat goes no further."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from typing import Protocol

import orjson

from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.telemetry.correlation import correlation_id_of
from botflight_diagnostics.telemetry.traces import current_span
from botflight_service.storage.interface import Storage
from botflight_service.storage.sharing import Kind
from botflight_service.updates.envelope import PAYMENT_KINDS, Envelope, InvalidUpdate, kind_of, lane_of, update_id_of
from botflight_service.updates.ownership import Ownership
from botflight_service.updates.worker import Worker

#: Undone updates read at a time when they are replayed.
REPLAY_PAGE = 500
#: Payment queries that are known to be repeats without the store.
QUERIES_REMEMBERED = 1_000


class Taken(Enum):
    """What became of an update at the door."""

    NEW = "new"
    REPEAT = "repeat"


class Expectations(Protocol):
    """Whoever sees to it that a tap is answered in time, also while it is being stored."""

    def expect(self, envelope: Envelope) -> bool:
        """Begin to wait for the answer to a tap; False where it is waited for already, or is none."""
        ...

    def forget(self, update_id: int) -> bool:
        """Wait no longer."""
        ...


class InboxFull(Exception):
    """So much waits that no more is taken for now: Telegram keeps it and comes again."""


class Inbox:
    """The one way in for updates, however they travelled."""

    def __init__(
        self,
        *,
        partner: str,
        bot_id: int,
        storage: Storage,
        worker: Worker,
        ownership: Ownership,
        taps: Expectations,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
    ) -> None:
        self._partner = partner
        self._bot_id = bot_id
        self._storage = storage
        self._worker = worker
        self._ownership = ownership
        self._taps = taps
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("inbox")
        self._clock_ms = clock_ms
        #: How many updates of each lane are between the door and the worker.
        self._taking: dict[str, int] = {}
        #: Payment queries that this process has in hand, or had.
        self._queries: OrderedDict[int, None] = OrderedDict()
        self._settled = asyncio.Event()
        self._settled.set()

    def parse(self, payload: bytes) -> Envelope:
        """Read as much of an update as its way needs. Raises InvalidUpdate for what is none."""
        try:
            body = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise InvalidUpdate("the body is not JSON") from error
        if not isinstance(body, dict):
            raise InvalidUpdate("an update is a JSON object")
        update_id = update_id_of(body)
        kind = kind_of(body)
        return Envelope(
            partner=self._partner,
            update_id=update_id,
            correlation_id=correlation_id_of(self._bot_id, update_id),
            kind=kind,
            lane=lane_of(body, kind),
            received_at_ms=self._clock_ms(),
            payload=payload,
        )

    async def take(self, envelope: Envelope) -> Taken:
        """Make an update durable and hand it to the worker. Raises InboxFull, or StorageError where it was not kept."""
        if self._worker.full and envelope.kind not in PAYMENT_KINDS:
            raise InboxFull
        lane = envelope.lane
        self._taking[lane] = self._taking.get(lane, 0) + 1
        self._settled.clear()
        try:
            if envelope.kind in PAYMENT_KINDS and envelope.update_id not in self._queries:
                return await self._keep_meanwhile(envelope)
            expected = self._taps.expect(envelope)
            # The lane first: whoever has it when the update is durable is the one to process it.
            ours = await self._ownership.gain(lane)
            taken = await self._keep(envelope, ours=ours)
            if expected and (taken is Taken.REPEAT or not ours):
                # It was answered when it came first, or will be where it is processed.
                self._taps.forget(envelope.update_id)
            return taken
        finally:
            self._taking[lane] -= 1
            if not self._taking[lane]:
                del self._taking[lane]
            if not self._taking:
                self._settled.set()

    @property
    def full(self) -> bool:
        """Whether so much waits that no more is taken."""
        return self._worker.full

    def busy(self, lane: str) -> bool:
        """Whether an update of a lane is between the door and the worker."""
        return lane in self._taking

    async def settled(self) -> None:
        """Wait until nothing is between the door and the worker: whoever drains begins after this."""
        await self._settled.wait()

    async def _keep(self, envelope: Envelope, *, ours: bool) -> Taken:
        with self._worker.arriving(envelope):
            if not await self._storage.accept(envelope):
                return self._repeated(envelope)
            if ours:
                span = current_span()
                self._worker.put(envelope, parent=span.context if span else None)
        if not ours:
            # Heard before Telegram hears "200", and so before the chat's next update comes to whoever has the lane.
            await self._ownership.pass_on(envelope.lane, Kind.UPDATES)
        return Taken.NEW

    async def _keep_meanwhile(self, envelope: Envelope) -> Taken:
        """Let a payment query be answered while it is stored: Telegram waits ten seconds for it, a slow store does not.

        What came again although the process forgot it is answered again, which Telegram refuses and nobody feels.
        """
        self._queries[envelope.update_id] = None
        if len(self._queries) > QUERIES_REMEMBERED:
            self._queries.popitem(last=False)
        keeping = asyncio.ensure_future(self._storage.accept(envelope))
        span = current_span()
        self._worker.put(envelope, parent=span.context if span else None, kept=keeping)
        return Taken.NEW if await asyncio.shield(keeping) else self._repeated(envelope)

    def _repeated(self, envelope: Envelope) -> Taken:
        self._telemetry.metrics.updates_duplicate.add()
        self._log.info(
            "UPDATE_REPEATED",
            update_id=envelope.update_id,
            update_type=envelope.kind,
            correlation_id=str(envelope.correlation_id),
        )
        return Taken.REPEAT

    async def replay(self) -> int:
        """Hand every undone update to the worker, in the order of arrival; how many there were.

        Call it before the first `take`: an update that is in hand already would be processed twice. Where the store is
        shared they come with their lanes instead.
        """
        if self._ownership.shared:
            return 0
        after, count = -1, 0
        while page := await self._storage.undone(self._partner, after=after, limit=REPLAY_PAGE):
            for queued in page:
                self._worker.put(queued.envelope, replayed=True)
                self._log.info(
                    "UPDATE_REPLAYED",
                    update_id=queued.envelope.update_id,
                    update_type=queued.envelope.kind,
                    correlation_id=str(queued.envelope.correlation_id),
                )
            after, count = page[-1].place, count + len(page)
        return count
