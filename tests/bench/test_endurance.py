"""A long life is measured as it is: what is lost, grows or slows down shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bench import endurance
from tests.bench.endurance import MOST_GROWTH, Dose, Endured, Stretch

SMALL = Dose(updates=2_400, users=400, stretch=600, rounds=0)


def stretch(answered: int, **changes: float) -> Stretch:
    """A stretch that was like any other."""
    return Stretch(
        **{"answered": answered, "completed_per_s": 1_000.0, "cpu_us": 900.0, "memory_mib": 100.0, "files_mib": {}}
        | changes  # type: ignore[arg-type]  # its fields
    )


@pytest.mark.process
async def test_the_service_holds_no_more_after_some_thousand_updates(tmp_path: Path) -> None:
    """The real service answers each of them once, and its memory is what it was after the first."""
    endured = await endurance.endure(SMALL, folder=tmp_path)

    assert endured.stretches[-1].answered == SMALL.updates
    assert endured.growth < MOST_GROWTH
    assert endured.rows["updates"] >= SMALL.updates
    assert endured.rows["sessions"] == SMALL.users


def test_growth_is_told_against_the_first_tenth() -> None:
    """What was taken up to a tenth of the way (caches that fill) is no growth; what came after it is."""
    stretches = [stretch(at, memory_mib=mib) for at, mib in ((1, 50.0), (2, 100.0), (10, 110.0), (20, 130.0))]

    endured = Endured(stretches=tuple(stretches), turns=(), rows={})

    assert endured.growth == pytest.approx(1.3)


def test_speed_is_told_turn_by_turn() -> None:
    """A slow minute of the machine meets the aged and the fresh one alike, and so tells nothing."""
    quiet = stretch(1_000, completed_per_s=900.0, cpu_us=1_000.0), stretch(10, completed_per_s=1_000.0)
    busy = stretch(1_000, completed_per_s=90.0, cpu_us=2_000.0), stretch(10, completed_per_s=100.0, cpu_us=1_800.0)

    endured = Endured(stretches=(stretch(10),), turns=(quiet, busy, busy), rows={})

    assert endured.speed == pytest.approx(0.9)
    assert endured.thrift == pytest.approx(0.9)
