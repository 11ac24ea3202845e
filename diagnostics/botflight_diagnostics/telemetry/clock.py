"""Time, handed in: what telemetry stamps and measures with."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings, each in nanoseconds; the standard module `time` is one such clock."""

    def time_ns(self) -> int:
        """Nanoseconds since 1970 (UTC)."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since some moment; never goes back."""


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    time_ns = staticmethod(time.time_ns)
    #: `perf_counter` and not `monotonic`, which ticks every 16 ms on Windows.
    monotonic_ns = staticmethod(time.perf_counter_ns)
