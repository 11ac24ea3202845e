"""The short way to the webhooks, over a real socket: it answers as the app would, in order, and leaves it the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from botflight_service.web.doorway import Doorway
from botflight_service.web.server import listen, serving

ADMITTED = b"POST /door HTTP/1.1\r\nHost: x\r\nPass: yes\r\nContent-Length: %d\r\n\r\n%b"


class Echo:
    """A door that gives back what it gets, once it may."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()
        self.entered = asyncio.Event()

    def admits(self, headers: Mapping[bytes, bytes]) -> bool:
        """Those with a pass."""
        return headers.get(b"pass") == b"yes"

    async def take(self, body: bytes) -> Response:
        """Give it back."""
        self.entered.set()
        await self.open.wait()
        if body == b"fault":
            raise ValueError("a defect")
        self.taken.append(body)
        return PlainTextResponse(b"door:" + body)


async def _through_the_app(request: Request) -> Response:
    return PlainTextResponse(b"app:" + await request.body())


@pytest.fixture
def door() -> Echo:
    return Echo()


@asynccontextmanager
async def connected(door: Echo) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server with that door in front of an app."""
    app = Starlette(routes=[Route(path, _through_the_app, methods=["GET", "POST"]) for path in ("/door", "/else")])
    listener = listen("127.0.0.1", 0)
    async with serving(app, listener, doors={"/door": door}):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()


async def read(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    """One answer: status, headers, body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head[9:12]), head, await reader.readexactly(size)


async def test_who_is_admitted_takes_the_short_way(door: Echo) -> None:
    """The door gets the body, however it was cut, and its answer goes out on a connection that stays."""
    async with connected(door) as (reader, writer):
        for body in (b"one", b"two" * 50_000):
            writer.write(ADMITTED % (len(body), body))
            status, head, answer = await read(reader)

            assert (status, answer) == (200, b"door:" + body)
            assert b"\r\ndate: " in head
            assert b"connection: close" not in head


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /door HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
        b"POST /else HTTP/1.1\r\nHost: x\r\nPass: yes\r\nContent-Length: 2\r\n\r\nhi",
        b"POST /door?a=b HTTP/1.1\r\nHost: x\r\nPass: yes\r\nContent-Length: 2\r\n\r\nhi",
    ],
    ids=["without a pass", "to another path", "with a query"],
)
async def test_everything_else_goes_through_the_app(door: Echo, request_: bytes) -> None:
    """What is no plain request to the door is the app's to answer."""
    async with connected(door) as (reader, writer):
        writer.write(request_)

        assert (await read(reader))[2] == b"app:hi"


async def test_requests_in_one_breath_are_answered_in_their_order(door: Echo) -> None:
    """A client may send the next request before it has the answer: both ways wait for their turn."""
    door.open.clear()
    plain = b"POST /else HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n2"
    async with connected(door) as (reader, writer):
        writer.write(ADMITTED % (1, b"1") + plain + ADMITTED % (1, b"3"))
        await door.entered.wait()
        door.open.set()

        answers = [(await read(reader))[2] for _ in range(3)]

    assert [answer[-1:] for answer in answers] == [b"1", b"2", b"3"]


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /door HTTP/1.1\r\nHost: x\r\nPass: yes\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        b"POST /door HTTP/1.0\r\nPass: yes\r\nContent-Length: 2\r\n\r\nhi",
    ],
    ids=["as asked", "as it was in HTTP/1.0"],
)
async def test_a_connection_ends_where_it_should(door: Echo, request_: bytes) -> None:
    """The answer says so, comes whole, and then the connection is closed."""
    async with connected(door) as (reader, writer):
        writer.write(request_)
        _, head, answer = await read(reader)

        assert b"connection: close" in head
        assert answer == b"door:hi"
        assert await reader.read() == b""


async def test_a_door_that_fails_is_a_fault_and_the_connection_lives_on(door: Echo) -> None:
    """500, the event loop is told, and the next request is answered."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(str(context["exception"])))

    async with connected(door) as (reader, writer):
        writer.write(ADMITTED % (5, b"fault"))
        assert (await read(reader))[0] == 500
        writer.write(ADMITTED % (2, b"hi"))
        assert (await read(reader))[2] == b"door:hi"

    assert told == ["a defect"]


async def test_who_hangs_up_has_their_update_taken_all_the_same(door: Echo) -> None:
    """The connection ends before the answer: what was posted is in, and nothing is raised."""
    door.open.clear()
    async with connected(door) as (_, writer):
        writer.write(ADMITTED % (2, b"hi"))
        await door.entered.wait()
        writer.transport.abort()
        door.open.set()

    assert door.taken == [b"hi"]


async def test_the_end_of_the_server_waits_for_what_is_in_hand(door: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that was begun gets its answer, which says that the connection ends."""
    ending = Doorway.shutdown

    def shutdown(doorway: Doorway) -> None:
        ending(doorway)
        door.open.set()

    monkeypatch.setattr(Doorway, "shutdown", shutdown)
    door.open.clear()
    app = Starlette()
    listener = listen("127.0.0.1", 0)
    async with serving(app, listener, doors={"/door": door}):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(ADMITTED % (2, b"hi"))
        await door.entered.wait()

    _, head, answer = await read(reader)
    writer.close()
    assert answer == b"door:hi"
    assert b"connection: close" in head
