"""Everything that is stored as plain JSON objects, out and in again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import orjson

from botflight_service.storage.interface import RecordRefused, StorageError, StorageUnavailable
from botflight_service.storage.json_store.audit import violations
from botflight_service.storage.json_store.codec import Record
from botflight_service.storage.json_store.layouts import Layout
from botflight_service.storage.json_store.state import State, Table

#: Tables with the rows that they had at one moment.
Frozen = Sequence[tuple[Layout[Any], tuple[Any, ...]]]


def frozen(state: State) -> Frozen:
    """What an archive holds; what comes later does not show in it."""
    return [(table.layout, tuple(table.rows.values())) for table in state.archived]


def dump(tables: Frozen, *, chunk: int) -> Iterator[bytes]:
    """Lists of so many records in JSON, table by table, in the order of their keys."""
    for layout, rows in tables:
        columns = tuple(layout.columns)
        order = itemgetter("place") if columns[0] == "place" else itemgetter(*columns[:3])
        records = iter(sorted(map(layout.encode, rows), key=order))
        while some := [{"table": layout.table} | record for record in islice(records, chunk)]:
            yield orjson.dumps(some)


def load(state: State, chunks: Iterable[Sequence[Record]]) -> int:
    """Fill an empty state; the number of records. Whoever calls undoes what an error leaves.

    Raises StorageUnavailable where the state is not empty, RecordRefused for a record that does not fit, StorageError
    where the records contradict each other.
    """
    if any(table.rows for table in state.archived):
        raise StorageUnavailable("the store is not empty: import into a new one")
    tables = {table.layout.table: table for table in state.archived}
    number = 0
    for chunk in chunks:
        for record in chunk:
            number += 1
            _load_record(tables, number, record)
    broken = violations(state)
    if broken:
        raise StorageError(f"the records contradict each other: {broken[0]}")
    return number


def _load_record(tables: Mapping[str, Table[Any]], number: int, record: Record) -> None:
    """Keep one record. Raises RecordRefused with its number."""
    fields = dict(record)
    name = fields.pop("table", None)
    table = tables.get(name) if isinstance(name, str) else None
    if table is None:
        raise RecordRefused(number, "it has no table that is known")
    try:
        row = table.layout.read(fields)
    except ValueError as error:
        raise RecordRefused(number, str(error)) from error
    if table.get(*table.layout.key(row)) is not None:
        raise RecordRefused(number, f"its key in {name} is taken by an earlier record")
    if "place" in fields and fields["place"] <= table.last_place:
        raise RecordRefused(number, f"its place in {name} is not after that of the record before it")
    table.put(row)
