from __future__ import annotations

import pytest

from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage
from makings import NOW_MS, PARTNER, mute


async def test_mutes_are_kept_by_code(storage: Storage) -> None:
    """Each partner has one at most for a code; a new one takes the place of the one before."""
    await storage.keep_mute(PARTNER, mute("BPF_DB_SLOW"))
    await storage.keep_mute(PARTNER, mute("BPF_ATTEMPT_STALE"))
    await storage.keep_mute("p-other", mute("BPF_DB_SLOW"))
    again = mute("BPF_DB_SLOW", up_to=9, reason="again", until_ms=NOW_MS + 5, set_at_ms=NOW_MS + 1)
    await storage.keep_mute(PARTNER, again)

    assert await storage.mutes(PARTNER) == (mute("BPF_ATTEMPT_STALE"), again)


async def test_a_mute_that_is_dropped_is_gone(storage: Storage) -> None:
    """Dropping says whether there was one, and leaves those of others."""
    await storage.keep_mute(PARTNER, mute())
    await storage.keep_mute("p-other", mute())

    dropped = [await storage.drop_mute(PARTNER, mute().code) for _ in range(2)]

    assert dropped == [True, False]
    assert (await storage.mutes(PARTNER), await storage.mutes("p-other")) == ((), (mute(),))


async def test_ended_mutes_go_when_one_is_kept(storage: Storage) -> None:
    """What has ended does not pile up."""
    await storage.keep_mute(PARTNER, mute("BPF_DB_SLOW", until_ms=NOW_MS + 10))

    later = mute(set_at_ms=NOW_MS + 10)
    await storage.keep_mute(PARTNER, later)

    assert await storage.mutes(PARTNER) == (later,)


@pytest.mark.parametrize("url", ["sqlite file", "json", "postgresql"], indirect=True)
async def test_mutes_outlive_the_process(url: str) -> None:
    """A store that is opened again has them still."""
    first = open_storage(url, clock=lambda: NOW_MS)
    await first.open()
    await first.keep_mute(PARTNER, mute())
    await first.close()

    second = open_storage(url, clock=lambda: NOW_MS)
    await second.open()
    kept = await second.mutes(PARTNER)
    await second.close()

    assert kept == (mute(),)
