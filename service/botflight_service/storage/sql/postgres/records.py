"""Everything that is stored as plain JSON objects, out of PostgreSQL and in again."""

# ruff: noqa: S608 - what is put together here are constants

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from itertools import groupby
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it says nothing of its types

from botflight_service.storage.interface import RecordRefused, StorageError, StorageUnavailable
from botflight_service.storage.sql.audit import violations
from botflight_service.storage.sql.postgres.faults import explained
from botflight_service.storage.sql.postgres.link import Link, numbered
from botflight_service.storage.sql.records import TABLES, Record, inserting, record_of, selecting, values_of

#: Records read at once.
_CHUNK = 500
#: Records written at once: each chunk adds to the same counters, and PostgreSQL looks through all of a row's versions
#: that one transaction made, so that many small chunks cost their square.
_LOAD_CHUNK = 5_000
#: What a value may be refused with: by asyncpg before it is sent, by the server after.
_REFUSALS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.PostgresSyntaxError)


async def dump(link: Link) -> AsyncIterator[dict[str, Any]]:
    """Every record, table by table, in the order of its key; inside the transaction of whoever calls."""
    for table in TABLES:
        # A name for each: asyncpg remembers what a statement fetches by its text.
        await link.script(f"DECLARE {table}_dumped NO SCROLL CURSOR FOR {selecting(table)}")
        while chunk := await _fetched(link, f"{table}_dumped"):
            for row in chunk:
                yield record_of(table, row)
        await link.script(f"CLOSE {table}_dumped")


async def load(link: Link, incoming: AsyncIterator[Mapping[str, Any]]) -> int:
    """Fill an empty store, inside the transaction of whoever calls; the number of records.

    Raises StorageUnavailable where the store is not empty, RecordRefused for a record that does not fit, StorageError
    where the records contradict each other.
    """
    # Nobody writes meanwhile: the store is empty until it is full.
    await link.script(f"LOCK TABLE {', '.join(TABLES)} IN SHARE ROW EXCLUSIVE MODE")
    for table in TABLES:
        if await link.value(f"SELECT EXISTS (SELECT 1 FROM {table})"):
            raise StorageUnavailable("the store is not empty: import into a new one")
    number = 0
    chunk: list[Mapping[str, Any]] = []
    async for record in incoming:
        chunk.append(record)
        if len(chunk) == _LOAD_CHUNK:
            number = await _loaded(link, chunk, number)
            chunk = []
    number = await _loaded(link, chunk, number)
    await _continue_places(link)
    broken = await link.run(violations())
    if broken:
        raise StorageError(f"the records contradict each other: {broken[0]}")
    return number


async def _fetched(link: Link, cursor: str) -> Sequence[Any]:
    """The next rows of a cursor."""
    with explained(link.name):
        return await link.raw.fetch(f"FETCH {_CHUNK} FROM {cursor}")


async def _loaded(link: Link, chunk: Sequence[Mapping[str, Any]], number: int) -> int:
    """Insert records, of which `number` came before; how many there are now."""
    records = [values_of(count, record) for count, record in enumerate(chunk, number + 1)]
    for table, group in groupby(records, key=lambda record: record.table):
        await _insert(link, table, list(group))
    return number + len(records)


async def _insert(link: Link, table: str, records: Sequence[Record]) -> None:
    """Copy records of one table in one go; where one is refused, insert them one by one, to name it."""
    await link.script("SAVEPOINT chunk")
    try:
        await _explained(
            link,
            link.raw.copy_records_to_table(table, columns=TABLES[table], records=[record.values for record in records]),
        )
    except _REFUSALS:
        await link.script("ROLLBACK TO SAVEPOINT chunk")
        for record in records:
            try:
                await _explained(link, link.raw.execute(numbered(inserting(table)), *record.values))
            except _REFUSALS as error:
                raise RecordRefused(record.number, str(error)) from error
    await link.script("RELEASE SAVEPOINT chunk")


async def _explained(link: Link, writing: Awaitable[str]) -> None:
    """Write. Raises what asyncpg or the server refuses the values with, or a StorageError."""
    try:
        await writing
    except _REFUSALS:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        with explained(link.name):
            raise


async def _continue_places(link: Link) -> None:
    """Let the next places follow those that were imported."""
    for table, columns in TABLES.items():
        if columns[0] == "place":
            await link.value(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'place'), coalesce(max(place), 0) + 1, false)"
                f" FROM {table}"
            )
