"""A client that calls an ASGI app in its own event loop, without sockets, lifespan included."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
ASGIMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
Send = Callable[[ASGIMessage], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

#: An app that has not started or stopped by then hangs; in real seconds.
LIFESPAN_S = 30.0


class LifespanFailed(RuntimeError):
    """The app said that it could not start or stop."""


@dataclass(frozen=True, slots=True)
class Response:
    """What an app answered."""

    status: int
    #: names in lower case; of several values the last
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Lifespan:
    """Starts and stops an app, as a server does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._incoming: asyncio.Queue[ASGIMessage] = asyncio.Queue()
        self._outgoing: asyncio.Queue[ASGIMessage] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._state: dict[str, Any] = {}

    @property
    def state(self) -> dict[str, Any]:
        """What the app keeps between its requests."""
        return self._state

    async def start(self) -> None:
        """Send startup and wait for the answer. An app without lifespan is started at once.

        Raises LifespanFailed when the app says that it cannot.
        """
        self._task = asyncio.create_task(self._run())
        await self._exchange("startup")

    async def stop(self) -> None:
        """Send shutdown and wait for the end. Raises LifespanFailed when the app says that it failed."""
        if self._task is None:
            return
        try:
            if not self._task.done():
                await self._exchange("shutdown")
        finally:
            if not self._task.done():
                self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        try:
            await self._app(scope, self._incoming.get, self._outgoing.put)
            await self._outgoing.put({"type": "lifespan.ended"})
        except Exception as error:  # noqa: BLE001 -- the protocol: an app that raises here knows no lifespan
            await self._outgoing.put({"type": "lifespan.unsupported", "message": f"{type(error).__name__}: {error}"})

    async def _exchange(self, phase: str) -> None:
        await self._incoming.put({"type": f"lifespan.{phase}"})
        async with asyncio.timeout(LIFESPAN_S):
            message = await self._outgoing.get()
        if message["type"] == f"lifespan.{phase}.failed":
            raise LifespanFailed(message.get("message", phase))


async def request(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    state: Mapping[str, Any] | None = None,
) -> Response:
    """Send one request and return the answer when it is whole.

    Raises whatever the app raises: a server would have answered 500.
    """
    route, _, query = path.partition("?")
    lowered = {"host": "testserver", "content-length": str(len(body))}
    lowered |= {name.lower(): value for name, value in (headers or {}).items()}
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lowered.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "state": dict(state or {}),
    }
    exchange = _Exchange(body)
    await app(scope, exchange.receive, exchange.send)
    return exchange.response()


class _Exchange:
    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._started: ASGIMessage | None = None
        self._parts: list[bytes] = []
        self._ended = asyncio.Event()

    async def receive(self) -> ASGIMessage:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: ASGIMessage) -> None:
        if message["type"] == "http.response.start":
            self._started = message
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._ended.set()

    def response(self) -> Response:
        if self._started is None:
            raise RuntimeError("the app answered nothing")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._headers()}
        return Response(self._started["status"], headers, b"".join(self._parts))

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return list((self._started or {}).get("headers", ()))
