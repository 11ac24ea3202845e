"""Posts updates over kept-alive connections, as Telegram does, and matches every answer with its update."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast

from tests.bench.peers.environment import WEBHOOK_PATH
from tests.bench.wire import Messages, status_of

OK = 200

_BODY = (
    b'{"update_id":%d,"message":{"message_id":%d,"date":1764000000,'
    b'"chat":{"id":%d,"type":"private","first_name":"Ada","last_name":"L","username":"ada_%d"},'
    b'"from":{"id":%d,"is_bot":false,"first_name":"Ada","last_name":"L","username":"ada_%d","language_code":"en"},'
    b'"text":"hello"}}'
)
_HEAD = (
    b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
    b"X-Telegram-Bot-Api-Secret-Token: %b\r\nContent-Length: "
)
_FIRST_UPDATE_ID = 100_000_000
_FIRST_CHAT_ID = 1_000_000


#: A connection that has rested for longer is not used again.
_REST_LIMIT_S = 3.0
#: How often a paced load looks for what is due.
_PACE_EVERY_S = 0.002

#: Makes the update of a number: its chat, and the body.
Update = Callable[[int], tuple[int, bytes]]


class Broken(Exception):
    """A connection ended while it was needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom updates are posted to, and how."""

    port: int
    secret: str
    #: Ports of further processes of the same bot, which connections are spread over.
    others: tuple[int, ...] = ()
    connections: int = 40
    #: The number of the first update; another generator of the same bot has others.
    first: int = 0
    #: Private chats, each of a user of its own, that take turns.
    chats: int = 500
    #: Updates that may wait for their sendMessage at once; posting pauses above it, so that no contender
    #: is measured under a backlog that it did not choose.
    window: int = 400
    #: False where no sendMessage will ever come: the acknowledgement counts instead.
    answers: bool = True


@dataclass(slots=True)
class Tally:
    """What came of one run of posting."""

    posted: int = 0
    #: Answered 200.
    accepted: int = 0
    #: Answered with any other status.
    refused: int = 0
    #: Whose sendMessage came.
    completed: int = 0
    #: sendMessage calls that no update asked for.
    extra: int = 0
    #: From the first post to the last sendMessage.
    elapsed_s: float = 0.0
    acknowledged_ms: list[float] = field(default_factory=list)
    completed_ms: list[float] = field(default_factory=list)


class Load:
    """The generator. Hand `completed` to whoever sees the sendMessage calls. Without an `update`, users say hello."""

    def __init__(self, target: Target, update: Update | None = None) -> None:
        self.target = target
        self._update = update or self._hello
        self._head = _HEAD % (WEBHOOK_PATH.encode(), target.port, target.secret.encode())
        self._sequence = target.first
        self._connections: list[_Connection] = []
        self._idle: deque[_Connection] = deque()
        self._renewals: set[asyncio.Task[None]] = set()
        #: How often a connection was replaced.
        self.renewed = 0
        self._waiting: dict[int, deque[float]] = {}
        self._outstanding = 0
        self._limit = 0
        self._per_s = float("inf")
        self._started_s = 0.0
        self._tally = Tally()
        self._over: asyncio.Future[None] | None = None
        self._last_s = 0.0

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Hold the connections for the time of the block."""
        ports = (self.target.port, *self.target.others)
        for number in range(self.target.connections):
            await self._connect(ports[number % len(ports)])
        try:
            yield
        finally:
            for task in self._renewals:
                task.cancel()
            for connection in self._connections:
                connection.close()
            self._connections, self._idle = [], deque()

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self, port), "127.0.0.1", port)
        self._connections.append(connection)
        self._idle.append(connection)
        self._pump()

    def renew(self, connection: "_Connection") -> None:
        """Replace a connection that rests, and was closed for that or soon will be."""
        connection.close()
        self._connections.remove(connection)
        self._idle.remove(connection)
        task = asyncio.create_task(self._reconnect(connection.port))
        self._renewals.add(task)
        task.add_done_callback(self._renewals.discard)

    async def _reconnect(self, port: int) -> None:
        try:
            await self._connect(port)
            self.renewed += 1
        except OSError as error:
            self.broken(f"no connection any more: {error}")

    async def answered_one(self) -> bool:
        """Send one update; whether its message came within a second. Raises OSError where nobody takes it."""
        try:
            async with self.connected():
                return (await self.run(seconds=1, most=1, drain_s=0)).completed > 0
        except Broken as error:
            raise ConnectionError from error

    async def run(
        self, *, seconds: float, most: int = 10_000_000, per_s: float = float("inf"), drain_s: float = 30.0
    ) -> Tally:
        """Post for some seconds, `most` updates at the most, then wait until all are answered or `drain_s` is over.

        Without `per_s`, as fast as the window allows. Raises Broken when a connection ends.
        """
        loop = asyncio.get_running_loop()
        tally = self._tally = Tally()
        self._waiting, self._outstanding, self._limit = {}, 0, most
        self._over = loop.create_future()
        stop = loop.call_later(seconds, self._stop_posting)
        self._per_s = per_s
        started_s = self._started_s = self._last_s = time.perf_counter()
        self._pump()
        pacing = asyncio.create_task(self._keep_pace()) if per_s < float("inf") else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over, seconds + drain_s)
        stop.cancel()
        if pacing is not None:
            pacing.cancel()
        tally.elapsed_s = self._last_s - started_s
        return tally

    def completed(self, chat_id: int) -> None:
        """Note a sendMessage; answers in one chat keep the order of its updates."""
        waiting = self._waiting.get(chat_id)
        if not waiting:
            self._tally.extra += 1
            return
        self._settle(self._tally.completed_ms, waiting.popleft())

    def waits_for(self, chat_id: int) -> bool:
        """Whether an update of a chat has no message yet."""
        return bool(self._waiting.get(chat_id))

    def acknowledged(self, connection: "_Connection", status: int, posted_s: float) -> None:
        """Note the response to an update."""
        self._idle.append(connection)
        if status != OK:
            self._tally.refused += 1
            self._forget(connection.chat_id)
        else:
            self._tally.accepted += 1
            self._tally.acknowledged_ms.append((time.perf_counter() - posted_s) * 1000)
            if not self.target.answers:
                self.completed(connection.chat_id)
                return
        self._pump()

    def broken(self, why: str) -> None:
        """End the run: a connection is gone."""
        if self._over is not None and not self._over.done():
            self._over.set_exception(Broken(why))

    def next_request(self, connection: "_Connection", now_s: float) -> bytes:
        """The next update, as a request."""
        number = self._sequence
        self._sequence = number + 1
        connection.chat_id, body = self._update(number)
        self._waiting.setdefault(connection.chat_id, deque()).append(now_s)
        return self._head + b"%d\r\n\r\n" % len(body) + body

    def _hello(self, number: int) -> tuple[int, bytes]:
        chat_id = _FIRST_CHAT_ID + number % self.target.chats
        return chat_id, _BODY % (_FIRST_UPDATE_ID + number, 10 + number, chat_id, chat_id, chat_id, chat_id)

    def _settle(self, times_ms: list[float], posted_s: float) -> None:
        self._last_s = time.perf_counter()
        times_ms.append((self._last_s - posted_s) * 1000)
        self._tally.completed += 1
        self._outstanding -= 1
        self._pump()

    def _forget(self, chat_id: int) -> None:
        """Nothing will come of a refused update: the youngest of its chat."""
        self._waiting[chat_id].pop()
        self._outstanding -= 1

    def _pump(self) -> None:
        while self._idle and self._outstanding < self.target.window and self._tally.posted < self._due():
            # The one that has rested longest; servers close those that rest for seconds, maybe just now.
            if self._idle[0].rests_s > _REST_LIMIT_S:
                self.renew(self._idle[0])
                continue
            self._tally.posted += 1
            self._outstanding += 1
            self._idle.popleft().post()
        self._end_when_done()

    def _due(self) -> int:
        """How many updates may have been posted by now."""
        if self._per_s == float("inf"):
            return self._limit
        return min(self._limit, int((time.perf_counter() - self._started_s) * self._per_s) + 1)

    async def _keep_pace(self) -> None:
        while True:
            await asyncio.sleep(_PACE_EVERY_S)
            self._pump()

    def _stop_posting(self) -> None:
        self._limit = self._tally.posted
        self._end_when_done()

    def _end_when_done(self) -> None:
        done = self._tally.posted >= self._limit and not self._outstanding
        if done and len(self._idle) == len(self._connections) and self._over is not None and not self._over.done():
            self._over.set_result(None)


class _Connection(asyncio.Protocol):
    """One connection: an update out, its response in, and again."""

    def __init__(self, load: Load, port: int) -> None:
        self._load = load
        self.port = port
        self._messages = Messages()
        self._transport: asyncio.WriteTransport | None = None
        self._posted_s = 0.0
        self._heard_s = time.perf_counter()
        self._closing = False
        self._busy = False
        self.chat_id = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, only alike.
        self._transport = cast(asyncio.WriteTransport, transport)

    @property
    def rests_s(self) -> float:
        """Since when nothing came and nothing went."""
        return time.perf_counter() - self._heard_s

    def post(self) -> None:
        assert self._transport is not None
        self._busy = True
        self._posted_s = time.perf_counter()
        self._transport.write(self._load.next_request(self, self._posted_s))

    def data_received(self, data: bytes) -> None:
        for head, _ in self._messages.feed(data):
            self._busy = False
            self._heard_s = time.perf_counter()
            self._load.acknowledged(self, status_of(head), self._posted_s)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._busy and not self._closing:
            self._load.broken(f"a connection ended: {exc}")
        elif not self._closing:
            self._load.renew(self)

    def close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()
