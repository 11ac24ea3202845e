"""The three signals and the clock in one value, handed to every part of a service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from botflight_diagnostics.telemetry.clock import Clock, SystemClock
from botflight_diagnostics.telemetry.export import OpenTelemetryExport, sample_ratio_from, span_processor_from
from botflight_diagnostics.telemetry.lines import Render, json_line
from botflight_diagnostics.telemetry.logs import Logs, Writer
from botflight_diagnostics.telemetry.metrics import Metrics
from botflight_diagnostics.telemetry.recorder import Recorder
from botflight_diagnostics.telemetry.redaction import Redactor
from botflight_diagnostics.telemetry.traces import Tracer, current_span

if TYPE_CHECKING:
    from botflight_diagnostics.telemetry.capture import CapturedTelemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What a part of the service needs to tell what it does."""

    logs: Logs
    tracer: Tracer
    metrics: Metrics
    clock: Clock
    #: Holds the last minutes of the other three, for whoever looks from inside.
    recorder: Recorder = field(default_factory=Recorder)
    #: Sends what waits. Blocks as long as the collector does: call it on a thread and within a deadline.
    close: Callable[[], None] = lambda: None

    @classmethod
    def create(
        cls,
        write: Writer,
        *,
        service: str,
        version: str,
        redactor: Redactor,
        environ: Mapping[str, str],
        level: str = "info",
        render: Render = json_line,
        clock: Clock | None = None,
    ) -> "Telemetry":
        """Put the parts together for a running service; `environ` is asked for OTEL_* variables only.

        Raises `export.ExportError` when one of them cannot be honoured.
        """
        clock = clock or SystemClock()
        metrics = Metrics(CollectorRegistry(), service=service, version=version)
        recorder = Recorder(redactor=redactor)

        def spans_dropped(number: int) -> None:
            metrics.telemetry_dropped.add("spans", by=number)

        processor = span_processor_from(environ, on_drop=spans_dropped)
        export = (
            OpenTelemetryExport(processor, service=service, version=version, redactor=redactor) if processor else None
        )
        return cls(
            logs=Logs(
                write,
                service=service,
                version=version,
                redactor=redactor,
                clock=clock,
                level=level,
                render=render,
                on_line=recorder.line,
                on_drop=lambda number: metrics.telemetry_dropped.add("logs", by=number),
            ),
            tracer=Tracer(
                export=export,
                ratio=sample_ratio_from(environ),
                clock=clock,
                on_end=recorder.trace,
                on_drop=spans_dropped,
            ),
            metrics=metrics,
            clock=clock,
            recorder=recorder,
            close=export.shutdown if export else lambda: None,
        )

    @staticmethod
    def for_tests(*, redactor: Redactor | None = None, clock: Clock | None = None) -> "CapturedTelemetry":
        """Make one that keeps its lines, spans and samples, and shares nothing with others."""
        from botflight_diagnostics.telemetry.capture import captured  # noqa: PLC0415 - a running service has no use for it

        return captured(redactor=redactor, clock=clock)

    def update_finished(
        self,
        update_type: str,
        outcome: str,
        *,
        duration_ms: float,
        lag_ms: float | None = None,
        error_type: str | None = None,
        **fields: object,
    ) -> None:
        """Tell the end of an update, within its root span: one line `UPDATE_DONE`, its counts, its trace marked.

        `outcome` is `OK` or names what came of it instead; with `error_type` it was a fault of ours, an error to all
        signals. `lag_ms` is known of messages only. `fields` go to the line, those that are None aside.
        """
        span = current_span()
        if span is not None:
            span.set("botflight.outcome", outcome)
            if error_type is not None:
                span.fail(error_type)
            elif duration_ms >= self.tracer.slow_ms:
                span.trace.keep()
        self.metrics.update_finished(update_type, outcome, duration_ms=duration_ms, lag_ms=lag_ms)
        duration_ms = round(duration_ms, 3)
        fields |= {"duration_ms": duration_ms, "outcome": outcome, "error_type": error_type}
        fields["lag_ms"] = None if lag_ms is None else round(lag_ms, 3)
        known = {name: value for name, value in fields.items() if value is not None}
        logger = self.logs.logger("updates")
        tell = logger.info if error_type is None else logger.error
        tell("UPDATE_DONE", **known)
        self.recorder.done(
            {"at_ms": self.clock.time_ns() // 1_000_000, "update_type": update_type, **known},
            trace_id=span.trace.hex if span is not None else "",
        )
