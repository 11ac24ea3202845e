"""Whether users have their files within the time of the model, told as metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.generation.catalog import Catalog
from botflight_service.storage.interface import Storage, StorageError

#: A file is in time within so many times what its model usually takes.
USUAL_TIMES: Final = 2
#: Of a model that is not sold any more.
UNKNOWN_MODEL_S: Final = 60

_TIMINGS: Final = ("in_time", "late", "failed")


class Punctuality:
    """Measures from the tap on confirm to the file that Telegram took."""

    def __init__(
        self, *, partner: str, catalog: Catalog, storage: Storage, telemetry: Telemetry, clock_ms: Callable[[], int]
    ) -> None:
        self._partner = partner
        self._catalog = catalog
        self._storage = storage
        self._metrics = telemetry.metrics
        self._log = telemetry.logs.logger("generation")
        self._clock_ms = clock_ms
        for model in catalog.models:
            for timing in _TIMINGS:
                self._metrics.generations.add(model.key, timing, by=0)

    async def delivered(self, task_id: UUID) -> None:
        """Count an attempt whose file Telegram took. It is read anew: an earlier run may have begun it."""
        try:
            attempt = await self._storage.attempt(self._partner, task_id)
        except StorageError as error:
            self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            return
        # A present, whose money went back before, is counted already: as failed.
        if attempt is None or attempt.failure is not None:
            return
        took_s = (self._clock_ms() - attempt.created_at_ms) / 1000
        self._metrics.attempts.add(attempt.model, AttemptState.DELIVERED)
        self._metrics.time_to_result.observe(attempt.model, seconds=took_s)
        self._metrics.generations.add(attempt.model, "in_time" if took_s <= self._limit_s(attempt) else "late")

    def failed(self, attempt: Attempt) -> None:
        """Count an attempt that ended without a file."""
        self._metrics.generations.add(attempt.model, "failed")

    def _limit_s(self, attempt: Attempt) -> float:
        model = self._catalog.find(attempt.model)
        return UNKNOWN_MODEL_S if model is None else USUAL_TIMES * model.expected_seconds
