"""HTTP/1.1 to one host over kept-alive connections, and no more of HTTP than the Bot API needs.

A request through aiohttp is 131 of the 860 us that an update takes on the main thread (docs/decisions/0016).
What is left out: redirects, cookies, compression (none is asked for), bodies that end with the connection.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Final, cast
from urllib.parse import urlsplit

import aiohappyeyeballs
import httptools

#: Files come whole: Telegram gives bots up to 20 MB.
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
#: An idle connection is not used again after that: the other end may be closing it.
IDLE_S: Final = 15.0
#: How long one address is tried before the next one is too (RFC 8305).
NEXT_ADDRESS_S: Final = 0.25
_PORTS: Final = {"http": 80, "https": 443}
_OK: Final = 200


class Broken(OSError):
    """A request that got no answer. Whether it was heard is not known."""


class Disconnected(Broken):
    """The connection ended before the answer did."""


class NotHttp(Broken):
    """What came is no answer."""


class AnswerTooLarge(Broken):
    """An answer over `MAX_ANSWER_BYTES`."""


class Connections:
    """Connections to one host, each with one request at a time, `limit` of them at most; those that find none wait."""

    def __init__(self, origin: str, *, limit: int) -> None:
        """Connect nothing yet. `origin` is such as `https://api.telegram.org`. Raises ValueError for what is none."""
        parts = urlsplit(origin)
        if parts.scheme not in _PORTS or parts.hostname is None:
            raise ValueError("the Bot API is at an http or https address")
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._ssl = ssl.create_default_context() if parts.scheme == "https" else None
        self._host_line = f" HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode()
        self._places = asyncio.Semaphore(limit)
        #: The one used last is used next, so that those which are not needed grow old.
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()

    async def request(
        self, method: str, target: str, body: bytes | None, *, wait_s: float, connect_s: float, read_s: float
    ) -> tuple[int, bytes]:
        """Make one request, with a body of JSON or none; its status and its body.

        `wait_s` is for a free connection, `connect_s` for a new one, `read_s` for each silence of the other end.
        Raises TimeoutError and OSError.
        """
        if self._places.locked():
            async with asyncio.timeout(wait_s):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            connection = self._rested() or await self._connect(connect_s)
            try:
                answer = await connection.ask(self._request(method, target, body), read_s)
            except BaseException:
                connection.close()
                raise
            if connection.reusable:
                self._idle.append(connection)
            else:
                connection.close()
            return answer
        finally:
            self._places.release()

    def close(self) -> None:
        """Close every connection; a request that is under way ends as Disconnected."""
        for connection in tuple(self._all):
            connection.close()
        self._idle.clear()

    def _request(self, method: str, target: str, body: bytes | None) -> bytes:
        line = f"{method} {target}".encode("ascii") + self._host_line
        if body is None:
            return line + (b"Content-Length: 0\r\n\r\n" if method == "POST" else b"\r\n")
        return b"%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (line, len(body), body)

    def _rested(self) -> _Connection | None:
        """The idle connection that was used last; those that are too old are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and connection.idle_s < IDLE_S:
                return connection
            connection.close()
        return None

    async def _connect(self, within_s: float) -> _Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(within_s):
            addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            reached = await aiohappyeyeballs.start_connection(
                addresses, happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1, loop=loop
            )
            try:
                _, connection = await loop.create_connection(
                    lambda: _Connection(loop, self._all),
                    sock=reached,
                    ssl=self._ssl,
                    server_hostname=self._host if self._ssl is not None else None,
                )
            except BaseException:
                reached.close()
                raise
        return connection


class _Connection(asyncio.Protocol):
    """One connection, and the request that is under way on it."""

    __slots__ = (
        "_all",
        "_answer",
        "_chunks",
        "_deadline_s",
        "_loop",
        "_parser",
        "_read_s",
        "_size",
        "_timer",
        "_transport",
        "reusable",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, all_of_them: set[_Connection]) -> None:
        self._loop = loop
        self._all = all_of_them
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._read_s = 0.0
        #: When the silence gets too long; the moment of the last answer while none is awaited.
        self._deadline_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        #: Whether another request may follow.
        self.reusable = True

    @property
    def idle_s(self) -> float:
        """How long nothing was asked. For a connection that is idle."""
        return self._loop.time() - self._deadline_s

    def ask(self, request: bytes, read_s: float) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; its answer to come."""
        self._answer = answer = self._loop.create_future()
        self._chunks, self._size = [], 0
        self._read_s = read_s
        self._deadline_s = self._loop.time() + read_s
        # A timer goes on from request to request: it looks when it is due whether anything is.
        if self._timer is None or self._timer.when() > self._deadline_s:
            self._watch()
        if self._transport is None:
            self._end(Disconnected("the connection is closed"))
        else:
            self._transport.write(request)
        return answer

    def close(self) -> None:
        """End it now; a request that is under way fails."""
        self.reusable = False
        self._end(Disconnected("the connection was closed"))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    # -- what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are none of asyncio's classes, only alike.
        self._transport = cast(asyncio.Transport, transport)
        self._all.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._answer is None:
            # Nothing was asked: whatever this is, it would be taken for the next answer.
            self.close()
            return
        self._deadline_s = self._loop.time() + self._read_s
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(NotHttp("this is no HTTP"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        del exc
        self._transport = None
        self._all.discard(self)
        self.close()

    # -- what the parser tells

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the answer."""
        self._size += len(body)
        if self._size > MAX_ANSWER_BYTES:
            self._end(AnswerTooLarge(f"the answer is over {MAX_ANSWER_BYTES} bytes"))
            return
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        status = self._parser.get_status_code()
        if status < _OK:
            # "Continue" and its like: the answer is still to come.
            self._chunks, self._size = [], 0
            return
        self.reusable = self.reusable and self._parser.should_keep_alive()
        answer, self._answer = self._answer, None
        self._deadline_s = self._loop.time()
        if answer is not None and not answer.done():
            answer.set_result((status, self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)))

    def _watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline_s, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._answer is None:
            return
        if self._loop.time() < self._deadline_s:
            self._watch()
        else:
            self._end(TimeoutError("the answer did not come in time"))

    def _end(self, error: Exception) -> None:
        """Let the request fail that is under way."""
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            self.reusable = False
            answer.set_exception(error)
