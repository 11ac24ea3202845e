from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import pytest

from botflight_service.storage import open_storage
from botflight_service.storage.interface import RecordRefused
from makings import NOW_MS, PARTNER

_USERS = 600


async def _records(last: int = _USERS) -> AsyncIterator[Mapping[str, Any]]:
    for user_id in [*range(1, _USERS), last]:
        yield {
            "table": "users",
            "partner": PARTNER,
            "user_id": user_id,
            "first_seen_at_ms": NOW_MS,
            "blocked_at_ms": None,
        }


async def test_an_import_touches_its_counters_once_for_many_records(postgres_url: str) -> None:
    """A counter that one transaction adds to for each record makes an import cost the square of its length."""
    storage = open_storage(postgres_url, clock=lambda: NOW_MS)
    await storage.open()

    await storage.load(_records())
    await storage.close()

    connection = await asyncpg.connect(postgres_url)
    # Where the row's newest version lies: each change would have moved it on.
    place, counted = await connection.fetchrow(
        "SELECT ctid::text, value FROM botflight.counter_stripes WHERE name = 'users'"
    )
    await connection.close()
    assert (place, counted) == ("(0,1)", _USERS)


async def test_a_record_among_many_that_is_refused_is_numbered(postgres_url: str) -> None:
    """The 600th of 600 users is the first one over again."""
    storage = open_storage(postgres_url, clock=lambda: NOW_MS)
    await storage.open()

    with pytest.raises(RecordRefused, match=f"record {_USERS}: "):
        await storage.load(_records(last=1))

    await storage.close()
