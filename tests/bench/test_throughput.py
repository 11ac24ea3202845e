"""wrk and nginx count what the table says: updates that were posted, refused and answered."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest
from tests.bench.contender import TOKEN
from tests.bench.nginx import LINE, Nginx, bot_api
from tests.bench.watched import Watched
from tests.bench.wire import Messages
from tests.bench.wrk import Order, post

SEARCHED = "/usr/sbin:/usr/bin:/usr/local/bin"
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        not all(shutil.which(name, path=SEARCHED) for name in ("wrk", "nginx")), reason="wrk or nginx is not installed"
    ),
]
Answer = Callable[[int], bytes]


def granted(_number: int) -> bytes:
    """Acknowledge every update."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Webhook:
    """Takes updates, and answers each by its number."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.updates: list[int] = []
        self.port = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        messages = Messages()
        while data := await reader.read(65_536):
            for _, body in messages.feed(data):
                self.updates.append(orjson.loads(body)["update_id"])
                writer.write(self._answer(len(self.updates) - 1))
        writer.close()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Webhook]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self


def order(
    webhook: Webhook, *, seconds: float = 20, most: int = 200, window: int = 50, api: Nginx | None = None
) -> Order:
    return Order(port=webhook.port, seconds=seconds, first=7, connections=4, window=window, chats=3, most=most, api=api)


async def test_every_update_that_wrk_counts_was_posted_once_under_an_id_of_its_own(tmp_path: Path) -> None:
    """What wrk says that it posted is what came, each under the next update_id."""
    async with Webhook(granted).listening() as webhook:
        posted = await post(order(webhook), tmp_path)

    assert (posted.posted, posted.refused) == (200, 0)
    assert sorted(webhook.updates) == list(range(100_000_007, 100_000_207))


async def test_wrk_counts_what_was_refused(tmp_path: Path) -> None:
    """An update that was answered by another status than 200 is no update that completes."""
    refusal = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    async with Webhook(lambda number: granted(number) if number % 2 else refusal).listening() as webhook:
        posted = await post(order(webhook), tmp_path)

    assert (posted.posted, posted.refused) == (200, 100)


async def test_wrk_stops_where_the_window_is_full_of_unanswered_updates(tmp_path: Path) -> None:
    """A bot that acknowledges and never answers gets as many updates as the window holds."""
    log = tmp_path / "messages"
    log.write_bytes(b"1" * LINE * 9)  # of an earlier run
    silent = Nginx("", log, Watched(0))
    async with Webhook(granted).listening() as webhook:
        posted = await post(order(webhook, seconds=0.3, api=silent), tmp_path)

    assert posted.posted == len(webhook.updates) == 50


async def test_nginx_counts_messages_and_nothing_else(tmp_path: Path) -> None:
    """Every sendMessage is counted once, other methods are answered and not counted."""
    async with bot_api(tmp_path) as api:
        said = [await asyncio.to_thread(call, api.url, method) for method in ("getMe", "sendMessage", "sendMessage")]

        assert [one["ok"] for one in said] == [True, True, True]
        assert said[0]["result"]["username"] == "bench_bot"
        assert api.messages() == 2


def call(url: str, method: str) -> dict[str, dict[str, str]]:
    """Ask a Bot API."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", f"/bot{TOKEN}/{method}", b'{"chat_id":1,"text":"hello"}')
    answer: dict[str, dict[str, str]] = orjson.loads(connection.getresponse().read())
    connection.close()
    return answer
