"""The benchmark counts what it says that it counts: updates that were answered, and those that were not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from tests.bench.bot_api import BotApi
from tests.bench.load import Load, Target
from tests.bench.wire import Messages, NotSpoken

Answer = Callable[[int], bytes]
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_LATER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Bot(asyncio.Protocol):
    """A bot whose whole behaviour is a function from the number of an update to a response."""

    def __init__(self, answer: Answer, *, closes: bool = False) -> None:
        self._answer = answer
        self._closes = closes
        self._messages = Messages()
        self._taken = 0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        for _ in self._messages.feed(data):
            self._transport.write(self._answer(self._taken))
            self._taken += 1
            if self._closes:
                self._transport.close()


@contextlib.asynccontextmanager
async def loaded(answer: Callable[[Load], Answer], *, closes: bool = False) -> AsyncIterator[Load]:
    """A load on one connection to a bot that lives beside it."""
    loads: list[Load] = []
    server = await asyncio.get_running_loop().create_server(
        lambda: Bot(answer(loads[0]), closes=closes), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    loads.append(Load(Target(port=port, secret="s", connections=1, chats=3)))
    async with server, loads[0].connected():
        yield loads[0]


def answering(load: Load, *, unless: int = -1, times: int = 1) -> Answer:
    """Acknowledge every update, and send `times` messages to its chat, `unless` it is that one."""
    api = BotApi(load.completed)

    def answer(number: int) -> bytes:
        for _ in range(0 if number == unless else times):
            api.answer(b"/bot1:x/sendMessage", b'{"chat_id": %d, "text": "hello"}' % (1_000_000 + number % 3))
        return _OK

    return answer


async def test_an_update_is_completed_when_its_message_came() -> None:
    """Every update that was acknowledged and answered by a message is completed, and nothing else is."""
    async with loaded(answering) as load:
        tally = await load.run(seconds=5, most=7)

    assert (tally.posted, tally.accepted, tally.completed, tally.extra) == (7, 7, 7, 0)


async def test_an_acknowledged_update_without_a_message_is_lost() -> None:
    """An acknowledgement alone completes nothing."""
    async with loaded(lambda load: answering(load, unless=4)) as load:
        tally = await load.run(seconds=0.01, most=7, drain_s=0)

    assert (tally.accepted, tally.completed) == (7, 6)


async def test_a_second_message_to_one_update_is_extra() -> None:
    """A message that no update waits for does not count as an answer."""
    async with loaded(lambda load: answering(load, times=2)) as load:
        tally = await load.run(seconds=5, most=7)

    assert (tally.completed, tally.extra) == (7, 7)


async def test_a_refused_update_is_neither_accepted_nor_waited_for() -> None:
    """503 says that nothing will come."""
    async with loaded(lambda _: lambda _number: _LATER) as load, asyncio.timeout(2):
        tally = await load.run(seconds=5, most=7)

    assert (tally.accepted, tally.refused, tally.completed) == (0, 7, 0)


async def test_a_connection_that_was_closed_as_it_rested_is_replaced() -> None:
    """Servers close connections that rest for seconds: the next update takes a new one."""
    async with loaded(lambda _: lambda _number: _LATER, closes=True) as load, asyncio.timeout(2):
        await load.run(seconds=5, most=1)
        while not load.renewed:  # noqa: ASYNC110 - the loop has to turn
            await asyncio.sleep(0)

        tally = await load.run(seconds=5, most=1)

    assert tally.refused == 1


def test_messages_are_cut_where_they_end_however_they_arrive() -> None:
    """A message may come byte by byte, and several at once."""
    wire = b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi" * 2
    one_by_one, together = Messages(), Messages()

    found = [message for at in range(len(wire)) for message in one_by_one.feed(wire[at : at + 1])]

    assert found == together.feed(wire)
    assert [body for _, body in found] == [b"hi", b"hi"]


def test_chunks_are_refused_and_not_misread() -> None:
    """What the reader does not speak stops the measurement."""
    with pytest.raises(NotSpoken):
        Messages().feed(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
