"""News of attempts after their course: a lost job is found again, a present given, a lost file paid back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from botflight_service.generation import settle
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.generation.commits import Commits
from botflight_service.generation.settle import Narrator
from botflight_service.provider.interface import JobStatus, Provider
from botflight_service.storage.interface import AttemptMoved


class Aftermath:
    """Deals with news of attempts that nobody waits for."""

    def __init__(
        self, *, provider: Provider, narrator: Narrator, commits: Commits, clock_ms: Callable[[], int]
    ) -> None:
        self._provider = provider
        self._narrator = narrator
        self._commits = commits
        self._clock_ms = clock_ms

    async def hear(self, attempt: Attempt, job_id: str) -> Attempt | None:
        """A call back says that `job_id` came of this attempt: the attempt as it is now, None where that is not so.

        A job that is not known yet is believed only when the provider itself repeats the attempt's token. Raises
        ProviderError where it cannot be asked.
        """
        lost = attempt.state in {AttemptState.SUBMITTING, AttemptState.UNKNOWN}
        if not lost and not settle.is_owed(attempt):
            return attempt if attempt.job_id == job_id else None
        status = await self._provider.query(job_id)
        if status.token != str(attempt.task_id):
            return None
        if not lost:
            await self._give(attempt, status)
            return attempt
        return await self._commits.take(attempt, settle.running(attempt, job_id, at_ms=self._clock_ms()))

    async def give(self, attempt: Attempt, job_id: str) -> None:
        """A sign of an attempt that is settled: if its money went back, a success is a present.

        Raises ProviderError.
        """
        if settle.is_owed(attempt):
            await self._give(attempt, await self._provider.query(job_id))

    async def pay_back(self, attempt: Attempt, code: str) -> None:
        """The file of an attempt that was charged cannot be sent any more."""
        with contextlib.suppress(AttemptMoved):
            await self._commits.take(
                attempt, settle.undeliverable(attempt, code, self._narrator, at_ms=self._clock_ms())
            )

    async def _give(self, attempt: Attempt, status: JobStatus) -> None:
        if status.artifact is None:
            return
        await self._provider.fetch(status.artifact)
        late = settle.late(attempt, status.artifact, self._narrator, at_ms=self._clock_ms())
        with contextlib.suppress(AttemptMoved):
            await self._commits.take(attempt, late)
