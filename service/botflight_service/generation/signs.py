"""Hints of the provider, by attempt: whoever waits for one is woken, and the job that it named is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from uuid import UUID


class Sign(StrEnum):
    """What a call back from the provider comes to."""

    #: It told of a job that was lost.
    TAKEN = "TAKEN"
    #: It told what is known, or is about to be.
    KNOWN = "KNOWN"
    #: The job belongs to another attempt, or to none.
    NOT_OURS = "NOT_OURS"


class Signs:
    """A place for each attempt that is on its way."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._events: dict[UUID, asyncio.Event] = {}
        self._jobs: dict[UUID, str] = {}

    def expect(self, task_id: UUID) -> None:
        """Make a place for an attempt."""
        self._events[task_id] = asyncio.Event()

    def forget(self, task_id: UUID) -> None:
        """Take the place away."""
        self._events.pop(task_id, None)
        self._jobs.pop(task_id, None)

    def give(self, task_id: UUID, job_id: str) -> bool:
        """Wake who waits for this attempt; False where nobody does."""
        event = self._events.get(task_id)
        if event is None:
            return False
        self._jobs[task_id] = job_id
        event.set()
        return True

    def job(self, task_id: UUID) -> str | None:
        """The job that a hint named for this attempt."""
        return self._jobs.get(task_id)

    async def wait(self, task_id: UUID, seconds: float) -> bool:
        """Sleep until a hint comes, at most so long; whether one came."""
        event = self._events[task_id]
        waits = (asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        came = event.is_set()
        event.clear()
        return came
