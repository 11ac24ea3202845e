"""Every call to the store told: a span and a metric, whichever store it is."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.storage.interface import Storage, WorkRefused

#: The calls that are told, by the names that OpenTelemetry gives to what happens in a database.
_TOLD: Mapping[str, str] = {
    "accept": "INSERT inbox",
    "undone": "SELECT inbox",
    "commit": "COMMIT work",
    "session": "SELECT sessions",
    "balance": "SELECT balances",
    "free_used": "SELECT free_deductions",
    "attempt": "SELECT attempts",
    "attempts_in": "SELECT attempts",
    "history": "SELECT attempts",
    "has_user": "SELECT users",
    "user": "SELECT users",
    "reachable": "SELECT users",
    "attempts_of": "SELECT attempts",
    "payment": "SELECT payments",
    "payments_of": "SELECT payments",
    "payments_in": "SELECT payments",
    "house": "SELECT balances",
    "memo": "SELECT memos",
    "actions": "SELECT admin_actions",
    "unsent": "SELECT outbox",
    "mark": "UPDATE outbox",
}


def observed(storage: Storage, telemetry: Telemetry) -> Storage:
    """The same store, telling of its calls."""
    return cast("Storage", _Observed(storage, telemetry))


class _Observed:
    """Stands in front of a store. What is told is wrapped once and kept, the rest is handed through."""

    def __init__(self, storage: Storage, telemetry: Telemetry) -> None:
        self._storage = storage
        self._telemetry = telemetry
        for name, span in _TOLD.items():
            operation, _, table = span.partition(" ")
            attributes = {
                "db.system.name": storage.system,
                "db.operation.name": operation,
                "db.collection.name": table,
            }
            setattr(self, name, partial(self._call, getattr(storage, name), name, span, attributes))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has there
        return getattr(self._storage, name)

    async def _call(
        self,
        method: Callable[..., Awaitable[Any]],
        name: str,
        span: str,
        attributes: Mapping[str, str],
        *given: object,
        **named: object,
    ) -> Any:  # noqa: ANN401 - whatever the method gives
        started = time.perf_counter()
        outcome = "FAILED"
        with self._telemetry.tracer.span(span, kind="client", attributes=attributes):
            try:
                result = await method(*given, **named)
                outcome = "OK"
                return result
            except WorkRefused:
                outcome = "REFUSED"
                raise
            finally:
                self._telemetry.metrics.storage_called(
                    name, outcome, duration_ms=(time.perf_counter() - started) * 1000
                )
