"""What is over is forgotten after its time, and what is not over never is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.housekeeping import RETENTION_MS, Housekeeping
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Done, Storage
from makings import NOW_MS, PARTNER, envelope, work


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    opened = open_storage("sqlite::memory:", clock=lambda: NOW_MS)
    await opened.open()
    yield opened
    await opened.close()


def housekeeping(storage: Storage, *, at_ms: int) -> Housekeeping:
    return Housekeeping(partner=PARTNER, storage=storage, telemetry=Telemetry.for_tests(), clock_ms=lambda: at_ms)


async def test_a_done_update_is_forgotten_after_a_week(storage: Storage) -> None:
    """Nobody will deliver it again by then: the same id may be a new update."""
    await storage.accept(envelope(1))
    await storage.commit(work(done=Done(update_id=1, outcome="OK")))

    await housekeeping(storage, at_ms=NOW_MS + RETENTION_MS + 1).prune()

    assert await storage.accept(envelope(1))


async def test_within_the_week_a_repeat_is_still_known(storage: Storage) -> None:
    """Telegram may deliver it once more."""
    await storage.accept(envelope(1))
    await storage.commit(work(done=Done(update_id=1, outcome="OK")))

    await housekeeping(storage, at_ms=NOW_MS + RETENTION_MS - 1).prune()

    assert not await storage.accept(envelope(1))


async def test_an_update_that_is_not_done_is_never_forgotten(storage: Storage) -> None:
    """However old it is: nothing accepted is lost."""
    await storage.accept(envelope(1))

    await housekeeping(storage, at_ms=NOW_MS + 10 * RETENTION_MS).prune()

    assert [queued.envelope.update_id for queued in await storage.undone(PARTNER)] == [1]
