"""So many calls in so much time and no more, kept on our side: KIE refuses what comes too fast, it does not queue."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from botflight_service.provider.interface import NotNow


def monotonic_ms() -> int:
    """Milliseconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


class Pacing:
    """Gives turns in the order in which they are asked for.

    most, within_ms: at most so many turns begin in any window of so many milliseconds.
    patience_ms: whoever would wait longer is turned away at once: this bounds the queue.
    """

    def __init__(
        self,
        *,
        most: int,
        within_ms: int,
        patience_ms: int,
        clock_ms: Callable[[], int] = monotonic_ms,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._within_ms = within_ms
        self._patience_ms = patience_ms
        self._clock_ms = clock_ms
        self._sleep = sleep
        #: When the last turns began or will begin, oldest first.
        self._turns: deque[int] = deque(maxlen=most)
        self._rests_until_ms = 0

    async def turn(self, *, patience_ms: int | None = None) -> None:
        """Wait for a turn. Raises NotNow, at once, where the queue is too long; `patience_ms` is the caller's own."""
        now_ms = self._clock_ms()
        begins_ms = max(now_ms, self._rests_until_ms)
        if self._turns:
            begins_ms = max(begins_ms, self._turns[-1])
        if len(self._turns) == self._turns.maxlen:
            begins_ms = max(begins_ms, self._turns[0] + self._within_ms)
        if begins_ms - now_ms > (self._patience_ms if patience_ms is None else patience_ms):
            raise NotNow("unavailable", "too many calls wait for their turn")
        self._turns.append(begins_ms)
        if begins_ms > now_ms:
            await self._sleep((begins_ms - now_ms) / 1000)

    def rest(self, *, ms: int) -> None:
        """Begin no turn for a while: the other side says that it was too fast. Turns given already stay."""
        self._rests_until_ms = max(self._rests_until_ms, self._clock_ms() + ms)
