# ruff: noqa: ASYNC240 - a test may look at a small folder of its own

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from botflight_service.billing.quotas import day_of
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage, StorageUnavailable
from botflight_service.storage.json_store import lines
from botflight_service.storage.sql import schema
from botflight_service.storage.sql.postgres import PostgresStorage
from botflight_service.storage.sql.postgres import schema as postgres_schema
from makings import NOW_MS, PARTNER, mute
from postgres_server import Server


def store(url: str) -> Storage:
    """The store of a URL, closed."""
    return open_storage(url, clock=lambda: NOW_MS)


async def versions(url: str, *, migrate: bool) -> tuple[int, int]:
    """Open a store, ask its version and the one that is expected, and close it."""
    opened = store(url)
    await opened.open(migrate=migrate)
    try:
        facts = await opened.probe(PARTNER, day_of=day_of).database()
    finally:
        await opened.close()
    return facts.schema_version, facts.expected_schema_version


@pytest.mark.parametrize("scheme", ["sqlite", "json"])
async def test_looking_makes_nothing(scheme: str, tmp_path: Path) -> None:
    """Where there is no store none is made, and it is said what makes one."""
    with pytest.raises(StorageUnavailable, match="there is no store: `botflight storage migrate` makes one"):
        await store(f"{scheme}://{tmp_path}/nothing").open(migrate=False)

    assert list(tmp_path.iterdir()) == []


async def test_looking_at_an_empty_folder_makes_nothing_in_it(tmp_path: Path) -> None:
    """A folder without a store in it is none."""
    with pytest.raises(StorageUnavailable, match="there is no store"):
        await store(f"json://{tmp_path}").open(migrate=False)

    assert {path.name for path in tmp_path.iterdir()} <= {"lock"}


async def test_looking_at_an_older_file_leaves_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An sqlite file of version 1 is told as such however often it is looked at, and brought forward when opened."""
    url = f"sqlite://{tmp_path}/store.db"
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        older.setattr(schema, "SCHEMA_VERSION", 1)
        await versions(url, migrate=True)

    looked = [await versions(url, migrate=False) for _ in range(2)]

    assert looked == [(1, schema.SCHEMA_VERSION)] * 2
    assert await versions(url, migrate=True) == (schema.SCHEMA_VERSION, schema.SCHEMA_VERSION)


async def test_looking_at_a_newer_file_tells_its_version(tmp_path: Path) -> None:
    """What a newer program wrote is looked at, not refused: preflight says which version is to be started."""
    url = f"sqlite://{tmp_path}/store.db"
    await versions(url, migrate=True)
    with sqlite3.connect(tmp_path / "store.db") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    assert await versions(url, migrate=False) == (99, schema.SCHEMA_VERSION)


async def test_looking_at_an_older_folder_leaves_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of version 1 stays one until it is opened: then all its files are written anew, and say so."""
    url = f"json://{tmp_path}/store"
    with monkeypatch.context() as older:
        older.setattr(lines, "VERSION", 1)
        opened = store(url)
        await opened.open()
        await opened.credit_balance_once(PARTNER, 7, 10, "a payment")
        await opened.close()

    looked = await versions(url, migrate=False)
    opened = store(url)
    await opened.open()
    await opened.keep_mute(PARTNER, mute())
    balance = await opened.balance(PARTNER, 7)
    await opened.close()

    assert looked == (1, lines.VERSION)
    assert balance.available.hundredths == 1000
    headers = [path.read_bytes().splitlines()[0] for path in (tmp_path / "store").glob("*.jsonl")]
    assert len(headers) == 2
    assert all(f'"version":{lines.VERSION}'.encode() in header for header in headers)
    assert await versions(url, migrate=False) == (lines.VERSION, lines.VERSION)


async def test_looking_at_a_database_without_tables_tells_version_0(postgres: Server) -> None:
    """No schema is made by looking."""
    name = f"botflight_test_{uuid4().hex}"
    await postgres.run(f"CREATE DATABASE {name}")
    try:
        looked = [await versions(postgres.url_of(name), migrate=False) for _ in range(2)]
    finally:
        await postgres.run(f"DROP DATABASE {name} WITH (FORCE)")

    assert looked == [(0, postgres_schema.SCHEMA_VERSION)] * 2


async def test_looking_for_a_server_that_is_not_there_is_no_error_yet() -> None:
    """Whoever asks it finds out: preflight has a finding for that."""
    opened = PostgresStorage("postgresql://127.0.0.1:1/nowhere", clock=lambda: NOW_MS)

    await opened.open(migrate=False)

    await opened.close()
