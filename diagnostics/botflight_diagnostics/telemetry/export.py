"""Finished traces become OpenTelemetry's spans, and leave by the standard OTEL_* variables."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from botflight_diagnostics.telemetry.redaction import Redactor
from botflight_diagnostics.telemetry.traces import Span, Trace, TraceContext

#: Spans that wait for the exporter; at 1 KB each that is 2 MB.
MAX_QUEUED: Final = 2048

_KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_ERROR: Final = Status(StatusCode.ERROR)
_UNSET: Final = Status(StatusCode.UNSET)

OnDrop = Callable[[int], object]


class ExportError(ValueError):
    """An OTEL_* variable has a value that this service cannot honour; the text names both and what is possible."""


class OpenTelemetryExport:
    """Makes real spans of light ones, takes the secrets out of their attributes, and gives them to a processor."""

    __slots__ = ("_processor", "_redactor", "_resource", "_scope")

    def __init__(
        self, processor: SpanProcessor, *, service: str, version: str, redactor: Redactor | None = None
    ) -> None:
        self._processor = processor
        self._redactor = redactor or Redactor()
        self._resource = Resource.create({"service.name": service, "service.version": version})
        self._scope = InstrumentationScope("botflight_diagnostics", version)

    def __call__(self, trace: Trace, spans: Sequence[Span]) -> None:
        """Hand the spans of one trace on."""
        for span in spans:
            self._processor.on_end(self._readable(trace, span))

    def shutdown(self) -> None:
        """Send what waits; blocks as long as the collector does, so call it on a thread and within a deadline."""
        self._processor.shutdown()

    def _readable(self, trace: Trace, span: Span) -> ReadableSpan:
        attributes = {
            name: self._redactor.text(value) if isinstance(value, str) else value
            for name, value in span.attributes.items()
        }
        if span.error_type is not None:
            attributes["error.type"] = span.error_type
        return ReadableSpan(
            name=span.name,
            context=SpanContext(trace.trace_id, span.span_id, is_remote=False, trace_flags=_SAMPLED),
            parent=_parent(trace, span),
            resource=self._resource,
            attributes=attributes,
            links=(Link(_context(span.link)),) if span.link else (),
            kind=_KINDS[span.kind],
            status=_UNSET if span.error_type is None else _ERROR,
            start_time=trace.epoch_ns + span.start_ns,
            end_time=trace.epoch_ns + span.end_ns,
            instrumentation_scope=self._scope,
        )


def _parent(trace: Trace, span: Span) -> SpanContext | None:
    if span.parent_id is None:
        return None
    return SpanContext(trace.trace_id, span.parent_id, is_remote=False, trace_flags=_SAMPLED)


def _context(context: TraceContext) -> SpanContext:
    return SpanContext(context.trace_id, context.span_id, is_remote=True, trace_flags=TraceFlags(int(context.sampled)))


class CountedExporter(SpanExporter):
    """An exporter that tells how many spans it failed to send."""

    def __init__(self, exporter: SpanExporter, *, on_drop: OnDrop) -> None:
        self._exporter = exporter
        self._on_drop = on_drop
        #: Written by the exporting thread alone.
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        self.taken += len(spans)
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._on_drop(len(spans))
        return result

    def shutdown(self) -> None:
        """Close the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what the exporter holds back."""
        return self._exporter.force_flush(timeout_millis)


class BoundedProcessor(SpanProcessor):
    """A batch processor that counts what does not fit, where OpenTelemetry's logs a warning for each span."""

    def __init__(self, exporter: SpanExporter, *, on_drop: OnDrop, max_queued: int = MAX_QUEUED) -> None:
        self._exporter = CountedExporter(exporter, on_drop=on_drop)
        self._batches = BatchSpanProcessor(self._exporter, max_queue_size=max_queued)
        self._on_drop = on_drop
        self._max_queued = max_queued
        #: Written by the event loop's thread alone.
        self._given = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span, or drop it when the queue is full."""
        if self._given - self._exporter.taken >= self._max_queued:
            self._on_drop(1)
            return
        self._given += 1
        self._batches.on_end(span)

    def shutdown(self) -> None:
        """Send what waits and stop the thread."""
        self._batches.shutdown()  # type: ignore[no-untyped-call] # OpenTelemetry left its type out

    def force_flush(self, timeout_millis: int | None = 30000) -> bool:
        """Send what waits."""
        return self._batches.force_flush(timeout_millis)


def span_processor_from(environ: Mapping[str, str], *, on_drop: OnDrop = lambda _: None) -> SpanProcessor | None:
    """Choose where spans go, by OpenTelemetry's environment variables; None when nowhere.

    `OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER` (none, console, otlp; unset: otlp when an endpoint is set, else none)
    and `OTEL_EXPORTER_OTLP_*` are read from `environ`. Raises `ExportError` for what cannot be honoured.
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    exporter = _exporter_from(environ)
    return None if exporter is None else BoundedProcessor(exporter, on_drop=on_drop)


