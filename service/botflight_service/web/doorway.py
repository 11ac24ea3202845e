"""uvicorn's protocol, with a short way to the doors that everything comes in by: the webhooks.

uvicorn, Starlette and ASGI's messages are 130 of the 860 us that an update takes on the main thread; this is some 30
(docs/decisions/0016). Only a plain request with the right secret goes this way. All that is to be refused, and every
other path, goes through the app.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_POST: Final = b"POST"
_FAULT: Final = Response(status_code=500)


class Door(Protocol):
    """Takes the bodies that are posted to one path."""

    def admits(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request with these headers, their names in lower case, may skip the app."""
        ...

    async def take(self, body: bytes) -> Response:
        """Answer a request that was admitted."""
        ...


class _Exchange:
    """A request on the short way, with what uvicorn asks of its own cycles: others wait for it in their line."""

    __slots__ = ("chunks", "disconnected", "door", "keep_alive", "message_event", "response_complete")

    def __init__(self, door: Door, *, keep_alive: bool, message_event: asyncio.Event) -> None:
        self.door = door
        self.keep_alive = keep_alive
        self.message_event = message_event
        self.chunks: list[bytes] = []
        self.disconnected = False
        self.response_complete = False


class Doorway(HttpToolsProtocol):
    """One connection. `doors` are found by the whole target of a request: its path, without a query."""

    def __init__(self, *, doors: Mapping[bytes, Door], **given: Any) -> None:  # noqa: ANN401 - what uvicorn gives
        super().__init__(**given)
        self._doors = doors
        #: Nobody waits for it: uvicorn sets it when a connection is lost.
        self._unheard = asyncio.Event()

    def on_headers_complete(self) -> None:
        """Choose the way."""
        door = self._doors.get(self.url) if self.parser.get_method() == _POST else None
        idle = self.cycle is None or self.cycle.response_complete
        if door is not None and idle and not self.expect_100_continue and door.admits(dict(self.headers)):
            keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            self.cycle: Any = _Exchange(door, keep_alive=keep_alive, message_event=self._unheard)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body; how much may come is known from the headers."""
        if isinstance(self.cycle, _Exchange):
            self.cycle.chunks.append(body)
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand the body over."""
        exchange = self.cycle
        if not isinstance(exchange, _Exchange):
            super().on_message_complete()
            return
        task = self.loop.create_task(self._take(exchange))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _take(self, exchange: _Exchange) -> None:
        try:
            response = await exchange.door.take(b"".join(exchange.chunks))
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender is to hear of it
            self.loop.call_exception_handler({"message": "a door failed", "exception": error})
            response = _FAULT
        exchange.response_complete = True
        if exchange.disconnected:
            return
        self.transport.write(self._rendered(response, close=not exchange.keep_alive))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _rendered(self, response: Response, *, close: bool) -> bytes:
        headers = [*self.server_state.default_headers, *response.raw_headers]
        if close:
            headers.append((b"connection", b"close"))
        lines = b"".join([b"%b: %b\r\n" % header for header in headers])
        return STATUS_LINE[response.status_code] + lines + b"\r\n" + bytes(response.body)
