"""Every call to the provider told: a span, a line and a metric; and each within its limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.generation.attempts import Artifact
from botflight_service.provider.interface import (
    Accounted,
    AnswerLost,
    GenerationRequest,
    Hint,
    JobStatus,
    NotNow,
    Provider,
    ProviderError,
    ProviderRefused,
)
from botflight_service.provider.outcomes import Outcomes

Result = TypeVar("Result")

#: A submission without an answer by then counts as lost.
SUBMIT_LIMIT_S = 75.0
QUERY_LIMIT_S = 20.0
FETCH_LIMIT_S = 60.0
CREDIT_LIMIT_S = 15.0


class ObservedProvider:
    """A provider around another one. A call that takes too long is an `AnswerLost`."""

    def __init__(self, provider: Provider, telemetry: Telemetry) -> None:
        self.name = provider.name
        self.operations = provider.operations
        self._provider = provider
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("provider")
        #: How calls ended within the last minutes.
        self.outcomes = Outcomes(time.monotonic)

    async def submit(self, request: GenerationRequest) -> str:
        """Hand a job in; its id."""
        return await self.told(self.operations.submit, self._provider.submit(request), limit_s=SUBMIT_LIMIT_S)

    async def query(self, job_id: str, *, routine: bool = False) -> JobStatus:
        """Where a job stands."""
        asked = self._provider.query(job_id, routine=routine)
        return await self.told(self.operations.query, asked, limit_s=QUERY_LIMIT_S)

    async def fetch(self, artifact: Artifact) -> bytes:
        """The finished file."""
        return await self.told(self.operations.fetch, self._provider.fetch(artifact), limit_s=FETCH_LIMIT_S)

    @property
    def account(self) -> Accounted | None:
        """The account behind it, told like every other call; None where nothing is paid from one."""
        return _Account(self, self._provider) if isinstance(self._provider, Accounted) else None

    def subscribe(self, listener: Callable[[Hint], None]) -> None:
        """Have `listener` called with every hint."""
        self._provider.subscribe(listener)

    def resume(self) -> None:
        """Go on with what an earlier run left."""
        self._provider.resume()

    async def close(self) -> None:
        """Close the provider inside."""
        await self._provider.close()

    async def told(self, operation: str, call: Awaitable[Result], *, limit_s: float) -> Result:
        """Await a call, and tell of it."""
        started = time.perf_counter()
        outcome, called, failed, refused = "FAILED", True, True, False
        attributes = {"rpc.system": self.name, "rpc.method": operation}
        with self._telemetry.tracer.span(f"{self.name}/{operation}", kind="client", attributes=attributes) as span:
            try:
                async with asyncio.timeout(limit_s):
                    result = await call
                outcome, failed = "OK", False
                return result
            except TimeoutError as error:
                outcome = "TIMED_OUT"
                span.fail(outcome)
                raise AnswerLost("timed_out") from error
            except ProviderError as error:
                outcome = type(error).__name__
                refused = isinstance(error, ProviderRefused)
                called = not isinstance(error, NotNow)
                failed = not refused
                if called:
                    span.fail(error.code)
                if error.alarm:
                    self._alarm(operation, error)
                raise
            finally:
                duration_ms = (time.perf_counter() - started) * 1000
                # What had no turn called nobody: it says nothing of the provider, and comes often when much is made.
                if called:
                    self._telemetry.metrics.provider_called(operation, outcome, duration_ms=duration_ms)
                    self.outcomes.note(submitted=operation == self.operations.submit, failed=failed, refused=refused)
                    self._log.info(
                        "PROVIDER_CALLED",
                        provider=self.name,
                        operation=operation,
                        outcome=outcome,
                        duration_ms=round(duration_ms, 3),
                    )

    def remember_credit(self, left: float) -> None:
        """Show what is left on the account."""
        self._telemetry.metrics.provider_credits.set(self.name, to=left)

    def _alarm(self, operation: str, error: ProviderError) -> None:
        """Wake somebody: the provider will go on refusing until a person acts."""
        self._telemetry.metrics.provider_alarms.add(error.alarm)
        self._log.error("PROVIDER_ALARM", provider=self.name, operation=operation, alarm=error.alarm)


class _Account:
    """The account of an observed provider."""

    def __init__(self, observed: ObservedProvider, account: Accounted) -> None:
        self._observed = observed
        self._account = account

    async def credit(self) -> float:
        """What is left on it; remembered by the gauge."""
        observed = self._observed
        left = await observed.told(observed.operations.credit, self._account.credit(), limit_s=CREDIT_LIMIT_S)
        observed.remember_credit(left)
        return left
