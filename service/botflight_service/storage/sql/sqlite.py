"""The embedded store: one SQLite file, one thread that writes, one that reads."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from botflight_diagnostics.billing_probe import BillingProbe, DatabaseFacts
from botflight_service.lock import FileLock
from botflight_service.storage.batches import Action, BatchThread
from botflight_service.storage.feed import Feed
from botflight_service.storage.locking import acquire, nothing_there
from botflight_service.storage.sql import audit, records
from botflight_service.storage.sql.connection import (
    MEMORY,
    connect,
    execute,
    explained,
    interruptible,
    reading,
    staying,
    writing,
)
from botflight_service.storage.sql.probe import SqlProbe
from botflight_service.storage.sql.program import Make, rows
from botflight_service.storage.sql.schema import SCHEMA_VERSION, check_ours, migrate, schema_version
from botflight_service.storage.sql.store import SqlStorage

T = TypeVar("T")

_EXPORT_CHUNK = 500


class SqliteStorage(SqlStorage):
    """A `Storage` on one file, or in memory for as long as it is open.

    Writes go through one thread, which commits (and syncs) what waits together. Reads go through another, on a
    connection that cannot write, and see every commit that was acknowledged before they began.
    """

    system = "sqlite"

    def __init__(self, file: str, *, clock: Callable[[], int]) -> None:
        super().__init__(clock=clock)
        self._file = file
        self._migrates = True
        self._lock = FileLock(Path(f"{file}.lock")) if file != MEMORY else None
        self._writer = BatchThread("botflight-sqlite-writer", connect=self._connect, transaction=writing(file))
        self._reader = self._writer
        if file != MEMORY:
            self._reader = BatchThread(
                "botflight-sqlite-reader", connect=partial(connect, file, writes=False), transaction=reading(file)
            )

    @property
    def commits(self) -> int:
        """How often was committed so far; works that wait together share one."""
        return self._writer.batches

    async def open(self, *, migrate: bool = True) -> None:
        """Lock the file, open and migrate it. Raises StorageUnavailable or SchemaTooNew."""
        self._migrates = migrate
        if self._lock is not None:
            if not migrate and not Path(self._file).is_file():  # noqa: ASYNC240 - one look, before anybody is served
                raise nothing_there(self._file)
            acquire(self._lock, self._file)
        try:
            await self._writer.start()
            if self._reader is not self._writer:
                await self._reader.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Commit what waits, then let go of the file."""
        if self._reader is not self._writer:
            await self._reader.stop()
        await self._writer.stop()
        if self._lock is not None:
            self._lock.release()

    # -- looking at it from outside

    def probe(self, partner: str, *, day_of: Callable[[int], str]) -> BillingProbe:
        """What preflight asks."""
        return SqlProbe(
            partner, day_of=day_of, clock=self._clock, database=self._facts, ask=self._ask, write=self._write
        )

    async def violations(self) -> Sequence[str]:
        """Recompute every invariant, those of the file among them; one sentence for each that does not hold."""
        damage = await self._ask(partial(rows, "PRAGMA integrity_check(10)"))
        damaged = [f"the file is damaged: {found[0]}" for found in damage if found[0] != "ok"]
        return [*damaged, *await super().violations()][: audit.MAX_SENTENCES]

    async def export(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every record as of one commit, in an order in which they can be imported."""
        async with self._apart() as run:
            dump = await run(records.dump)
            while chunk := await run(lambda _: list(islice(dump, _EXPORT_CHUNK))):
                for record in chunk:
                    yield record

    async def load(self, incoming: AsyncIterator[Mapping[str, Any]]) -> int:
        """Fill an empty store, all or nothing; the number of records."""
        feed = Feed(incoming)
        try:
            return await self._writer.run(lambda connection: records.load(connection, feed.chunks()))
        finally:
            feed.abandon()

    # -- the connections

    def _connect(self) -> sqlite3.Connection:
        """Open the connection that writes, and bring the schema up to date."""
        connection = connect(self._file, writes=True)
        try:
            with explained(self._file):
                (migrate if self._migrates else check_ours)(connection, name=self._file)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _write(self, make: Make[T]) -> T:
        return await self._writer.run(lambda connection: execute(connection, make()))

    async def _read(self, make: Make[T]) -> T:
        return await self._reader.run(lambda connection: execute(connection, make()))

    async def _ask(self, make: Make[T]) -> T:
        async with self._apart() as run:
            return await run(lambda connection: execute(connection, make()))

    async def _facts(self) -> DatabaseFacts:
        """Ask for the versions."""
        started = time.perf_counter()
        async with self._apart() as run:
            version = await run(schema_version)
        return DatabaseFacts(
            version=f"SQLite {sqlite3.sqlite_version}",
            schema_version=version,
            expected_schema_version=SCHEMA_VERSION,
            latency_ms=(time.perf_counter() - started) * 1000,
        )

    @contextlib.asynccontextmanager
    async def _apart(self) -> AsyncIterator[Callable[[Action[sqlite3.Connection, T]], Awaitable[T]]]:
        """Lend a connection that stays at one commit; the store in memory has but one, so everybody waits there."""
        if self._file == MEMORY:
            yield self._writer.run
            return
        thread = BatchThread(
            "botflight-sqlite-apart",
            connect=partial(connect, self._file, writes=False),
            transaction=staying(self._file),
            interrupt=interruptible,
        )
        try:
            await thread.start()
            yield thread.run
        finally:
            thread.abandon()
