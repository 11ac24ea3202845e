"""A bar on a terminal for work that takes long; nothing where nobody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self, TextIO

_WIDTH = 30
#: A bar that is drawn more often costs more than it tells.
_EVERY_S = 0.1


class Progress:
    """Called with how much is done, and of how much (0: not known). Used as a context, it cleans up after itself."""

    def __init__(self, stream: TextIO, label: str, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._label = label
        self._clock_s = clock_s
        self._shown_at_s: float | None = None
        self._shows = stream.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown_at_s is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def __call__(self, done: int, total: int) -> None:
        """Show how far it has come."""
        now_s = self._clock_s()
        if not self._shows or (self._shown_at_s is not None and now_s - self._shown_at_s < _EVERY_S):
            return
        self._shown_at_s = now_s
        self._stream.write(f"\r\x1b[K{self._label} {_drawn(done, total)}")
        self._stream.flush()


def _drawn(done: int, total: int) -> str:
    if total <= 0:
        return f"{done:,}"
    share = min(done / total, 1.0)
    filled = round(share * _WIDTH)
    return f"[{'=' * filled}{' ' * (_WIDTH - filled)}] {share:4.0%}"
