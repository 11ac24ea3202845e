"""Logs, traces and metrics that agree with each other, handed to every part of a service."""

from botflight_diagnostics.telemetry.bundle import Telemetry
from botflight_diagnostics.telemetry.capture import CapturedTelemetry
from botflight_diagnostics.telemetry.clock import Clock, SystemClock
from botflight_diagnostics.telemetry.correlation import (
    Correlation,
    UserReferences,
    bind,
    bind_handler,
    correlation_id_of,
    current,
    mask,
)
from botflight_diagnostics.telemetry.export import ExportError, OpenTelemetryExport, span_processor_from
from botflight_diagnostics.telemetry.instrument import instrument
from botflight_diagnostics.telemetry.lines import console_line, json_line
from botflight_diagnostics.telemetry.logs import Logs, TickWriter, stream_writer
from botflight_diagnostics.telemetry.metrics import Metrics
from botflight_diagnostics.telemetry.recorder import Recorder
from botflight_diagnostics.telemetry.redaction import Redactor
from botflight_diagnostics.telemetry.traces import Span, TraceContext, Tracer, current_span

__all__ = [
    "CapturedTelemetry",
    "Clock",
    "Correlation",
    "ExportError",
    "Logs",
    "Metrics",
    "OpenTelemetryExport",
    "Recorder",
    "Redactor",
    "Span",
    "SystemClock",
    "Telemetry",
    "TickWriter",
    "TraceContext",
    "Tracer",
    "UserReferences",
    "bind",
    "bind_handler",
    "console_line",
    "correlation_id_of",
    "current",
    "current_span",
    "instrument",
    "json_line",
    "mask",
    "span_processor_from",
    "stream_writer",
]