def sample_ratio_from(environ: Mapping[str, str]) -> float:
    """Read the share of traces to export, by `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; 1 when unset.

    Raises `ExportError` for what cannot be honoured.
    """
    sampler = environ.get("OTEL_TRACES_SAMPLER", "parentbased_always_on").removeprefix("parentbased_")
    if sampler in {"always_on", "always_off"}:
        return float(sampler == "always_on")
    if sampler != "traceidratio":
        raise ExportError(f"OTEL_TRACES_SAMPLER is {sampler!r}; possible: always_on, always_off, traceidratio")
    given = environ.get("OTEL_TRACES_SAMPLER_ARG", "1")
    try:
        ratio = float(given)
    except ValueError:
        ratio = -1
    if not 0 <= ratio <= 1:
        raise ExportError(f"OTEL_TRACES_SAMPLER_ARG is {given!r}; it must be a number between 0 and 1")
    return ratio


def _exporter_from(environ: Mapping[str, str]) -> SpanExporter | None:
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    endpoint = _endpoint_from(environ)
    match environ.get("OTEL_TRACES_EXPORTER") or ("otlp" if endpoint else "none"):
        case "none":
            return None
        case "console":
            # Standard output belongs to the log's lines.
            return ConsoleSpanExporter(out=sys.stderr)
        case "otlp":
            return _otlp_exporter(environ, endpoint or "http://localhost:4318/v1/traces")
        case other:
            raise ExportError(f"OTEL_TRACES_EXPORTER is {other!r}; possible: none, console, otlp")


def _endpoint_from(environ: Mapping[str, str]) -> str | None:
    if traces := environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return traces
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return f"{base.rstrip('/')}/v1/traces" if base else None


def _otlp_exporter(environ: Mapping[str, str], endpoint: str) -> SpanExporter:
    protocol = _traces_or_all(environ, "PROTOCOL") or "http/protobuf"
    if protocol != "http/protobuf":
        raise ExportError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}; possible: http/protobuf")
    if not endpoint.startswith(("http://", "https://")):
        raise ExportError("OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or https://")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
    except ImportError:
        raise ExportError("OTEL_TRACES_EXPORTER is 'otlp': install botflight[otlp] for it") from None
    return OTLPSpanExporter(endpoint=endpoint, headers=_headers_from(environ), timeout=_timeout_s_from(environ))


def _headers_from(environ: Mapping[str, str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in _traces_or_all(environ, "HEADERS").split(",") if "=" in pair)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _timeout_s_from(environ: Mapping[str, str]) -> float:
    given = _traces_or_all(environ, "TIMEOUT") or "10"
    try:
        return float(given)
    except ValueError:
        raise ExportError(f"OTEL_EXPORTER_OTLP_TIMEOUT is {given!r}; it must be a number of seconds") from None


def _traces_or_all(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or environ.get(f"OTEL_EXPORTER_OTLP_{name}") or ""
