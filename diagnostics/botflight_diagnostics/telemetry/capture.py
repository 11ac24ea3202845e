"""Telemetry that keeps what it is told, for tests to look at."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from botflight_diagnostics.telemetry.bundle import Telemetry
from botflight_diagnostics.telemetry.catalogue import EVENTS
from botflight_diagnostics.telemetry.clock import Clock, SystemClock
from botflight_diagnostics.telemetry.export import OpenTelemetryExport
from botflight_diagnostics.telemetry.logs import Logs
from botflight_diagnostics.telemetry.metrics import Metrics
from botflight_diagnostics.telemetry.recorder import Recorder
from botflight_diagnostics.telemetry.redaction import Redactor
from botflight_diagnostics.telemetry.traces import Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedTelemetry(Telemetry):
    """Telemetry with every line, every span and every sample at hand; all traces are exported."""

    lines: list[bytes] = field(default_factory=list)
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the logged lines in order, all or those of one event."""
        lines = [orjson.loads(line) for line in self.lines]
        return [line for line in lines if name in {None, line["event"]}]

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """Return the exported spans in order, all or those of one name."""
        return [span for span in self.exporter.get_finished_spans() if name in {None, span.name}]

    def sample(self, name: str, **labels: str) -> float:
        """Return the value of a sample by its full name; 0 when there is none."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def unknown_events(self) -> set[str]:
        """Return the names of events that the catalogue lacks."""
        return {line["event"] for line in self.events()} - {event.name for event in EVENTS}


def captured(*, redactor: Redactor | None = None, clock: Clock | None = None) -> CapturedTelemetry:
    """Make telemetry that shares nothing with others and writes nothing."""
    clock = clock or SystemClock()
    lines: list[bytes] = []
    exporter = InMemorySpanExporter()
    recorder = Recorder(redactor=redactor)
    export = OpenTelemetryExport(SimpleSpanProcessor(exporter), service="test", version="0", redactor=redactor)
    metrics = Metrics(CollectorRegistry(), service="test", version="0")
    return CapturedTelemetry(
        logs=Logs(
            lines.append,
            service="test",
            version="0",
            redactor=redactor,
            clock=clock,
            level="debug",
            on_line=recorder.line,
        ),
        tracer=Tracer(
            export=export,
            clock=clock,
            on_end=recorder.trace,
            on_drop=lambda number: metrics.telemetry_dropped.add("spans", by=number),
        ),
        metrics=metrics,
        clock=clock,
        recorder=recorder,
        lines=lines,
        exporter=exporter,
    )
