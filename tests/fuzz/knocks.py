"""Requests as a server hands them on, whole, cut off or without an end, and what an app makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import orjson
from starlette.routing import BaseRoute, Mount, Route

from botflight_harness.asgi import ASGIApp, ASGIMessage

#: What takes longer hangs; in real seconds.
ANSWERED_WITHIN_S = 10.0
CHUNK = b"x" * 64 * 1024
#: A body without an end ends here, where nobody has stopped reading: the limit of the address does not hold.
READ_MOST = 80 * 1024 * 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
#: Kinds of update, of which the content is drawn like anything else.
UPDATES = ("message", "edited_message", "callback_query", "pre_checkout_query", "my_chat_member", "poll")

Fate = Literal["whole", "cut", "endless"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One request."""

    method: str
    path: str
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fate: Fate = "whole"

    def __str__(self) -> str:
        headers = ", ".join(f"{name}: {value!r}" for name, value in self.headers)
        return f"{self.method} {self.path}?{self.query!r} [{headers}] {self.body[:300]!r} ({self.fate})"


@dataclass(slots=True)
class Answer:
    """What came of a request."""

    #: 0 where the app ended without an answer, as it may when the client has gone.
    status: int = 0
    head: bytes = b""
    body: bytes = b""
    #: How much of the request's body was read.
    read: int = 0


async def knock(app: ASGIApp, one: Knock, *, state: dict[str, Any]) -> Answer:
    """Bring an app a request. Raises what the app raises, and TimeoutError where it hangs."""
    answer, chunks = Answer(), _chunks(one)

    async def receive() -> ASGIMessage:
        chunk = next(chunks, None)
        if chunk is None:
            return {"type": "http.disconnect"}
        answer.read += len(chunk[0])
        return {"type": "http.request", "body": chunk[0], "more_body": chunk[1]}

    async def send(message: ASGIMessage) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.head = b"\n".join(name + b": " + value for name, value in message["headers"])
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": one.method,
        "scheme": "http",
        "path": one.path,
        "raw_path": one.path.encode(errors="replace"),
        "query_string": one.query,
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in one.headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": state,
    }
    async with asyncio.timeout(ANSWERED_WITHIN_S):
        await app(scope, receive, send)
    return answer


def _chunks(one: Knock) -> Any:
    """The body in pieces, each with whether more comes."""
    if one.fate == "endless":
        yield from ((CHUNK, True) for _ in range(READ_MOST // len(CHUNK)))
    elif one.fate == "cut":
        yield one.body[: len(one.body) // 2], True
    else:
        half = len(one.body) // 2
        yield one.body[:half], True
        yield one.body[half:], False


def addresses(routes: Sequence[BaseRoute], root: str = "") -> list[tuple[str, tuple[str, ...]]]:
    """Every path below some routes, with its methods; none where any may be asked for."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for route in routes:
        if isinstance(route, Mount):
            found += addresses(route.routes, root + route.path_format.removesuffix("/{path}"))
        elif isinstance(route, Route):
            found.append((root + route.path_format, tuple(sorted(route.methods or ()))))
    return found


class Oddities:
    """Draws what nobody expects: texts, values, headers, bodies."""

    def __init__(self, chance: Random, *, known: Sequence[str]) -> None:
        self._chance = chance
        #: What is right somewhere: tokens, ids, names of fields.
        self._known = known

    def text(self) -> str:
        """A word in a path, a query or a header."""
        odd = (
            "",
            "0",
            "-1",
            "x",
            "%00",
            "..",
            "é",
            "\x00",
            "9" * 400,
            "NaN",
            "null",
            "'",
            "a" * 9000,
            "\r\n",
            "�",
            "true",
        )
        return self._chance.choice((*self._known, *odd))

    def value(self, depth: int = 0) -> Any:
        """Any value of JSON."""
        kind = self._chance.randrange(9 if depth < 3 else 6)
        match kind:
            case 0:
                return self.text()
            case 1:
                return self._chance.choice((0, 1, -1, 2**31, 2**53, 2**63, -(2**63), 2**64 - 1))
            case 2:
                return self._chance.choice((0.5, 1e308, -1e308, 5e-324))
            case 3:
                return self._chance.random() < 0.5
            case 4 | 5:
                return self._chance.choice((None, ""))
            case 6:
                return [self.value(depth + 1) for _ in range(self._chance.randint(0, 4))]
        return {self.text(): self.value(depth + 1) for _ in range(self._chance.randint(0, 4))}

    def knock(self, path: str, methods: Sequence[str], *, headers: tuple[tuple[str, str], ...] = ()) -> Knock:
        """A request for an address whose places are filled somehow."""
        body, kind = self.body()
        return Knock(
            method=self._chance.choice(
                (*(methods or ("POST",)), *(methods or ("POST",)), self._chance.choice(METHODS))
            ),
            path=self.filled(path),
            query=self.query(),
            headers=(*headers, ("content-type", kind), *self.headers()),
            body=body,
            fate=self._chance.choice(("whole", "whole", "whole", "whole", "cut", "endless")),
        )

    def update(self, path: str, *, headers: tuple[tuple[str, str], ...]) -> Knock:
        """Something that has an id and a kind, as an update has, and is none."""
        content = {self.text(): self.value() for _ in range(8)}
        origin = {"id": self._chance.choice((1, 2**63, "x")), "type": "private"}
        if self._chance.random() < 0.5:
            content |= {self._chance.choice(("from", "chat", "message")): origin, "from": origin}
        body = orjson.dumps({"update_id": self._chance.randrange(2**63), self._chance.choice(UPDATES): content})
        return Knock(method="POST", path=path, headers=headers, body=body)

    def filled(self, path: str) -> str:
        """A path with something in its places."""
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + self.text() + rest.partition("}")[2]
        return path

    def query(self) -> bytes:
        """A query, well formed or not."""
        pairs = [f"{self.text()}={self.text()}" for _ in range(self._chance.choice((0, 0, 1, 3)))]
        return "&".join(pairs).encode(errors="replace")

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Headers that some address looks at."""
        names = ("authorization", "x-diag-token", "accept", "cookie", "origin", "sec-fetch-site", "content-length")
        names += ("x-telegram-bot-api-secret-token", "x-forwarded-proto", "user-agent", "last-event-id", "host")
        drawn = self._chance.sample(names, self._chance.randint(0, 3))
        return tuple((name, self._header()) for name in drawn)

    def _header(self) -> str:
        begins = self._chance.choice(("", "", "Bearer ", "botflight_console=", "http://"))
        text = self.text().replace("\r\n", " ").replace("\x00", " ")
        return begins + text.encode("latin-1", "replace").decode("latin-1")

    def body(self) -> tuple[bytes, str]:
        """A body, and what it says that it is."""
        kind = self._chance.choice(("application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""))
        boundary = self._chance.choice(("", "; boundary=b", "; boundary=", '; boundary="b"'))
        match self._chance.randrange(5):
            case 0:
                body = self._chance.randbytes(self._chance.choice((0, 1, 100, 5000)))
            case 1:
                body = b"[" * 100_000
            case 2:
                part = f'--b\r\nContent-Disposition: form-data; name="{self.text()}"; filename="{self.text()}"\r\n\r\n'
                body = part.encode(errors="replace") + self._chance.randbytes(20) + b"\r\n--b--\r\n"
            case 3:
                body = self.query()
            case _:
                told = {self.text(): self.value() for _ in range(self._chance.randint(0, 5))}
                body = orjson.dumps(told)
        return body, kind + boundary if kind.startswith("multipart") else kind
