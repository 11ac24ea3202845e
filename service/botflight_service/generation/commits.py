"""Steps of attempts made durable: committed for as long as it takes, their messages sent, and told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from botflight_diagnostics.telemetry import Telemetry
from botflight_service import tally
from botflight_service.generation.attempts import Attempt, AttemptState, Funding
from botflight_service.generation.punctuality import Punctuality
from botflight_service.generation.settle import CHAT_GONE
from botflight_service.message import OutgoingMessage
from botflight_service.storage.interface import QueuedMessage, Storage, StorageError, Work

Result = TypeVar("Result")

#: Waits while the store fails; the last repeats.
STORE_BACKOFF_S = (0.1, 0.5, 2.0, 5.0, 15.0)


class Messenger(Protocol):
    """Sends what was committed, and progress in passing."""

    def put(self, messages: Sequence[QueuedMessage]) -> None:
        """Take committed messages on."""
        ...

    def draw(self, message: OutgoingMessage) -> None:
        """Draw over a screen in passing."""
        ...


class Commits:
    """Commits the steps of attempts."""

    def __init__(
        self,
        *,
        storage: Storage,
        messenger: Messenger,
        punctuality: Punctuality,
        telemetry: Telemetry,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._storage = storage
        self._messenger = messenger
        self._punctuality = punctuality
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("generation")
        self._sleep = sleep

    async def take(self, attempt: Attempt, work: Work) -> Attempt:
        """Commit a step, send its messages and give the attempt as it is now. Raises a WorkRefused."""
        receipt = await self.persistently(lambda: self._storage.commit(work))
        self._messenger.put(receipt.messages)
        move = work.move
        if move is None:
            return attempt
        self._tell(attempt, work, move.to)
        return replace(
            attempt,
            state=move.to,
            changed_at_ms=work.at_ms,
            submitted_at_ms=move.submitted_at_ms or attempt.submitted_at_ms,
            job_id=move.job_id or attempt.job_id,
            artifact=move.artifact or attempt.artifact,
            failure=move.failure or attempt.failure,
        )

    def _tell(self, attempt: Attempt, work: Work, to: AttemptState) -> None:
        metrics = self._telemetry.metrics
        if to is not AttemptState.CONFIRMED:
            # One that is put back for the next try was counted when it was confirmed.
            metrics.attempts.add(attempt.model, to)
        failure = work.move.failure if work.move else None
        # A user who went away is nobody's lateness.
        if to in {AttemptState.FAILED, AttemptState.REFUNDED} and failure != CHAT_GONE:
            self._punctuality.failed(attempt)
        tally.count(metrics, work.transfers)
        self._log.info(
            "ATTEMPT_MOVED",
            task_id=str(attempt.task_id),
            model=attempt.model,
            state=str(to),
            free=attempt.funding is Funding.FREE,
            failure=failure,
        )

    async def persistently(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Call the store until it answers: an attempt under way has nowhere else to go."""
        failures = 0
        while True:
            try:
                return await call()
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
                await self._sleep(STORE_BACKOFF_S[min(failures, len(STORE_BACKOFF_S) - 1)])
                failures += 1
