"""Requests over kept-alive connections: every way in which the other end may answer, and may not."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from botflight_service.bot import connections as module
from botflight_service.bot.connections import AnswerTooLarge, Connections, Disconnected, NotHttp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request, whole."""
    head = await reader.readuntil(b"\r\n\r\n")
    size = next((int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")), 0)
    return head + await reader.readexactly(size)


def always(answer: bytes) -> Peer:
    """An end that answers every request alike."""

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(answer)

    return answers


@asynccontextmanager
async def talking_to(
    peer: Peer, *, limit: int = 4, tls: ssl.SSLContext | None = None, accepted: list[str] | None = None
) -> AsyncIterator[Connections]:
    """Connections to an end that behaves so; each that it accepts is noted in `accepted`."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if accepted is not None:
            accepted.append("one more")
        try:
            await peer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        host = "https://localhost" if tls else "http://127.0.0.1"
        connections = Connections(f"{host}:{port}", limit=limit)
        try:
            yield connections
        finally:
            connections.close()


async def ask(connections: Connections, body: bytes | None = b"{}", *, read_s: float = 5.0) -> tuple[int, bytes]:
    """One request with patience."""
    return await connections.request("POST", "/botX/getMe", body, wait_s=0.05, connect_s=5.0, read_s=read_s)


async def test_a_request_says_where_it_goes_and_what_it_holds() -> None:
    """Host, type and length are there, and the body as it was given."""
    seen = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(OK)

    async with talking_to(peer) as connections:
        assert await ask(connections, b'{"chat_id":1}') == (200, b"ok")

    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /botX/getMe HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nContent-Type: application/json\r\nContent-Length: 13" in head
    assert body == b'{"chat_id":1}'


async def test_a_connection_is_used_again() -> None:
    """One after the other, requests share a connection."""
    accepted: list[str] = []

    async with talking_to(always(OK), accepted=accepted) as connections:
        answers = [await ask(connections) for _ in range(5)]

    assert answers == [(200, b"ok")] * 5
    assert len(accepted) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["in chunks", "after a word to go on", "and closes", "in the old way"],
)
async def test_an_answer_is_read_however_it_is_written(answer: bytes) -> None:
    """What HTTP allows comes out the same, and the next request gets its own answer."""
    async with talking_to(always(answer)) as connections:
        assert [await ask(connections) for _ in range(2)] == [(200, b"ok")] * 2


async def test_an_answer_in_pieces_is_put_together() -> None:
    """However the network cuts it."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for at in range(len(OK)):
            writer.write(OK[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0)

    async with talking_to(peer) as connections:
        assert await ask(connections) == (200, b"ok")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", b"HTTP/1.1 200"])
async def test_an_answer_that_breaks_off_is_an_error(answer: bytes) -> None:
    """Half an answer is never taken for one."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)

    async with talking_to(peer) as connections:
        with pytest.raises(Disconnected):
            await ask(connections)


async def test_what_is_no_http_is_an_error_and_the_next_request_is_not_harmed() -> None:
    """A connection that talks nonsense is not used again."""
    answers = iter([b"\x00\x01nonsense\r\n\r\n", OK])

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(next(answers))
        await reader.read()

    async with talking_to(peer) as connections:
        with pytest.raises(NotHttp):
            await ask(connections)
        assert await ask(connections) == (200, b"ok")


async def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a limit."""
    monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 10)

    async with talking_to(always(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + bytes(11))) as connections:
        with pytest.raises(AnswerTooLarge):
            await ask(connections)


async def test_silence_ends_in_a_time_out_and_a_word_in_between_counts() -> None:
    """What is waited for is the next byte: a long answer may take longer than any silence."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for piece in (OK[:10], OK[10:20], OK[20:30]):
            writer.write(piece)
            await asyncio.sleep(0.12)
        writer.write(OK[30:])
        await read_request(reader)
        await reader.read()

    async with talking_to(peer) as connections:
        assert await ask(connections, read_s=0.2) == (200, b"ok")
        with pytest.raises(TimeoutError):
            await ask(connections, read_s=0.2)


async def test_those_that_find_no_connection_wait_their_time() -> None:
    """The limit holds, and whoever waits too long is told."""
    over = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await over.wait()
        writer.write(OK)
        await reader.read()

    async with talking_to(peer, limit=1) as connections:
        first = asyncio.ensure_future(ask(connections))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await ask(connections)
        over.set()
        assert await first == (200, b"ok")


async def test_a_request_that_is_given_up_leaves_its_place() -> None:
    """Whoever is cancelled takes no connection along, and its answer is nobody else's."""
    asked = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b"first" in await read_request(reader)
        asked.set()
        if not first:
            writer.write(OK)
        await reader.read()

    async with talking_to(peer, limit=1) as connections:
        given_up = asyncio.ensure_future(ask(connections, b"first"))
        await asked.wait()
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)

        assert await ask(connections) == (200, b"ok")


async def test_a_connection_that_was_closed_while_idle_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other end may close what rests; the next request takes a new connection."""
    ended = asyncio.Event()
    losing = module._Connection.connection_lost

    def lost(connection: module._Connection, error: Exception | None) -> None:
        losing(connection, error)
        ended.set()

    monkeypatch.setattr(module._Connection, "connection_lost", lost)

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)

    async with talking_to(peer) as connections:
        await ask(connections)
        await ended.wait()

        assert await ask(connections) == (200, b"ok")


async def test_a_connection_that_rested_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be about to be closed."""
    accepted: list[str] = []

    async with talking_to(always(OK), accepted=accepted) as connections:
        await ask(connections)
        monkeypatch.setattr(module, "IDLE_S", 0.0)
        await ask(connections)

    assert len(accepted) == 2


async def test_closing_ends_what_is_under_way() -> None:
    """Nobody waits for ever at the end."""
    asked = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await read_request(reader)
        asked.set()
        await reader.read()

    async with talking_to(peer) as connections:
        asking = asyncio.ensure_future(ask(connections))
        await asked.wait()
        connections.close()

        with pytest.raises(Disconnected):
            await asking


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """Another end with a certificate for localhost, and that certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([*made.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context, certificate


async def test_a_certificate_that_nobody_vouches_for_is_refused(certified: tuple[ssl.SSLContext, Path]) -> None:
    """Whoever stands in between gets no token."""
    async with talking_to(always(OK), tls=certified[0]) as connections:
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(connections)


async def test_https_is_spoken(certified: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The real Telegram is behind TLS."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certified[1]))

    async with talking_to(always(OK), tls=certified[0]) as connections:
        assert [await ask(connections) for _ in range(2)] == [(200, b"ok")] * 2
