"""Numbered events for as many readers as ask; a reader that lost its place starts anew from a snapshot."""

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import orjson

from botflight_harness.server.waiting import any_set

#: How many events are kept for readers that come back.
BACKLOG = 1000

#: After how long without news a reader is told that the line is alive.
SILENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `id` is what a reader shows to go on after it."""

    id: str
    kind: str
    data: bytes

    def wire(self) -> bytes:
        """The event in the format of server-sent events (WHATWG HTML, 9.2)."""
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (self.id.encode(), self.kind.encode(), self.data)


class Feed:
    """The latest events. Readers share them, so a slow one costs nothing but its own place."""

    def __init__(self, *, snapshot: Callable[[], object], backlog: int = BACKLOG) -> None:
        self._snapshot = snapshot
        #: Tells the ids of this feed from those of one before a restart.
        self._run = secrets.token_hex(4)
        self._events: deque[Event] = deque(maxlen=backlog)
        self._published = 0
        self._news = asyncio.Event()

    def publish(self, kind: str, data: object) -> None:
        """Add an event and wake every reader."""
        self._published += 1
        self._events.append(self._event(kind, data))
        self._news.set()
        self._news = asyncio.Event()

    def since(self, event_id: str | None) -> list[Event]:
        """Give every event after the one with this id, or one snapshot where some of them are gone."""
        seen = self._place_of(event_id)
        if seen is None or self._published - seen > len(self._events):
            return [self._event("snapshot", self._snapshot())]
        first = len(self._events) - (self._published - seen)
        return list(itertools.islice(self._events, first, None))

    async def stream(self, *, after: str | None, closing: asyncio.Event) -> AsyncIterator[bytes]:
        """Write events as they come until the server closes, and a comment when there is nothing to say."""
        last = after
        while not closing.is_set():
            news = self._news
            for event in self.since(last):
                last = event.id
                yield event.wire()
            if not news.is_set() and not await any_set(news, closing, within_s=SILENCE_S):
                yield b": still here\n\n"

    def _event(self, kind: str, data: object) -> Event:
        return Event(id=f"{self._run}-{self._published}", kind=kind, data=orjson.dumps(data))

    def _place_of(self, event_id: str | None) -> int | None:
        run, _, number = (event_id or "").partition("-")
        if run != self._run or not number.isdecimal() or int(number) > self._published:
            return None
        return int(number)
