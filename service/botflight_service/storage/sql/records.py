"""Everything that is stored as plain JSON objects, out and in again."""

# ruff: noqa: S608 - what is put together here are constants of this file

from __future__ import annotations

import base64
import binascii
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from botflight_service.storage.interface import RecordRefused, StorageError, StorageUnavailable
from botflight_service.storage.sql.audit import violations
from botflight_service.storage.sql.connection import execute
from botflight_service.storage.sql.program import Row

#: Tables and their columns, in an order in which they can be filled. The others follow from these.
TABLES: Mapping[str, tuple[str, ...]] = {
    "users": ("partner", "user_id", "first_seen_at_ms", "blocked_at_ms"),
    "sessions": ("partner", "user_id", "update_id", "written_at_ms", "menu_message_id", "body"),
    "updates": (
        "place",
        "partner",
        "update_id",
        "correlation_id",
        "kind",
        "lane",
        "received_at_ms",
        "payload",
        "done_at_ms",
        "outcome",
    ),
    "attempts": (
        "place",
        "partner",
        "task_id",
        "user_id",
        "chat_id",
        "model",
        "inputs",
        "price_hundredths",
        "funding",
        "state",
        "correlation_id",
        "trace_parent",
        "language",
        "screen_message_id",
        "created_at_ms",
        "changed_at_ms",
        "submitted_at_ms",
        "job_id",
        "artifact_kind",
        "artifact_reference",
        "artifact_file_name",
        "telegram_file_id",
        "failure",
    ),
    "transfers": (
        "place",
        "partner",
        "transfer_id",
        "kind",
        "debit_kind",
        "debit_user_id",
        "credit_kind",
        "credit_user_id",
        "amount_hundredths",
        "user_id",
        "task_id",
        "resolves",
        "created_at_ms",
    ),
    "accounts": ("partner", "user_id", "kind", "balance_hundredths", "changed_at_ms"),
    "free_deductions": ("partner", "task_id", "user_id", "day", "daily_limit", "created_at_ms", "restored_at_ms"),
    "free_days": ("partner", "user_id", "day", "used"),
    "messages": (
        "place",
        "partner",
        "chat_id",
        "menu_of",
        "task_id",
        "body",
        "created_at_ms",
        "outcome",
        "ended_at_ms",
        "telegram_message_id",
    ),
    "payments": (
        "place",
        "partner",
        "charge_id",
        "user_id",
        "stars",
        "credited_hundredths",
        "invoice_payload",
        "language",
        "state",
        "refunds",
        "taken_hundredths",
        "paid_at_ms",
        "changed_at_ms",
    ),
    "admin_actions": ("place", "partner", "admin_id", "action", "subject", "outcome", "correlation_id", "at_ms"),
    "memos": ("partner", "name", "version", "body", "changed_at_ms"),
    "mutes": ("partner", "code", "until_ms", "up_to", "reason", "set_at_ms"),
}
_Value = str | int | bytes | None
#: Columns that hold JSON, and bytes.
_JSON = frozenset({"body", "inputs"})
_BYTES = frozenset({"payload"})


@dataclass(frozen=True, slots=True)
class Record:
    """A record that has a table, and values for all of its columns."""

    number: int
    table: str
    values: tuple[_Value, ...]


def dump(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every record, table by table, in the order of its key."""
    for table in TABLES:
        for row in connection.execute(selecting(table)):
            yield record_of(table, row)


def load(connection: sqlite3.Connection, chunks: Iterable[list[Mapping[str, Any]]]) -> int:
    """Fill an empty store, inside the transaction of whoever calls; the number of records.

    Raises StorageUnavailable where the store is not empty, RecordRefused for a record that does not fit, StorageError
    where the records contradict each other.
    """
    if any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in TABLES):
        raise StorageUnavailable("the store is not empty: import into a new one")
    number = 0
    for chunk in chunks:
        for given in chunk:
            number += 1
            _load_record(connection, values_of(number, given))
    broken = execute(connection, violations())
    if broken:
        raise StorageError(f"the records contradict each other: {broken[0]}")
    return number


def selecting(table: str) -> str:
    """The statement that reads a table in the order of its key."""
    columns = TABLES[table]
    key = "place" if columns[0] == "place" else ", ".join(columns[:3])
    return f"SELECT {', '.join(columns)} FROM {table} ORDER BY {key}"


def inserting(table: str) -> str:
    """The statement that inserts a record."""
    columns = TABLES[table]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def record_of(table: str, row: Row) -> dict[str, Any]:
    """A row of `selecting` as a JSON object."""
    named = {name: _out(name, value) for name, value in zip(TABLES[table], row, strict=True)}
    return {"table": table} | named


def values_of(number: int, record: Mapping[str, Any]) -> Record:
    """A JSON object, which stands at `number`, as the values of `inserting`. Raises RecordRefused."""
    table = record.get("table")
    columns = TABLES.get(table) if isinstance(table, str) else None
    if not isinstance(table, str) or columns is None or record.keys() != {"table", *columns}:
        raise RecordRefused(number, "it has no table that is known, or other fields than that table")
    try:
        return Record(number, table, tuple(_in(name, record[name]) for name in columns))
    except (TypeError, ValueError, binascii.Error) as error:
        raise RecordRefused(number, str(error)) from error


def _load_record(connection: sqlite3.Connection, record: Record) -> None:
    """Insert one record. Raises RecordRefused with its number."""
    try:
        connection.execute(inserting(record.table), record.values)
    except (sqlite3.DatabaseError, OverflowError) as error:
        raise RecordRefused(record.number, str(error)) from error


def _out(name: str, value: _Value) -> object:
    """A column's value as JSON has it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return orjson.loads(value) if isinstance(value, str) and name in _JSON else value


def _in(name: str, value: Any) -> _Value:  # noqa: ANN401 - whatever stood in the JSON
    """A column's value as the table has it."""
    if name in _JSON:
        return orjson.dumps(value).decode()
    return base64.b64decode(value, validate=True) if name in _BYTES else value
