"""What waits for a bot: updates with growing ids, each in the lane that the official server gives it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.clock import HOUR_MS, SECOND_MS

#: More than this many waiting means that nobody takes them.
PENDING_MOST = 100_000

#: How long the official server keeps an update for a bot that does not take it.
KEPT_MS = 24 * HOUR_MS
KEPT_QUERY_MS = 150 * SECOND_MS
KEPT_INLINE_QUERY_MS = 30 * SECOND_MS
_KEPT_MS = {
    "callback_query": KEPT_QUERY_MS,
    "pre_checkout_query": KEPT_QUERY_MS,
    "shipping_query": KEPT_QUERY_MS,
    "inline_query": KEPT_INLINE_QUERY_MS,
}

#: An offset so far beyond the newest id is of another count: ids start anew after an idle week.
_AHEAD_MOST = 10

#: These come only when a bot asks for them by name in allowed_updates.
_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True)
class Lane:
    """One queue of the official server: order holds inside it, lanes run side by side."""

    #: chat, callback or payment
    kind: str
    #: the chat's or the user's id
    owner_id: int


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """One update, as it goes to a bot."""

    update_id: int
    kind: str
    payload: dict[str, Any]
    lane: Lane
    created_ms: int
    expires_ms: int

    def as_json(self) -> dict[str, Any]:
        """Return the update in the Bot API's shape."""
        return {"update_id": self.update_id, self.kind: self.payload}


@dataclass(slots=True)
class UpdateQueue:
    """The updates that a bot has not taken yet, in the order in which they came."""

    next_id: int
    #: Empty: all but those that come on request.
    allowed: frozenset[str] = frozenset()
    #: the newest that was put here, whether it was taken or not
    latest: Update | None = None
    _pending: dict[int, Update] = field(default_factory=dict)
    _listeners: list[Callable[[Update], None]] = field(default_factory=list)
    _watchers: list[Callable[[], None]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._pending)

    def __iter__(self) -> Iterator[Update]:
        return iter(tuple(self._pending.values()))

    def __contains__(self, update: object) -> bool:
        return isinstance(update, Update) and self._pending.get(update.update_id) is update

    def listen(self, listener: Callable[[Update], None]) -> Callable[[], None]:
        """Call `listener` with every new update, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` whenever updates have left the queue, until the returned function is called."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def put(
        self, kind: str, payload: dict[str, Any], *, lane: Lane, now_ms: int, update_id: int | None = None
    ) -> Update | None:
        """Add an update; None when the bot did not ask for this kind.

        An `update_id` of one's own is used as it is, and moves the next one behind it only when it is greater.
        Raises OverflowError when PENDING_MOST wait.
        """
        if not self.wants(kind):
            return None
        if len(self._pending) >= PENDING_MOST:
            raise OverflowError(f"{PENDING_MOST} updates wait and nobody takes them")
        update = self.make(kind, payload, lane=lane, now_ms=now_ms, update_id=update_id)
        self._pending[update.update_id] = self.latest = update
        for listener in tuple(self._listeners):
            listener(update)
        return update

    def make(
        self, kind: str, payload: dict[str, Any], *, lane: Lane, now_ms: int, update_id: int | None = None
    ) -> Update:
        """Make an update with the next id, or the given one, and leave it to the caller to deliver."""
        number = self.next_id if update_id is None else update_id
        self.next_id = max(self.next_id, number + 1)
        return Update(number, kind, payload, lane, now_ms, now_ms + _KEPT_MS.get(kind, KEPT_MS))

    def wants(self, kind: str) -> bool:
        """Tell whether the bot gets updates of this kind."""
        return kind in self.allowed if self.allowed else kind not in _ON_REQUEST

    def done(self, update: Update) -> None:
        """Forget an update that the bot has taken."""
        if update in self:
            self._forget((update.update_id,))

    def confirm_below(self, offset: int) -> None:
        """Forget all updates with an id below `offset`, as getUpdates does.

        One that lies in the future confirms nothing, and all that waits is handed out (TQueue.cpp of tdlib/td,
        Client.cpp of tdlib/telegram-bot-api).
        """
        if not self._is_in_the_future(offset):
            self._forget([number for number in self._pending if number < offset])

    def _is_in_the_future(self, offset: int) -> bool:
        if self.latest is None or offset <= self.latest.update_id + 1 + _AHEAD_MOST:
            return False
        return offset > max(self._pending, default=self.latest.update_id) + 1 + _AHEAD_MOST

    def keep_last(self, count: int) -> None:
        """Forget all but the last `count` updates, as getUpdates does with a negative offset."""
        self._forget(list(self._pending)[:-count])

    def clear(self) -> None:
        """Forget everything, as drop_pending_updates does."""
        self._forget(tuple(self._pending))

    def drop_expired(self, now_ms: int) -> list[Update]:
        """Forget and return what waited for too long."""
        expired = [update for update in self._pending.values() if update.expires_ms <= now_ms]
        self._forget([update.update_id for update in expired])
        return expired

    def _forget(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            del self._pending[number]
        for watcher in tuple(self._watchers):
            watcher()
