"""How calls to the provider ended within the last minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: A call is remembered for so long, in steps of `_STEP_S`.
WINDOW_S = 300
_STEP_S = 10


@dataclass(slots=True)
class Counts:
    """What ended within a time."""

    calls: int = 0
    #: At the provider's end, or without an answer.
    failed: int = 0
    submits: int = 0
    #: Submissions that were refused for good.
    refused: int = 0


class Outcomes:
    """Counts calls by steps of time; those that are older than the window are forgotten."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._steps: deque[tuple[int, Counts]] = deque(maxlen=WINDOW_S // _STEP_S)

    def note(self, *, submitted: bool, failed: bool, refused: bool) -> None:
        """Count a call."""
        step = int(self._clock_s() // _STEP_S)
        if not self._steps or self._steps[-1][0] != step:
            self._steps.append((step, Counts()))
        counts = self._steps[-1][1]
        counts.calls += 1
        counts.failed += failed
        counts.submits += submitted
        counts.refused += submitted and refused

    def counts(self) -> Counts:
        """What ended within the window."""
        since = int((self._clock_s() - WINDOW_S) // _STEP_S)
        recent = [counts for step, counts in self._steps if step > since]
        return Counts(
            calls=sum(counts.calls for counts in recent),
            failed=sum(counts.failed for counts in recent),
            submits=sum(counts.submits for counts in recent),
            refused=sum(counts.refused for counts in recent),
        )
