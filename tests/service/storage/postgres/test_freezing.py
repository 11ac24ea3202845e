from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.preflight import SECTION_DEADLINE_MS
from botflight_service.storage.interface import StorageError
from botflight_service.storage.sql.postgres import PostgresStorage, store
from botflight_service.storage.sql.postgres.faults import Lost, explained
from botflight_service.storage.sql.postgres.link import Link
from makings import NOW_MS, PARTNER, TODAY
from postgres_server import OwnServer
from purchase import Purchase

#: What a deadline may be passed by.
GRACE_S = 0.1


@pytest.fixture
async def storage(server: OwnServer) -> AsyncIterator[PostgresStorage]:
    """An open store on a server that may be mistreated."""
    async with server.database() as url:
        opened = PostgresStorage(url, clock=lambda: NOW_MS)
        await opened.open()
        yield opened
        await opened.close()


@pytest.mark.process
async def test_preflight_on_a_frozen_server_keeps_its_deadline(server: OwnServer, storage: PostgresStorage) -> None:
    """Every process of the server is stopped: the report is there in time, fails, and names the database."""
    probe = storage.probe(PARTNER, day_of=lambda _: TODAY)
    preflight = billing_preflight(probe, daily_limit=5, reference=str)
    before = await preflight.report(fresh=True)

    with server.frozen():
        began = time.perf_counter()
        report = await preflight.report(fresh=True)
        took_s = time.perf_counter() - began
        await asyncio.sleep(0)

    assert before.payload()["result"] != "FAIL"
    assert report.payload()["result"] == "FAIL"
    assert took_s < SECTION_DEADLINE_MS / 1000 + GRACE_S
    assert (await preflight.report(fresh=True)).payload()["result"] != "FAIL"


@pytest.mark.process
async def test_a_call_to_a_frozen_server_is_cut_off_at_its_limit(
    server: OwnServer, storage: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A work and a read end within the limit of a call, and both are right once the server goes on."""
    monkeypatch.setattr(store, "CALL_LIMIT_S", 0.2)
    monkeypatch.setattr(store, "LOST_PAUSES_S", ())
    purchase = Purchase(1)

    async def write_and_read() -> list[object]:
        calls = storage.balance(PARTNER, 1), storage.prune(PARTNER, before_ms=0)
        return await asyncio.gather(*calls, return_exceptions=True)

    await write_and_read()  # the connections are made

    with server.frozen():
        began = time.perf_counter()
        outcomes = await write_and_read()
        took_s = time.perf_counter() - began

    assert all(isinstance(outcome, StorageError) for outcome in outcomes)
    assert took_s < 0.2 + GRACE_S
    await purchase.make(storage)
    await purchase.check(storage)


@pytest.mark.process
async def test_a_question_that_is_cancelled_lets_go_of_a_frozen_server_at_once(
    server: OwnServer, storage: PostgresStorage
) -> None:
    """What is cancelled does not wait for a server that will not answer."""
    await storage.balance(PARTNER, 1)

    with server.frozen():
        asking = asyncio.create_task(storage.balance(PARTNER, 1))
        await asyncio.wait([asking], timeout=0.05)
        asking.cancel()
        done, _ = await asyncio.wait([asking], timeout=GRACE_S)

    assert done == {asking}


async def test_a_connection_of_a_pool_serves_as_well_as_ones_own(postgres_url: str) -> None:
    """Asyncpg's pool lends a proxy, not a connection: whatever is done on the one is done on the other."""
    async with (
        asyncpg.create_pool(postgres_url, server_settings={"search_path": "botflight"}) as pool,
        pool.acquire() as raw,
    ):
        link = Link(raw, name="a proxy")
        with link.within(5):
            assert await link.value("SELECT count(*) FROM users") == 0
        async with link.transaction():
            await link.script("SELECT 1")
        with pytest.raises(StorageError), link.within(0.01):
            await link.value("SELECT pg_sleep(5)")


@pytest.mark.process
async def test_a_connection_that_is_cut_before_a_prepared_statement_runs_is_lost(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asyncpg has no error for that moment: whoever waits is told of a broken connection all the same."""
    raw: Any = await asyncpg.connect(postgres_url)
    prepare = raw._get_statement

    async def cut(*given: Any, **named: Any) -> Any:
        statement = await prepare(*given, **named)
        raw.terminate()
        return statement

    monkeypatch.setattr(type(raw), "_get_statement", lambda _, *given, **named: cut(*given, **named))

    with pytest.raises(Lost, match="was cut"):
        await Link(raw, name="one").value("SELECT 1")


def test_a_slip_of_ours_is_no_broken_connection() -> None:
    """What reads like it and comes from elsewhere stays a defect."""
    with pytest.raises(AttributeError), explained("one"):
        object().query  # type: ignore[attr-defined]  # noqa: B018 - the slip


async def test_purchases_go_on_over_a_restart_of_the_server(server: OwnServer, storage: PostgresStorage) -> None:
    """The server crashes and comes back under load: every purchase ends as one, and nobody hears of it."""
    purchases = [Purchase(number) for number in range(1, 41)]
    under_way = [asyncio.create_task(purchase.make(storage)) for purchase in purchases]
    await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)

    await asyncio.to_thread(server.restart)
    await asyncio.gather(*under_way)

    for purchase in purchases:
        await purchase.check(storage)
    assert await storage.unsent(PARTNER) == []
    assert await storage.violations() == []
