"""One time limit for many pieces of work, by one timer: `asyncio.timeout` sets and cancels a timer for each of them."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadlines:
    """Cuts off whatever takes longer than `limit_s`."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        #: All have the same limit, so the oldest, which is the first, is due first.
        self._open: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def one(self) -> Deadline:
        """Make a deadline, for one block of one task."""
        return Deadline(self)

    def begin(self, deadline: Deadline) -> float:
        """Take note of a deadline; when it is due, on the event loop's clock."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._limit_s
        self._open[deadline] = None
        if self._timer is None:
            self._timer = loop.call_at(due_s, self._look)
        return due_s

    def end(self, deadline: Deadline) -> None:
        """Forget a deadline."""
        self._open.pop(deadline, None)

    def _look(self) -> None:
        """Cut off what is due, and look again when the next one is. With nothing open there is no timer."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for deadline in [one for one in self._open if one.due_s <= now_s]:
            self.end(deadline)
            deadline.expire()
        first = next(iter(self._open), None)
        self._timer = loop.call_at(first.due_s, self._look) if first is not None else None


class Deadline:
    """The time of one block: a context manager that raises TimeoutError where the block was cut off."""

    __slots__ = ("_cancelling", "_deadlines", "_expired", "_task", "due_s")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._expired = False
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.due_s = 0.0

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task is not None else 0
        self.due_s = self._deadlines.begin(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._deadlines.end(self)
        if not self._expired or self._task is None:
            return
        # As `asyncio.timeout` does it: where somebody else cancelled as well, that is what counts.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """Cut the block off."""
        self._expired = True
        if self._task is not None:
            self._task.cancel()
