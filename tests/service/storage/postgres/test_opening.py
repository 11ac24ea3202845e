from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from botflight_service.storage import open_storage
from botflight_service.storage.interface import SchemaTooNew, StorageUnavailable
from botflight_service.storage.sql.postgres import PostgresStorage, schema
from botflight_service.storage.sql.records import TABLES
from makings import ALICE, NOW_MS, PARTNER
from postgres_server import Server


@pytest.fixture
async def bare_url(postgres: Server) -> AsyncIterator[str]:
    """A database without tables."""
    name = f"botflight_test_{secrets.token_hex(8)}"
    await postgres.run(f"CREATE DATABASE {name}")
    yield postgres.url_of(name)
    await postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


def store(url: str) -> PostgresStorage:
    return PostgresStorage(url, clock=lambda: NOW_MS)


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url, server_settings={"search_path": "botflight"})
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, server_settings={"search_path": "botflight"})
    found = await connection.fetchval(statement)
    await connection.close()
    return found


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
async def test_a_url_names_a_database(postgres_url: str, scheme: str) -> None:
    """Both of its schemes lead to the PostgreSQL store."""
    opened = open_storage(postgres_url.replace("postgresql", scheme, 1), clock=lambda: NOW_MS)

    await opened.open()
    known = await opened.has_user(PARTNER, ALICE)
    await opened.close()

    assert (opened.system, known) == ("postgresql", False)


async def test_replicas_that_start_together_migrate_once(bare_url: str) -> None:
    """Four replicas on a database without tables: one makes them, the others wait for it."""
    replicas = [store(bare_url) for _ in range(4)]

    await asyncio.gather(*(replica.open() for replica in replicas))

    assert await value(bare_url, "SELECT array_agg(version) FROM schema_version") == [schema.SCHEMA_VERSION]
    await asyncio.gather(*(replica.close() for replica in replicas))


async def test_a_step_is_made_on_what_is_there(bare_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of an older version is brought forward, and keeps what it has."""
    older = store(bare_url)
    await older.open()
    await older.credit_balance_once(PARTNER, ALICE, 10, "a payment")
    await older.close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "ALTER TABLE users ADD COLUMN shoe_size BIGINT"))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)

    newer = store(bare_url)
    await newer.open()

    assert (await newer.balance(PARTNER, ALICE)).available.hundredths == 1000
    assert await value(bare_url, "SELECT version FROM schema_version") == schema.SCHEMA_VERSION
    await newer.close()


async def test_a_failed_step_leaves_the_version_that_was(bare_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails half way is undone as a whole."""
    await run_open_close(bare_url)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE half (a BIGINT); NONSENSE;"))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)

    with pytest.raises(asyncpg.PostgresSyntaxError):
        await store(bare_url).open()

    assert await value(bare_url, "SELECT version FROM schema_version") == schema.SCHEMA_VERSION - 1
    assert await value(bare_url, "SELECT to_regclass('half')") is None


async def run_open_close(url: str) -> None:
    opened = store(url)
    await opened.open()
    await opened.close()


async def test_a_newer_schema_stops_the_start(postgres_url: str) -> None:
    """A program that is older than the store says so, and which version it needs."""
    await run(postgres_url, "UPDATE schema_version SET version = version + 1")

    with pytest.raises(SchemaTooNew, match=f"has schema version {schema.SCHEMA_VERSION + 1}"):
        await store(postgres_url).open()


async def test_a_schema_of_another_program_stops_the_start(bare_url: str) -> None:
    """What another program keeps under our name is left alone."""
    await run(bare_url, "CREATE SCHEMA botflight")

    with pytest.raises(StorageUnavailable, match="not ours"):
        await store(bare_url).open()


async def test_a_missing_database_is_told_with_what_to_do(postgres: Server) -> None:
    """A URL that leads to no database says how to make one, and shows no password."""
    url = postgres.url_of("nowhere").replace("://postgres:@", "://postgres:hunter2@")

    with pytest.raises(StorageUnavailable, match="createdb") as raised:
        await store(url).open()

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql://localhost:no-port/x", "postgresql://[::1/x"])
async def test_a_url_that_is_none_is_told(url: str) -> None:
    """What cannot be read as a URL is refused before anything is connected."""
    with pytest.raises(StorageUnavailable, match="not understood"):
        await store(url).open()


async def test_a_store_that_is_not_open_says_so(postgres_url: str) -> None:
    """A call before `open` or after `close` is refused plainly."""
    with pytest.raises(StorageUnavailable, match="closed"):
        await store(postgres_url).has_user(PARTNER, ALICE)


async def test_commits_are_durable_whatever_the_server_defaults_to(postgres: Server, postgres_url: str) -> None:
    """A database that is set to acknowledge before it writes is overruled by our sessions."""
    database = urlsplit(postgres_url).path.removeprefix("/")
    await postgres.run(f"ALTER DATABASE {database} SET synchronous_commit = off")
    opened = store(postgres_url)
    await opened.open()

    async with opened._pool.lend(within_s=5) as link:
        setting = await link.value("SHOW synchronous_commit")

    assert setting == "on"
    await opened.close()


async def test_records_have_every_column_of_their_table(postgres_url: str) -> None:
    """The tables are those of the embedded store, column by column."""
    connection = await asyncpg.connect(postgres_url)
    found = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'botflight'"
    )
    await connection.close()

    for table, columns in TABLES.items():
        assert {row["column_name"] for row in found if row["table_name"] == table} == set(columns)
    derived = {"counter_stripes", "counters", "open_holds", "audits", "nonces", "schema_version", "replicas", "leases"}
    assert {row["table_name"] for row in found} - derived == set(TABLES)


@pytest.mark.parametrize(
    "statement", ["UPDATE transfers SET amount_hundredths = 1", "DELETE FROM transfers", "TRUNCATE transfers CASCADE"]
)
async def test_transfers_are_immutable(postgres_url: str, statement: str) -> None:
    """What was written into the ledger is neither changed nor removed, not even by hand."""
    with pytest.raises(asyncpg.RestrictViolationError):
        await run(postgres_url, statement)


async def test_no_user_is_below_zero(postgres_url: str) -> None:
    """The last line of defence is the table."""
    with pytest.raises(asyncpg.CheckViolationError, match="no_user_below_zero"):
        await run(postgres_url, "INSERT INTO accounts VALUES ('p', 11, 'wallet', -1, 0)")
