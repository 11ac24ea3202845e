"""Every call to the provider told: a span, a line and a metric; and each within its limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.generation.attempts import Artifact
from botflight_service.provider.interface import (
    AnswerLost,
    GenerationRequest,
    Hint,
    JobStatus,
    Provider,
    ProviderError,
)

Result = TypeVar("Result")

#: A submission without an answer by then counts as lost.
SUBMIT_LIMIT_S = 30.0
QUERY_LIMIT_S = 15.0
FETCH_LIMIT_S = 60.0


class ObservedProvider:
    """A provider around another one. A call that takes too long is an `AnswerLost`."""

    def __init__(self, provider: Provider, telemetry: Telemetry) -> None:
        self.name = provider.name
        self._provider = provider
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("provider")

    async def submit(self, request: GenerationRequest) -> str:
        """Hand a job in; its id."""
        return await self._told("submit", self._provider.submit(request), limit_s=SUBMIT_LIMIT_S)

    async def query(self, job_id: str) -> JobStatus:
        """Where a job stands."""
        return await self._told("query", self._provider.query(job_id), limit_s=QUERY_LIMIT_S)

    async def fetch(self, artifact: Artifact) -> bytes:
        """The finished file."""
        return await self._told("fetch", self._provider.fetch(artifact), limit_s=FETCH_LIMIT_S)

    def subscribe(self, listener: Callable[[Hint], None]) -> None:
        """Have `listener` called with every hint."""
        self._provider.subscribe(listener)

    def resume(self) -> None:
        """Go on with what an earlier run left."""
        self._provider.resume()

    async def close(self) -> None:
        """Close the provider inside."""
        await self._provider.close()

    async def _told(self, operation: str, call: Awaitable[Result], *, limit_s: float) -> Result:
        started = time.perf_counter()
        outcome = "FAILED"
        with self._telemetry.tracer.span(f"{self.name}/{operation}", kind="client") as span:
            try:
                async with asyncio.timeout(limit_s):
                    result = await call
                outcome = "OK"
                return result
            except TimeoutError as error:
                outcome = "TIMED_OUT"
                span.fail(outcome)
                raise AnswerLost("timed_out") from error
            except ProviderError as error:
                outcome = type(error).__name__
                span.fail(error.code)
                raise
            finally:
                duration_ms = (time.perf_counter() - started) * 1000
                self._telemetry.metrics.provider_called(operation, outcome, duration_ms=duration_ms)
                self._log.info(
                    "PROVIDER_CALLED",
                    provider=self.name,
                    operation=operation,
                    outcome=outcome,
                    duration_ms=round(duration_ms, 3),
                )
