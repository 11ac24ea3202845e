import asyncio

import pytest

from botflight_harness import SystemClock, VirtualClock
from botflight_harness import clock as clock_module


def test_a_virtual_clock_stands_still() -> None:
    """It starts where it is told and moves when it is told."""
    clock = VirtualClock(start_ms=1_000)

    clock.move(ms=1, seconds=2, minutes=3, hours=4)

    assert clock.now_ms() == 1_000 + 1 + 2_000 + 180_000 + 14_400_000


def test_what_falls_due_happens_in_order() -> None:
    """Each at its own moment, those of the same moment as they were set, also those set on the way."""
    clock = VirtualClock(start_ms=0)
    happened: list[tuple[str, int]] = []

    def note(name: str) -> None:
        happened.append((name, clock.now_ms()))

    def note_and_set() -> None:
        note("first")
        clock.call_at(15, lambda: note("set on the way"))

    clock.call_at(20, lambda: note("third"))
    clock.call_at(10, note_and_set)
    clock.call_at(20, lambda: note("fourth"))
    clock.call_at(31, lambda: note("too late"))

    clock.move(ms=30)

    assert happened == [("first", 10), ("set on the way", 15), ("third", 20), ("fourth", 20)]
    assert clock.now_ms() == 30


def test_a_cancelled_timer_does_not_fire() -> None:
    """And is not the next one either."""
    clock = VirtualClock(start_ms=0)
    timer = clock.call_at(10, lambda: pytest.fail("it was cancelled"))

    timer.cancel()

    assert clock.next_timer_ms() is None
    clock.move(ms=20)


def test_time_does_not_run_backwards() -> None:
    """A negative step is a mistake of the test."""
    with pytest.raises(ValueError, match="-1 ms"):
        VirtualClock().move(ms=-1)


def test_the_systems_clock_goes_by_itself() -> None:
    """It is later than the day on which this was written."""
    assert SystemClock().now_ms() > 1_760_000_000_000


async def test_a_step_is_waited_for_before_the_next() -> None:
    """What a timer begins has come to its end when the next one fires."""
    clock = VirtualClock(start_ms=0)
    happened: list[str] = []

    async def settle() -> None:
        await asyncio.sleep(0)
        happened.append(f"settled at {clock.now_ms()}")

    clock.call_at(10, lambda: happened.append("first"))
    clock.call_at(20, lambda: happened.append("second"))
    leave = clock.wait_for(settle)

    await clock.advance(ms=30)
    leave()

    assert happened == [
        "settled at 0",
        "first",
        "settled at 10",
        "second",
        "settled at 20",
        "settled at 30",
    ]


async def test_a_bot_that_hangs_does_not_hang_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come to its end within some real seconds fails the test."""
    monkeypatch.setattr(clock_module, "SETTLED_WITHIN_S", 0.001)
    clock = VirtualClock()
    clock.wait_for(asyncio.Event().wait)

    with pytest.raises(AssertionError, match="still at work"):
        await clock.advance(ms=1)
