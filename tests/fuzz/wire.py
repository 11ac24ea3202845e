"""Bytes on a connection, as no client of ours would send them: cut, flipped, pipelined, far too long."""

from __future__ import annotations

import asyncio
import re
from random import Random

import orjson

#: A server that has neither answered nor closed by then hangs; in real seconds.
ENDED_WITHIN_S = 15.0
#: How often a request is as Telegram sends it: what is odd comes before and after it on the same connection.
_PLAIN = 0.4
_PLAINLY = b"POST /webhook HTTP/1.1\r\nX-Telegram-Bot-Api-Secret-Token: %b\r\nContent-Length: %d\r\n\r\n%b"
#: How long an answer to a whole request may take before its client ends the connection.
_PATIENCE_S = 0.05
_TARGETS = (
    *["/webhook"] * 12,
    "/webhook?x",
    "/webhook/",
    "/livez",
    "/metrics",
    "*",
    "http://x/webhook",
    "/%77ebhook",
    "//webhook",
)
_HEADS = (
    "Content-Length: -1",
    "Content-Length: 5, 5",
    "Content-Length: 99999999999999999999",
    "Content-Length: 1048577",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, gzip",
    "Expect: 100-continue",
    "Connection: close",
    "Connection: upgrade\r\nUpgrade: websocket",
    "X: " + "a" * 70_000,
    "No colon",
    " folded: header",
    "X-Telegram-Bot-Api-Secret-Token: wrong",
    "Content-Encoding: gzip",
    "\u0416: x",
)


def bytes_of(chance: Random, *, secret: str) -> bytes:
    """One to four requests, of which most are not as they should be."""
    return b"".join(_request(chance, secret) for _ in range(chance.choice((1, 1, 1, 2, 4))))


def _request(chance: Random, secret: str) -> bytes:
    body = orjson.dumps({"update_id": chance.randrange(2**63), "poll": {"id": str(chance.randrange(99))}})
    if chance.random() < _PLAIN:
        return _PLAINLY % (secret.encode(), len(body), body)
    heads = [f"X-Telegram-Bot-Api-Secret-Token: {secret}"] if chance.random() < 0.8 else []
    heads += chance.sample(_HEADS, chance.choice((0, 0, 0, 1, 2)))
    if "Transfer-Encoding: chunked" in heads:
        size = chance.choice((f"{len(body):x}", "fffffffffffffffff", "-1", "zz", ""))
        body = size.encode() + b"\r\n" + body + b"\r\n0\r\n\r\n"
    elif chance.random() < 0.9:
        heads.append(f"Content-Length: {len(body) + chance.choice((0, 0, 0, 0, 7, -7))}")
    method = chance.choice(("POST", "POST", "POST", "GET", "PRI", "post", "DELETE"))
    version = chance.choice(("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", ""))
    line = f"{method} {chance.choice(_TARGETS)} {version}"
    whole = "\r\n".join([line, "Host: x", *heads, "", ""]).encode() + body
    match chance.randrange(8):
        case 0:
            whole = whole[: chance.randrange(len(whole))]
        case 1:
            at = chance.randrange(len(whole))
            whole = whole[:at] + chance.randbytes(1) + whole[at + 1 :]
        case 2:
            whole = whole.replace(b"\r\n", b"\n")
    return whole


async def exchanged(address: tuple[str, int], sent: bytes, chance: Random) -> bytes:
    """Send bytes in pieces, end there, and give what came back. Raises TimeoutError where the server does not end."""
    async with asyncio.timeout(ENDED_WITHIN_S):
        reader, writer = await asyncio.open_connection(*address)
        try:
            cut = sorted(chance.randrange(len(sent) + 1) for _ in range(chance.choice((0, 1, 3))))
            for begin, end in zip([0, *cut], [*cut, len(sent)], strict=True):
                writer.write(sent[begin:end])
                await writer.drain()
            if chance.random() < 0.2:
                return b""
            came = await _soon(reader)
            writer.write_eof()
            return came + await reader.read(-1)
        except OSError:  # asyncio.timeout cancels: a TimeoutError is never caught here
            # It had enough of what it was sent.
            return b""
        finally:
            writer.close()


async def _soon(reader: asyncio.StreamReader) -> bytes:
    """What comes at once: a server drops what it would have said once its client has said that it is done."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await reader.read(2**16)
    except TimeoutError:
        return b""


def statuses(answers: bytes) -> list[str]:
    """The statuses in what came back."""
    return [found.decode() for found in re.findall(rb"^HTTP/1\.[01] (\d{3})", answers, re.MULTILINE)]
