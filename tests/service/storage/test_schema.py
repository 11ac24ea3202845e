from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from botflight_service.storage.sql import schema
from botflight_service.storage.sql.connection import MEMORY, connect
from botflight_service.storage.sql.records import TABLES
from botflight_service.storage.sql.schema import SCHEMA_VERSION, migrate, schema_version
from makings import NOW_MS, PARTNER


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A database with our tables."""
    opened = connect(MEMORY, writes=True)
    migrate(opened, name=MEMORY)
    yield opened
    opened.close()


def insert_transfer(connection: sqlite3.Connection, **changes: object) -> None:
    values: dict[str, object] = {
        "partner": PARTNER,
        "transfer_id": "t-1",
        "kind": "hold",
        "debit_kind": "wallet",
        "debit_user_id": 11,
        "credit_kind": "held",
        "credit_user_id": 11,
        "amount_hundredths": 100,
        "user_id": 11,
        "task_id": "a task",
        "resolves": None,
        "created_at_ms": NOW_MS,
    } | changes
    columns, places = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO transfers ({columns}) VALUES ({places})", list(values.values()))  # noqa: S608 - ours


def test_a_new_database_gets_the_newest_schema(connection: sqlite3.Connection) -> None:
    """Migrating is complete, and doing it again does nothing."""
    migrate(connection, name=MEMORY)

    assert schema_version(connection) == SCHEMA_VERSION


def test_a_store_of_the_first_version_goes_on_as_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it holds stays, what is new is there and empty."""
    older = connect(MEMORY, writes=True)
    with monkeypatch.context() as before:
        before.setattr(schema, "SCHEMA_VERSION", 1)
        migrate(older, name=MEMORY)
    insert_transfer(older)

    migrate(older, name=MEMORY)

    assert schema_version(older) == SCHEMA_VERSION
    assert older.execute("SELECT count(*) FROM transfers").fetchall() == [(1,)]
    assert older.execute("SELECT count(*) FROM payments").fetchall() == [(0,)]
    older.close()


def test_what_administrators_did_is_immutable(connection: sqlite3.Connection) -> None:
    """A line of the audit is neither changed nor removed."""
    connection.execute("INSERT INTO admin_actions VALUES (1, ?, 9, 'credit', '11', 'OK', 'c', ?)", (PARTNER, NOW_MS))

    for statement in ("UPDATE admin_actions SET outcome = 'no'", "DELETE FROM admin_actions"):
        with pytest.raises(sqlite3.IntegrityError, match="administrators did"):
            connection.execute(statement)


def test_a_failed_migration_leaves_the_version_that_was(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that fails half way is undone as a whole."""
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE half (a INTEGER) STRICT; NONSENSE;"))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", SCHEMA_VERSION + 1)

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, name=MEMORY)
    connection.execute("ROLLBACK")

    assert schema_version(connection) == SCHEMA_VERSION
    assert connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchall() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_hundredths": 0},
        {"amount_hundredths": -5},
        {"amount_hundredths": 0.5},
        {"debit_user_id": 99},
        {"credit_kind": "wallet"},
        {"resolves": "a hold that is not there"},
        {"user_id": 0},
    ],
    ids=repr,
)
def test_the_schema_itself_refuses_what_is_no_transfer(
    connection: sqlite3.Connection, changes: dict[str, object]
) -> None:
    """Whatever a defect of ours would write: the last line of defence is the table."""
    with pytest.raises(sqlite3.IntegrityError):
        insert_transfer(connection, **changes)


def test_the_schema_itself_knows_one_transfer_of_a_kind_for_a_task(connection: sqlite3.Connection) -> None:
    """A second charge of the same task cannot be written, whatever its id."""
    insert_transfer(connection)

    with pytest.raises(sqlite3.IntegrityError):
        insert_transfer(connection, transfer_id="t-2")


def test_the_schema_itself_lets_a_hold_be_resolved_once(connection: sqlite3.Connection) -> None:
    """A charge and a release of the same hold exclude each other."""
    insert_transfer(connection)
    insert_transfer(
        connection, transfer_id="t-2", kind="charge", resolves="t-1", debit_kind="held", credit_kind="wallet"
    )

    with pytest.raises(sqlite3.IntegrityError):
        insert_transfer(
            connection, transfer_id="t-3", kind="release", resolves="t-1", debit_kind="held", credit_kind="wallet"
        )


@pytest.mark.parametrize("statement", ["UPDATE transfers SET amount_hundredths = 1", "DELETE FROM transfers"])
def test_transfers_are_immutable(connection: sqlite3.Connection, statement: str) -> None:
    """What was written into the ledger is neither changed nor removed."""
    insert_transfer(connection)

    with pytest.raises(sqlite3.IntegrityError, match="transfers are"):
        connection.execute(statement)


def test_no_user_is_below_zero(connection: sqlite3.Connection) -> None:
    """A user's balance cannot be written below zero; the house's can."""
    connection.execute("INSERT INTO accounts VALUES (?, 0, 'top_up_clearing', -100, ?)", (PARTNER, NOW_MS))

    with pytest.raises(sqlite3.IntegrityError, match="no_user_below_zero"):
        connection.execute("INSERT INTO accounts VALUES (?, 11, 'wallet', -100, ?)", (PARTNER, NOW_MS))


def test_records_have_every_column_of_their_table(connection: sqlite3.Connection) -> None:
    """No column is forgotten by export and import, and no table but those that follow from the others."""
    tables = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    ).fetchall()
    derived = {"counters", "open_holds", "audits", "nonces", "sqlite_schema", "sqlite_sequence"}

    assert {name for (name,) in tables} - derived == set(TABLES)
    for table, columns in TABLES.items():
        found = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        assert {name for (name,) in found} == set(columns)
