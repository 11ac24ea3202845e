"""Telegram's time: a virtual clock that stands still until it is moved, and the system's."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
#: A virtual clock moves by ten years at the most.
STEP_MOST_MS = 10 * 366 * 24 * HOUR_MS

#: What fell due has to come to an end within this many real seconds, or the test fails.
SETTLED_WITHIN_S = 30.0

#: 2026-01-01T12:00:00Z: where a virtual clock starts, so that the same seed gives the same dates.
VIRTUAL_START_MS = 1_767_268_800_000


class Clock(Protocol):
    """Where the simulated Telegram reads the time."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970, UTC."""
        ...


class SystemClock:
    """The computer's clock."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000


@dataclass(slots=True, order=True)
class Timer:
    """Something that happens when a virtual clock reaches `when_ms`."""

    when_ms: int
    #: Timers of the same moment fire in the order in which they were set.
    number: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Forget it."""
        self.cancelled = True


class Schedule(Protocol):
    """Somebody else's timetable that a virtual clock drives, such as a job queue's."""

    def next_ms(self) -> int | None:
        """Return the moment of what is due first, or None."""
        ...

    def fire(self) -> None:
        """Begin the one thing that is due first."""
        ...


Settle = Callable[[], Awaitable[None]]


class VirtualClock:
    """A clock that moves only when told, and fires what falls due on its way, in order.

    `await clock.advance(minutes=5)` is what a test says: after each thing that falls due the clock waits until
    the bot has dealt with it. `move` is for those inside, who cannot wait.
    """

    def __init__(self, *, start_ms: int = VIRTUAL_START_MS) -> None:
        self._now_ms = start_ms
        self._numbers = itertools.count()
        self._timers: list[Timer] = []
        self._schedules: list[Schedule] = []
        self._settles: list[Settle] = []
        #: Whether a test moves the clock right now, step by step: nobody else is to move it then.
        self.is_advancing = False

    def now_ms(self) -> int:
        """Return milliseconds since 1970, UTC."""
        return self._now_ms

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` when the clock reaches `when_ms`; a moment in the past is the next move."""
        timer = Timer(when_ms, next(self._numbers), callback)
        heapq.heappush(self._timers, timer)
        return timer

    def drive(self, schedule: Schedule) -> Callable[[], None]:
        """Fire what a schedule holds as it falls due, until the returned function is called."""
        self._schedules.append(schedule)
        return lambda: self._schedules.remove(schedule)

    def wait_for(self, settle: Settle) -> Callable[[], None]:
        """Await `settle` after each step of `advance`, until the returned function is called."""
        self._settles.append(settle)
        return lambda: self._settles.remove(settle)

    def next_timer_ms(self) -> int | None:
        """Return the moment of the next timer or the next entry of a schedule, or None."""
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        moments = [when_ms for schedule in self._schedules if (when_ms := schedule.next_ms()) is not None]
        if self._timers:
            moments.append(self._timers[0].when_ms)
        return min(moments, default=None)

    async def advance(self, *, ms: int = 0, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Move forward by the sum of the arguments; what falls due on the way is begun, and waited for, in order.

        Nothing waits in real time, but for the bot's own work. Raises ValueError when the sum is negative or over
        STEP_MOST_MS, and AssertionError when what fell due does not end within SETTLED_WITHIN_S real seconds.
        """
        target_ms = self._now_ms + _sum_ms(ms, seconds, minutes, hours)
        self.is_advancing = True
        try:
            await self._settle()
            while self._step(target_ms):
                await self._settle()
            self._now_ms = max(self._now_ms, target_ms)
            await self._settle()
        finally:
            self.is_advancing = False

    def move(self, *, ms: int = 0, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Move forward by the sum of the arguments, and begin in order what falls due, without waiting for it.

        Raises ValueError when the sum is negative or over STEP_MOST_MS: time does not run backwards.
        """
        self.move_to(self._now_ms + _sum_ms(ms, seconds, minutes, hours))

    def move_to(self, target_ms: int) -> None:
        """Move forward to `target_ms`, and begin in order what falls due. A moment in the past is now."""
        while self._step(target_ms):
            pass
        self._now_ms = max(self._now_ms, target_ms)

    def _step(self, target_ms: int) -> bool:
        """Move to the next thing that falls due until `target_ms`, and begin it; False when there is none."""
        when_ms = self.next_timer_ms()
        if when_ms is None or when_ms > target_ms:
            return False
        self._now_ms = max(self._now_ms, when_ms)
        if self._timers and self._timers[0].when_ms == when_ms:
            heapq.heappop(self._timers).callback()
        else:
            next(schedule for schedule in self._schedules if schedule.next_ms() == when_ms).fire()
        return True

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(SETTLED_WITHIN_S):
                for settle in tuple(self._settles):
                    await settle()
        except TimeoutError:
            raise AssertionError(f"what fell due is still at work after {SETTLED_WITHIN_S:g} real seconds") from None


def _sum_ms(ms: int, seconds: float, minutes: float, hours: float) -> int:
    step_ms = ms + seconds * SECOND_MS + minutes * MINUTE_MS + hours * HOUR_MS
    if not 0 <= step_ms <= STEP_MOST_MS:
        raise ValueError(f"a clock cannot move by {step_ms:g} ms: it goes forward, by at most ten years at a time")
    return round(step_ms)
