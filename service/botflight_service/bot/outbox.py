"""Sends what was committed: at once, in order per chat, at least once, and notes in batches how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from botflight_diagnostics.telemetry import Correlation, Telemetry, TraceContext, bind, mask
from botflight_service.bot.sender import Sender, Sent
from botflight_service.bot.transport import retry_after_s
from botflight_service.generation.settle import CHAT_GONE
from botflight_service.message import OutgoingMessage
from botflight_service.provider.interface import ProviderError, ProviderRefused
from botflight_service.storage.interface import Mark, QueuedMessage, SendOutcome, Storage, StorageError
from botflight_service.storage.sharing import Kind
from botflight_service.updates.envelope import lane_of_chat
from botflight_service.updates.lanes import Lanes
from botflight_service.updates.ownership import Ownership

#: Messages on their way to Telegram at once; its own limit is 30 a second.
MAX_ACTIVE = 32
#: Marks that are written together, and how long the first of them waits while more messages are on their way.
MARK_BATCH = 128
MARK_WAIT_S = 0.02
#: Waits between tries; the last repeats.
RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
#: A message that could not be sent for so long is given up; Telegram itself keeps updates no longer.
GIVE_UP_MS = 24 * 60 * 60 * 1000
#: Telegram's own bound on what it asks us to wait.
MAX_RETRY_AFTER_S = 3600.0
#: What Telegram says of a chat that was deleted, or of a user who never wrote.
_NO_CHAT = "chat not found"
#: Messages kept in memory; beyond, they wait in the store and are read once there is room.
MAX_WAITING = 10_000
#: Messages read at a time.
REPLAY_PAGE = 500
#: Messages of a chat read at a time.
REFILL_PAGE = 100


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    """A message on its way. Without a place in the store it is a passing one: worth one try, and no mark."""

    message: OutgoingMessage
    place: int | None
    queued_at_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class _Refill:
    """A look into the store, in its turn: what waits there for a chat and is not in hand comes next."""

    lane: str
    queued_at_ms: int


class Outbox:
    """The one way out for messages."""

    def __init__(
        self,
        *,
        partner: str,
        sender: Sender,
        storage: Storage,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        menu_sent: Callable[[int, int], None],
        ownership: Ownership,
        delivered: Callable[[UUID], Awaitable[None]],
        gone: Callable[[UUID, str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._partner = partner
        self._sender = sender
        self._storage = storage
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("outbox")
        self._clock_ms = clock_ms
        self._menu_sent = menu_sent
        self._ownership = ownership
        self._delivered = delivered
        self._gone = gone
        self._sleep = sleep
        #: By the lanes of their chats.
        self._lanes: Lanes[_Item | _Refill] = Lanes(self._run, limit=MAX_ACTIVE)
        #: The place of the newest message that was taken into memory.
        self._last_place = -1
        self._catching_up: asyncio.Task[None] | None = None
        self._missed = False
        #: What is to be written down, with the lane of each.
        self._marks: list[tuple[Mark, str]] = []
        self._marked = asyncio.Event()
        self._marked.set()
        self._marker: asyncio.Task[None] | None = None
        #: By lane, the places of messages that have ended, and nobody but us knows.
        self._unmarked: dict[str, set[int]] = {}
        #: Lanes whose messages were left in a store that others share, until there is room.
        self._left: set[str] = set()
        #: The newest passing message for each screen: older ones are not worth sending any more.
        self._newest: dict[tuple[int, int | None], _Item] = {}

    @property
    def waiting(self) -> int:
        """Messages that are not sent yet."""
        return self._lanes.unfinished

    def oldest_ms(self) -> int:
        """How long the oldest message has been waiting; 0 where there is none."""
        queued = (item.queued_at_ms for item in self._lanes.heads())
        return self._clock_ms() - min(queued, default=self._clock_ms())

    def put(self, messages: Sequence[QueuedMessage]) -> None:
        """Send committed messages. Where too many wait already, these stay in the store until there is room."""
        if self._ownership.shared:
            self._put_shared(messages)
            return
        if self._catching_up is not None:
            self._missed = True
            return
        self._take(messages)
        if self._lanes.unfinished >= MAX_WAITING:
            self._catching_up = asyncio.create_task(self._catch_up(), name="outbox catches up")

    def _take(self, messages: Sequence[QueuedMessage]) -> None:
        now_ms = self._clock_ms()
        for queued in messages:
            message = queued.message
            self._newest.pop((message.chat_id, message.edit_message_id), None)
            self._lanes.put(lane_of_chat(message.chat_id), _Item(message, queued.place, now_ms))
            self._last_place = max(self._last_place, queued.place)

    def _put_shared(self, messages: Sequence[QueuedMessage]) -> None:
        """Send to the chats that are ours; for others, let whoever has them know."""
        for queued in messages:
            lane = lane_of_chat(queued.message.chat_id)
            if not self._ownership.holds(lane):
                self._ownership.offer(lane, Kind.MESSAGES)
            elif lane in self._left or self._lanes.unfinished >= MAX_WAITING:
                self._left.add(lane)
            else:
                self._take((queued,))
        if self._left and self._catching_up is None:
            self._catching_up = asyncio.create_task(self._make_up(), name="outbox catches up")

    async def _make_up(self) -> None:
        """Take up what was left in a shared store, a lane at a time, as room comes."""
        while self._left:
            await self._lanes.below(MAX_WAITING // 2)
            for lane in tuple(self._left)[:REFILL_PAGE]:
                self._left.discard(lane)
                self.refill(lane)
        self._catching_up = None

    def busy(self, lane: str) -> bool:
        """Whether a message of a lane is on its way, or was sent and is not marked yet."""
        return self._lanes.busy(lane) or lane in self._left or lane in self._unmarked

    def refill(self, lane: str) -> None:
        """Take up the messages of a lane that wait in the store."""
        self._lanes.put(lane, _Refill(lane, self._clock_ms()))

    def drop(self, lane: str) -> None:
        """Let go of a lane."""
        self._lanes.drop(lane)
        self._left.discard(lane)

    async def _read_on(self, lane: str) -> None:
        """Let what waits of a lane be next, in the order of places. It is this look's turn: nothing ends meanwhile."""
        ended = set(self._unmarked.get(lane, ()))
        try:
            found = await self._ownership.unsent(lane, limit=REFILL_PAGE)
        except StorageError as error:
            # The lane is busy no longer: whoever looks for what waits finds it again.
            self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            return
        waiting = self._lanes.of(lane)
        known = {item.place: item for item in waiting if isinstance(item, _Item)}
        now_ms = self._clock_ms()
        first = [
            known.get(queued.place) or _Item(queued.message, queued.place, now_ms)
            for queued in found
            if queued.place not in ended
        ]
        self._lanes.follow(lane, [*first, *(item for item in waiting if item not in first)])
        if len(found) == REFILL_PAGE:
            self.refill(lane)

    async def _catch_up(self) -> None:
        """Read what was left in the store, as room comes, until nothing is."""
        while True:
            await self._lanes.below(MAX_WAITING // 2)
            self._missed = False
            try:
                page = await self._storage.unsent(self._partner, after=self._last_place, limit=REPLAY_PAGE)
            except StorageError as error:
                self._log.error("STORE_FAILED", exc_info=error)
                await self._sleep(RETRY_S[-1])
                continue
            self._take(page)
            # One that came while we read was not taken, and may not have been read: look once more.
            if not page and not self._missed:
                self._catching_up = None
                return

    def draw(self, message: OutgoingMessage) -> None:
        """Draw over a screen in passing, such as progress: dropped when a newer drawing or a real message follows."""
        item = _Item(message, None, self._clock_ms())
        self._newest[message.chat_id, message.edit_message_id] = item
        self._lanes.put(lane_of_chat(message.chat_id), item)

    async def replay(self) -> int:
        """Send what an earlier run of the service left; how many there were at once. Call it before the first `put`.

        Where the store is shared they come with their lanes instead.
        """
        if self._ownership.shared:
            return 0
        page = await self._storage.unsent(self._partner, limit=REPLAY_PAGE)
        self._take(page)
        if len(page) == REPLAY_PAGE:
            self._catching_up = asyncio.create_task(self._catch_up(), name="outbox catches up")
        return len(page)

    async def idle(self) -> None:
        """Wait until everything is sent and noted."""
        while self._lanes.unfinished or not self._marked.is_set() or self._catching_up is not None:
            if self._catching_up is not None:
                await asyncio.wait((self._catching_up,))
            await self._lanes.idle()
            await self._marked.wait()

    async def stop(self, *, within_s: float) -> int:
        """Send within a deadline. What is cut off is sent at the next start."""
        if self._catching_up is not None:
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)
        left = await self._lanes.stop(within_s=within_s)
        if self._marker is not None:
            await asyncio.wait((self._marker,), timeout=within_s)
        return left

    async def _run(self, item: _Item | _Refill) -> None:
        if isinstance(item, _Item):
            await self._deliver(item)
        elif self._ownership.holds(item.lane):
            await self._read_on(item.lane)

    async def _deliver(self, item: _Item) -> None:
        message = item.message
        passing = item.place is None
        if passing and self._newest.pop((message.chat_id, message.edit_message_id), None) is not item:
            return
        ids = Correlation(correlation_id=message.correlation_id, tenant_ref=mask(self._partner))
        with (
            bind(ids),
            self._telemetry.tracer.root(
                "deliver message" if not passing else "draw progress",
                kind="producer",
                cause=TraceContext.parse(message.trace_parent),
            ),
        ):
            if passing:
                await self._try_once(message)
                return
            settled = await self._send_until_settled(item)
            if settled is None:
                return
            outcome, sent = settled
            if outcome is SendOutcome.SENT and message.task_id is not None:
                await self._delivered(message.task_id)
            self._mark(item, outcome, sent)

    async def _try_once(self, message: OutgoingMessage) -> None:
        try:
            await self._sender.send(message)
        except TelegramError as error:
            self._log.info("PROGRESS_NOT_DRAWN", error_type=type(error).__name__)

    async def _send_until_settled(self, item: _Item) -> tuple[SendOutcome, Sent] | None:
        """Try until it is sent or given up; None where the chat became another process's: that one sends it."""
        tries = 0
        while await self._ownership.confirmed(lane_of_chat(item.message.chat_id)):
            try:
                sent = await self._sender.send(item.message)
            except Forbidden:
                self._telemetry.metrics.blocked_users.add()
                self._telemetry.metrics.outbox_given_up.add("FORBIDDEN")
                self._log.warning("MESSAGE_UNDELIVERABLE", reason="FORBIDDEN")
                await self._never_delivered(item, CHAT_GONE)
                return SendOutcome.UNDELIVERABLE, Sent()
            except RetryAfter as error:
                wait_s = min(retry_after_s(error), MAX_RETRY_AFTER_S)
            except BadRequest as error:
                # Never the error's text: it may quote what the user wrote.
                self._telemetry.metrics.outbox_given_up.add("REFUSED")
                self._log.error("MESSAGE_UNDELIVERABLE", reason="REFUSED", error_type=_reason(error))
                gone = _NO_CHAT in error.message.lower()
                await self._never_delivered(item, CHAT_GONE if gone else "file_refused")
                return SendOutcome.REFUSED, Sent()
            except ProviderRefused as error:
                self._telemetry.metrics.outbox_given_up.add("FILE_GONE")
                self._log.error("MESSAGE_UNDELIVERABLE", reason="FILE_GONE", error_type=error.code)
                await self._never_delivered(item, error.code)
                return SendOutcome.REFUSED, Sent()
            except (NetworkError, TelegramError, ProviderError) as error:
                wait_s = RETRY_S[min(tries, len(RETRY_S) - 1)]
                self._log.warning("MESSAGE_DELAYED", error_type=type(error).__name__, retry_s=wait_s)
            else:
                self._log.info("MESSAGE_SENT", message_id=sent.message_id, attempts=tries + 1)
                return SendOutcome.SENT, sent
            tries += 1
            if self._clock_ms() - item.queued_at_ms > GIVE_UP_MS:
                self._telemetry.metrics.outbox_given_up.add("TOO_OLD")
                self._log.error("MESSAGE_UNDELIVERABLE", reason="TOO_OLD")
                await self._never_delivered(item, "not_delivered")
                return SendOutcome.REFUSED, Sent()
            await self._sleep(wait_s)
        return None

    async def _never_delivered(self, item: _Item, code: str) -> None:
        """Have a file paid back that will not arrive: nobody pays for what never came."""
        if item.message.task_id is not None:
            await self._gone(item.message.task_id, code)

    def _mark(self, item: _Item, outcome: SendOutcome, sent: Sent) -> None:
        if item.place is None:
            return
        if item.message.menu_of is not None and sent.message_id is not None:
            self._menu_sent(item.message.menu_of, sent.message_id)
        lane = lane_of_chat(item.message.chat_id)
        self._unmarked.setdefault(lane, set()).add(item.place)
        mark = Mark(
            place=item.place,
            outcome=outcome,
            at_ms=self._clock_ms(),
            telegram_message_id=sent.message_id,
            telegram_file_id=sent.file_id,
        )
        self._marks.append((mark, lane))
        if self._marker is None or self._marker.done():
            self._marked.clear()
            self._marker = asyncio.create_task(self._write_marks(), name="outbox marks")

    async def _write_marks(self) -> None:
        """Write what waits, together, until nothing does. A crash before that sends those messages once more."""
        tries = 0
        while self._marks:
            if self._lanes.unfinished > 1:
                # More is on its way: what ends meanwhile goes into the same write.
                await asyncio.sleep(MARK_WAIT_S)
            batch = self._marks[:MARK_BATCH]
            try:
                await self._storage.mark(self._partner, [mark for mark, _ in batch])
            except StorageError as error:
                self._log.error("MARKS_DELAYED", marks=len(self._marks), exc_info=error)
                await self._sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
                tries += 1
                continue
            del self._marks[: len(batch)]
            for mark, lane in batch:
                self._unmarked[lane].discard(mark.place)
                if not self._unmarked[lane]:
                    del self._unmarked[lane]
        self._marked.set()


def _reason(error: BadRequest) -> str:
    """Telegram's own words up to the first colon: what follows may quote the message."""
    return error.message.partition(":")[0][:80]
