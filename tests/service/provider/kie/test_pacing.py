"""Turns: so many in any window, in order, and no queue without an end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from botflight_harness.clock import VIRTUAL_START_MS, VirtualClock
from botflight_harness.kie import FakeKie
from botflight_service.provider.interface import NotNow
from botflight_service.provider.kie import assembly
from botflight_service.provider.kie.pacing import Pacing


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms

    async def sleep(self, seconds: float) -> None:
        """Move on to where the sleep ends, unless somebody slept longer."""
        until_ms = self.now_ms + round(seconds * 1000)
        await asyncio.sleep(0)
        self.now_ms = max(self.now_ms, until_ms)


def paced(time: Time, *, most: int = 3, patience_ms: int = 60_000) -> Pacing:
    """So many turns a second."""
    return Pacing(most=most, within_ms=1_000, patience_ms=patience_ms, clock_ms=time, sleep=time.sleep)


async def test_no_window_has_more_turns_than_it_may() -> None:
    """Ten turns, asked for at once, at three a second: in any window of a second there are three."""
    time = Time()
    pacing = paced(time)
    begun = []

    async def take() -> None:
        await pacing.turn()
        begun.append(time())

    await asyncio.gather(*(take() for _ in range(10)))

    assert begun == [0, 0, 0, 1000, 1000, 1000, 2000, 2000, 2000, 3000]


async def test_a_queue_that_is_too_long_turns_away_at_once() -> None:
    """Whoever would wait longer than the patience is told so, and takes no turn of those who come later."""
    time = Time()
    pacing = paced(time, patience_ms=1_000)
    waiting = [asyncio.create_task(pacing.turn()) for _ in range(6)]
    await asyncio.sleep(0)

    with pytest.raises(NotNow):
        await pacing.turn()

    await asyncio.gather(*waiting)
    assert time() == 1_000


async def test_who_has_less_patience_leaves_the_queue_to_the_others() -> None:
    """Their own limit counts, not that of the others, whose turn comes as if nobody had been turned away."""
    time = Time()
    pacing = paced(time)
    await asyncio.gather(*(pacing.turn() for _ in range(3)))

    for _ in range(50):
        with pytest.raises(NotNow):
            await pacing.turn(patience_ms=500)
    await pacing.turn()

    assert time() == 1_000


async def test_after_a_word_of_being_too_fast_it_rests() -> None:
    """No turn begins before the rest is over."""
    time = Time()
    pacing = paced(time)

    pacing.rest(ms=2_000)
    await pacing.turn()

    assert time() == 2_000


async def test_turns_that_nobody_wants_are_free_again() -> None:
    """After a pause the window is empty, and turns come at once."""
    time = Time()
    pacing = paced(time)
    for _ in range(3):
        await pacing.turn()

    time.now_ms = 5_000
    await pacing.turn()

    assert time() == 5_000


async def test_the_limits_of_kie_are_never_met() -> None:
    """A hundred orders and a hundred questions at once: the simulated KIE, which keeps its limits, refuses none."""
    clock = VirtualClock()
    kie = FakeKie(clock=clock)

    async def sleep(seconds: float) -> None:
        woken = asyncio.Event()
        clock.call_at(clock.now_ms() + round(seconds * 1000), woken.set)
        await woken.wait()

    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    turns: dict[str, Any] = {"patience_ms": 10**9, "clock_ms": clock.now_ms, "sleep": sleep}
    creating = Pacing(most=assembly.CREATES, within_ms=assembly.CREATES_WITHIN_MS, **turns)
    asking = Pacing(most=assembly.QUESTIONS, within_ms=assembly.QUESTIONS_WITHIN_MS, **turns)

    async def buy() -> None:
        await creating.turn()
        task_id = await kie.create({"model": "google/nano-banana", "input": {"prompt": "a fox"}})
        await asking.turn()
        kie.record(task_id)

    clock.wait_for(settle)
    buying = [asyncio.create_task(buy()) for _ in range(100)]
    await clock.advance(minutes=2)
    await asyncio.gather(*buying)

    assert (len(kie.tasks), kie.questions) == (100, 100)
    assert max(task.created_at_ms for task in kie.tasks.values()) - VIRTUAL_START_MS == 4 * assembly.CREATES_WITHIN_MS
