"""The HTTP server: uvicorn on a socket that is bound before anything else, without its own hands on the signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from botflight_service.web.doorway import Door, Doorway

#: Connections that wait to be accepted.
BACKLOG = 1024
#: What open requests get at the end; the service itself has been drained by then.
CLOSE_LIMIT_S = 3


class AddressBusy(Exception):
    """Nothing can listen there. The text is one line that says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket; port 0 lets the system choose. Raises AddressBusy."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise AddressBusy(f"HOST={host} is no address of this machine: {error.strerror}") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise AddressBusy(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what does, or set another PORT"
        ) from None
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, listener: socket.socket, *, doors: Mapping[str, Door] = MappingProxyType({})
) -> AsyncIterator[None]:
    """Serve an app on a bound socket for the time of the block, and doors of it, by path, on a shorter way."""
    by_target = {path.encode("ascii"): door for path, door in doors.items()}
    server = _Server(
        uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", partial(Doorway, doors=by_target)),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_LIMIT_S,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
    try:
        yield
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """uvicorn, with signals left to the service: it drains before the server goes."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
