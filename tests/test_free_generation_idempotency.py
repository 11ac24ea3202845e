"""A free generation is taken once for a task, and never more in a day than there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from botflight_service.storage import open_storage
from botflight_service.storage.interface import FreeLimitReached, Storage
from makings import ALICE, NOW_MS, PARTNER, TODAY, task


@pytest.fixture
async def storage(store_url: str) -> AsyncIterator[Storage]:
    opened = open_storage(store_url, clock=lambda: NOW_MS)
    await opened.open()
    yield opened
    await opened.close()


@pytest.mark.key_assertion("a free generation is consumed once")
async def test_consume_free_generation_once_idempotent(storage: Storage) -> None:
    """However often a task takes its free generation, also at once, the day has one less."""
    taken = await asyncio.gather(
        *(storage.consume_free_generation_once(PARTNER, ALICE, task(), day=TODAY, daily_limit=5) for _ in range(20))
    )

    assert sorted(taken) == [False] * 19 + [True]
    assert await storage.free_used(PARTNER, ALICE, TODAY) == 1


async def test_consume_free_generation_once_stops_at_the_limit(storage: Storage) -> None:
    """Of ten tasks at once, five find a free generation."""
    outcomes = await asyncio.gather(
        *(
            storage.consume_free_generation_once(PARTNER, ALICE, task(number), day=TODAY, daily_limit=5)
            for number in range(10)
        ),
        return_exceptions=True,
    )

    assert outcomes.count(True) == 5
    assert sum(isinstance(outcome, FreeLimitReached) for outcome in outcomes) == 5
    assert await storage.free_used(PARTNER, ALICE, TODAY) == 5
