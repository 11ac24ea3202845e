"""Telemetry that is switched off: what a service takes in place of the real one, to see what that costs."""

from __future__ import annotations

from contextlib import nullcontext
from types import TracebackType
from typing import Any, Self, cast

from prometheus_client import CollectorRegistry

from botflight_diagnostics.telemetry import Logs, Metrics, Recorder, Span, SystemClock, Telemetry, TraceContext, Tracer

_CONTEXT = TraceContext(1, 1, sampled=False)


class SilentSpan:
    """A span that notes nothing."""

    name = ""
    context = _CONTEXT
    duration_ms = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """End, and tell nobody."""

    def set(self, *_: object) -> None:
        """Note nothing."""

    def fail(self, *_: object) -> None:
        """Note nothing."""


_SPAN = cast("Span", SilentSpan())


class _SilentTracer(Tracer):
    """Opens spans that note nothing."""

    def root(self, *_: object, **_named: object) -> Span:
        """Begin nothing."""
        return _SPAN

    def span(self, *_: object, **_named: object) -> Span:
        """Begin nothing."""
        return _SPAN


class _SilentLogger:
    """A logger that writes nothing."""

    def __getattr__(self, _: str) -> Any:
        return _nothing


class _SilentLogs(Logs):
    """Loggers that write nothing."""

    def logger(self, _: str) -> Any:
        """Give one that writes nothing."""
        return _LOGGER

    def bridged(self, **_: object) -> Any:
        """Leave the standard library's logging as it is."""
        return nullcontext()


class _SilentFamily:
    """A metric that counts nothing."""

    add = set = observe = staticmethod(lambda *_, **__: None)


class _SilentMetrics(Metrics):
    """Families that count nothing."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry(), service="silent", version="0")
        for name, family in vars(self).copy().items():
            if hasattr(family, "child"):
                setattr(self, name, _FAMILY)
        for name in ("update_finished", "telegram_called", "provider_called", "storage_called"):
            setattr(self, name, _nothing)


class _SilentTelemetry(Telemetry):
    """Notes no update's end."""

    def update_finished(self, *_: object, **_named: object) -> None:
        """Tell nobody."""


def _nothing(*_: object, **_named: object) -> None:
    """Do nothing."""


_LOGGER = _SilentLogger()
_FAMILY = _SilentFamily()


def silent() -> Telemetry:
    """Make telemetry that tells nothing."""
    return _SilentTelemetry(
        logs=_SilentLogs(_nothing, service="silent", version="0"),
        tracer=_SilentTracer(),
        metrics=_SilentMetrics(),
        clock=SystemClock(),
        recorder=Recorder(),
    )
