"""An ASGI application served on a socket for as long as a block of code runs."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

#: How long requests in progress may take once the server closes.
CLOSE_WITHIN_S = 2.0

_BACKLOG = 2048

#: Where a request finds the event that tells that the server closes.
_CLOSING = "botflight.closing"


class ListenError(Exception):
    """No server could be started. Nothing was left behind."""


class PortBusyError(ListenError):
    """Another program listens there: stop it or choose another port."""

    def __init__(self, *, host: str, port: int) -> None:
        super().__init__(f"port {port} of {host} is in use by another program")
        self.host = host
        self.port = port


class StartupFailedError(ListenError):
    """The application's own start failed; its log says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address as the beginning of a URL, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def closing_of(scope: Scope) -> asyncio.Event:
    """Give the event that is set when the server of this request closes. Long answers end then."""
    event = scope.get("state", {}).get(_CLOSING)
    return event if isinstance(event, asyncio.Event) else asyncio.Event()


def listen(*, host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Raises PortBusyError when somebody has the port, and ListenError when the address cannot be used at all.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as unknown:
        raise ListenError(f"{host} is no address of this machine") from unknown
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except OSError as refused:
        opened.close()
        if refused.errno == errno.EADDRINUSE:
            raise PortBusyError(host=host, port=port) from refused
        raise ListenError(f"cannot listen on port {port} of {host}: {refused.strerror}") from refused
    return opened


def free_port() -> int:
    """Return a port of this machine on which nobody listens now."""
    with contextlib.closing(listen(host="127.0.0.1", port=0)) as opened:
        port: int = opened.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Address]:
    """Serve an application in the running event loop until the block ends; signals are left alone.

    Port 0 takes a free one. Raises ListenError (PortBusyError) before the block is entered.
    """
    opened = listen(host=host, port=port)
    server = _Server(app)
    running = asyncio.create_task(server.serve(sockets=[opened]), name="botflight harness server")
    try:
        await server.wait_until_ready(running)
        yield Address(host=host, port=opened.getsockname()[1])
    finally:
        server.closing.set()
        await asyncio.wait([running])
        opened.close()


class _Server(uvicorn.Server):
    """uvicorn without signals, and without its waits in steps of 100 ms, which every test would pay."""

    def __init__(self, app: ASGIApp) -> None:
        self.closing = asyncio.Event()
        self._ready = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                _told_of_closing(app, self.closing),
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
            )
        )

    async def wait_until_ready(self, running: asyncio.Task[None]) -> None:
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait([ready, running], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            raise StartupFailedError("the application did not start") from running.exception()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as failed:  # a task that raises it would end the whole program
            raise StartupFailedError("the application did not start") from failed
        self._ready.set()

    async def main_loop(self) -> None:
        await self.closing.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        unfinished = {task for task in self.server_state.tasks if not task.done()}
        if unfinished:
            _, late = await asyncio.wait(unfinished, timeout=CLOSE_WITHIN_S)
            for task in late:
                task.cancel()
        await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _told_of_closing(app: ASGIApp, closing: asyncio.Event) -> ASGIApp:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        state: dict[str, Any] = scope.setdefault("state", {})
        state[_CLOSING] = closing
        await app(scope, receive, send)

    return told
