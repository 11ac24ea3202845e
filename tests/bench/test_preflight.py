"""The benchmark of the preflight makes the rows that it says, in real stores, and says what does not hold."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.bench.preflight import Measured, Size, broken, fill_postgres, measure, sqlite_store

from botflight_diagnostics.billing_preflight import AttemptFacts
from botflight_service.billing.quotas import day_of
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage
from makings import PARTNER

SIZE = Size(attempts=3650, users=365)


async def facts(storage: Storage) -> AttemptFacts:
    """What the preflight will count."""
    now_ms = time.time_ns() // 1_000_000
    return await storage.probe(PARTNER, day_of=day_of).attempts(now_ms=now_ms, stale_after_ms=1_800_000)


async def test_postgresql_is_filled_as_it_says(postgres_url: str) -> None:
    """As many attempts and users as were asked for, a day's share of them new, and a hundred under way."""
    now_ms = time.time_ns() // 1_000_000
    await fill_postgres(postgres_url, SIZE, now_ms=now_ms, say=lambda _: None)
    storage = open_storage(postgres_url, clock=lambda: now_ms)
    await storage.open()

    found = await facts(storage)
    measured = await measure(storage, "postgresql", SIZE, reports=2)
    users = (await storage.probe(PARTNER, day_of=day_of).users()).records
    await storage.close()

    assert (found.total, users, found.duplicate_request_ids) == (3650, 365, 0)
    assert 100 <= found.last_24h <= 120
    assert (len(measured.took_ms), measured.updated_24h) == (2, 20)
    assert set(measured.sections_ms) >= {"db", "attempts", "storage_rw"}


async def test_sqlite_is_filled_as_it_says(tmp_path: Path) -> None:
    """The same rows, but for a day's share that is new by a rounding."""
    async with sqlite_store(tmp_path, SIZE, say=lambda _: None) as storage:
        found = await facts(storage)
        balances = await storage.probe(PARTNER, day_of=day_of).balances(now_ms=time.time_ns() // 1_000_000)
        await asyncio.sleep(0)

    assert (found.total, found.duplicate_request_ids) == (3650, 0)
    assert 100 <= found.last_24h <= 120
    assert (balances.records, balances.updated_24h) == (730, 20)


def test_what_does_not_hold_is_told() -> None:
    """Too slow, or slower than twice its time at the beginning: a sentence for each."""
    small = Measured("sqlite", Size(10_000, 1_000), took_ms=[10, 10])
    fast = Measured("sqlite", Size(1_000_000, 100_000), took_ms=[19, 19])
    slow = Measured("sqlite", Size(1_000_000, 100_000), took_ms=[51, 51])

    assert list(broken(small, fast)) == []
    assert list(broken(small, slow)) == [
        "sqlite: 51.0 ms at 1,000,000 attempts, over 50 ms",
        "sqlite: 5.1 times its time at 10,000 attempts, over 2",
    ]
