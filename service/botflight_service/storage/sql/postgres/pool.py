"""Connections to PostgreSQL: a few that are kept and lent, others for those who must not wait for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]  # it says nothing of its types

from botflight_service.storage.interface import StorageUnavailable
from botflight_service.storage.sql.postgres.faults import Lost, explained
from botflight_service.storage.sql.postgres.link import Link
from botflight_service.storage.sql.postgres.schema import SCHEMA
from botflight_service.storage.sql.postgres.spares import Spares

#: Connections kept for writes and reads; one does about 2,000 transactions a second.
POOL_SIZE = 10
#: Connections beside them, for preflight's sections, mutes, audits and exports.
MAX_APART = 12
CONNECT_TIMEOUT_S = 5.0
#: How long to wait for a connection that others have.
ACQUIRE_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 5.0
_IDLE_S = 300.0

#: Set for every session, so that nothing hangs on how the server was set up.
#: synchronous_commit: what was acknowledged must survive a power cut, also where the server's default is off.
#: plan_cache_mode: all our statements go by keys, and to plan a whole work's takes longer than to run it (2 ms, 0.4).
#: The timeouts let go of locks when the process that holds them was stopped or cut off.
_SESSION = {
    "application_name": "botflight",
    "search_path": SCHEMA,
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
#: Whoever borrows a kept connection goes by keys too where there are many of them, however small the tables were when
#: the statement was planned: a plan is kept, and one that reads a whole table is bad for a minute (until ANALYZE).
_BY_KEYS = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}


class Pool:
    """The connections of one store. Every wait has an end, also when the server is frozen."""

    def __init__(self, url: str, *, size: int = POOL_SIZE) -> None:
        self._url = url
        self._size = size
        self._pool: asyncpg.Pool[Any] | None = None
        self._room_apart = asyncio.Semaphore(MAX_APART)
        self._spares = Spares()
        #: What the database is called in errors: where it is, and no password.
        self.name = _name(url)

    @property
    def size(self) -> int:
        """How many connections may be lent at once."""
        return self._size

    @property
    def in_use(self) -> int:
        """How many connections are lent."""
        return self._pool.get_size() - self._pool.get_idle_size() if self._pool is not None else 0

    async def open(self) -> None:
        """Make ready to lend; the first connection is made by the first who asks."""
        with self._url_understood(), explained(self.name):
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._size,
                max_inactive_connection_lifetime=_IDLE_S,
                timeout=CONNECT_TIMEOUT_S,
                server_settings=_SESSION | _BY_KEYS,
                # Transactions are ended by whoever began them, nothing else is left behind: that saves a round trip.
                reset=_nothing,
            )

    async def close(self) -> None:
        """Say goodbye to the server, or hang up where it does not answer."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        await self._spares.close(within_s=CLOSE_TIMEOUT_S)
        closing = asyncio.ensure_future(pool.close())
        await asyncio.wait({closing}, timeout=CLOSE_TIMEOUT_S)
        if not closing.done():
            pool.terminate()
        with contextlib.suppress(asyncpg.InterfaceError, OSError):
            await closing

    @contextlib.asynccontextmanager
    async def lend(self, *, within_s: float) -> AsyncIterator[Link]:
        """Lend a kept connection, for so long. Raises StorageError where all are in use, Lost where there is none."""
        if self._pool is None:
            raise StorageUnavailable("the store is closed: open it before use")
        pool = self._pool
        with self._url_understood(), explained(self.name):
            try:
                raw = await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
            except TimeoutError as error:
                raise Lost(f"{self.name}: no connection was to be had within {ACQUIRE_TIMEOUT_S:g} s") from error
        link = Link(raw, name=self.name)
        try:
            with link.within(within_s):
                yield link
        finally:
            # Of a connection that was cut nothing is awaited.
            with contextlib.suppress(asyncpg.InterfaceError, OSError):
                await pool.release(raw)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[Link]:
        """Lend a connection of one's own for as long as it holds; each use of it has a deadline of its own."""
        with self._url_understood(), explained(self.name):
            raw = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_S, server_settings=_SESSION)
        try:
            yield Link(raw, name=self.name)
        finally:
            raw.terminate()

    @contextlib.asynccontextmanager
    async def apart(self, *, within_s: float, spare: bool = False) -> AsyncIterator[Link]:
        """Lend a connection for this alone, which waits for none of the others.

        It is made for this; with `spare` one may be taken that was used so before, and is left for the next.
        """
        async with self._room_apart:
            raw = self._spares.take() if spare else None
            if raw is None:
                with self._url_understood(), explained(self.name):
                    raw = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_S, server_settings=_SESSION)
            link = Link(raw, name=self.name)
            left = False
            try:
                with link.within(within_s):
                    yield link
                    left = spare and self._pool is not None and self._spares.put(raw)
                    if not left:
                        await raw.close(timeout=CLOSE_TIMEOUT_S)
            finally:
                if not left:
                    raw.terminate()

    @contextlib.contextmanager
    def _url_understood(self) -> Iterator[None]:
        try:
            yield
        except (asyncpg.ClientConfigurationError, ValueError) as error:
            raise StorageUnavailable(f"the storage URL is not understood: {error}") from error


async def _nothing(_: object) -> None:
    """Leave a connection as it is."""


def _name(url: str) -> str:
    """Where a URL leads, without its user and password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "PostgreSQL"
    return f"PostgreSQL at {parts.hostname or 'localhost'}{port}{parts.path}"
