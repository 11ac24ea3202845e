"""An older update never overrides what a newer one wrote."""

from __future__ import annotations

import pytest

from botflight_service.bot.sessions import SessionCache
from botflight_service.session import GUARD_MS, Session


async def _nothing(_: int) -> Session | None:
    return None


def session(update_id: int, *, written_at_ms: int = 0, user_id: int = 7, language: str = "en") -> Session:
    """A session as one update wrote it."""
    return Session(user_id=user_id, update_id=update_id, written_at_ms=written_at_ms, language=language)


@pytest.mark.key_assertion("an older update overrides no session")
async def test_session_cache_out_of_order_update_does_not_override_cache() -> None:
    """What update 11 wrote stays when update 10 comes late."""
    cache = SessionCache(_nothing)
    cache.put(session(11, language="ru"))

    kept = cache.put(session(10, language="en"))

    assert not kept
    assert await cache.get(7) == session(11, language="ru")


async def test_after_a_day_smaller_ids_count_as_newer() -> None:
    """Telegram may start its ids anew after an idle week: then the guard would lock a user out for good."""
    cache = SessionCache(_nothing)
    cache.put(session(900_000, written_at_ms=0))

    kept = cache.put(session(5, written_at_ms=GUARD_MS))

    assert kept
    assert await cache.get(7) == session(5, written_at_ms=GUARD_MS)


async def test_the_cache_has_a_limit_and_forgets_who_was_away_longest() -> None:
    """A million users do not stay in memory: the one that was not seen for longest goes first."""
    cache = SessionCache(_nothing, max_sessions=2)
    cache.put(session(1, user_id=1))
    cache.put(session(2, user_id=2))
    await cache.get(1)

    cache.put(session(3, user_id=3))

    assert [await cache.get(user_id) is not None for user_id in (1, 2, 3)] == [True, False, True]


async def test_a_session_that_is_not_at_hand_is_loaded_once() -> None:
    """The store is asked the first time and not again."""
    asked: list[int] = []

    async def load(user_id: int) -> Session | None:
        asked.append(user_id)
        return session(1, user_id=user_id)

    cache = SessionCache(load)

    await cache.get(7)
    await cache.get(7)

    assert asked == [7]
