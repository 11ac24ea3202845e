"""A Bot API that grants everything at once: it tells of every sendMessage and costs as little as it can."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import cast

from tests.bench.wire import Messages, path_of

#: `chat_id` in a form or in JSON.
_CHAT_ID = re.compile(rb'chat_id"?[=:]\s*"?(-?\d+)')
_RESULTS = {
    b"getMe": b'{"id":110201543,"is_bot":true,"first_name":"Bench","username":"bench_bot"}',
    b"getMyCommands": b"[]",
    b"getWebhookInfo": b'{"url":"","has_custom_certificate":false,"pending_update_count":0}',
}
_SENT = (
    b'{"message_id":%d,"date":1764000000,"chat":{"id":%d,"type":"private","first_name":"Ada"},'
    b'"from":{"id":110201543,"is_bot":true,"first_name":"Bench","username":"bench_bot"},"text":"hello"}'
)
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n"
    b'Content-Length: %d\r\n\r\n{"ok":true,"result":%b}'
)
_AROUND_RESULT = len(b'{"ok":true,"result":}')


class BotApi:
    """The answers. `on_message` is called with the chat of every sendMessage."""

    def __init__(self, on_message: Callable[[int], None]) -> None:
        self._on_message = on_message
        self._message_ids = count(1)

    def answer(self, path: bytes, body: bytes) -> bytes:
        """The response to one request."""
        method = path.rpartition(b"/")[2]
        result = self._sent(body) if method == b"sendMessage" else _RESULTS.get(method, b"true")
        return self.response(result)

    @staticmethod
    def response(result: bytes) -> bytes:
        """The whole response with a result, which is JSON."""
        return _RESPONSE % (len(result) + _AROUND_RESULT, result)

    def _sent(self, body: bytes) -> bytes:
        chat = _CHAT_ID.search(body)
        if chat is None:
            raise ValueError(f"a sendMessage without a chat_id: {body[:200]!r}")
        chat_id = int(chat[1])
        self._on_message(chat_id)
        return _SENT % (next(self._message_ids), chat_id)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Answer on loopback for the time of the block; gives the base URL."""
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()


class _Connection(asyncio.Protocol):
    def __init__(self, api: BotApi) -> None:
        self._api = api
        self._messages = Messages()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, only alike.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        for head, body in self._messages.feed(data):
            self._transport.write(self._api.answer(path_of(head), body))
