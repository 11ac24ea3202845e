"""Telegram's time: a virtual clock that stands still until it is moved, and the system's."""

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS

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


class VirtualClock:
    """A clock that moves only when told, and fires what falls due on its way, in order."""

    def __init__(self, *, start_ms: int = VIRTUAL_START_MS) -> None:
        self._now_ms = start_ms
        self._numbers = itertools.count()
        self._timers: list[Timer] = []

    def now_ms(self) -> int:
        """Return milliseconds since 1970, UTC."""
        return self._now_ms

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` when the clock reaches `when_ms`; a moment in the past is the next move."""
        timer = Timer(when_ms, next(self._numbers), callback)
        heapq.heappush(self._timers, timer)
        return timer

    def next_timer_ms(self) -> int | None:
        """Return the moment of the next timer, or None."""
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0].when_ms if self._timers else None

    def advance(self, *, ms: int = 0, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Move forward by the sum of the arguments, and fire in order what falls due.

        Raises ValueError when the sum is negative: time does not run backwards.
        """
        step_ms = ms + round(seconds * SECOND_MS + minutes * MINUTE_MS + hours * HOUR_MS)
        if step_ms < 0:
            raise ValueError(f"a clock cannot move by {step_ms} ms")
        self.advance_to(self._now_ms + step_ms)

    def advance_to(self, target_ms: int) -> None:
        """Move forward to `target_ms`, and fire in order what falls due. A moment in the past is now."""
        while (when_ms := self.next_timer_ms()) is not None and when_ms <= target_ms:
            timer = heapq.heappop(self._timers)
            self._now_ms = max(self._now_ms, when_ms)
            timer.callback()
        self._now_ms = max(self._now_ms, target_ms)
