import threading

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, TraceFlags

from botflight_diagnostics.telemetry.export import (
    BoundedProcessor,
    ExportError,
    _exporter_from,
    _headers_from,
    sample_ratio_from,
    span_processor_from,
)

SPAN = ReadableSpan(
    "x",
    context=SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)),
    resource=Resource.get_empty(),
)


class GatedExporter(SpanExporter):
    """A collector that answers when the gate opens."""

    def __init__(self, result=SpanExportResult.SUCCESS):
        self.gate = threading.Event()
        self.result = result
        self.spans = []

    def export(self, spans):
        self.gate.wait(5)
        self.spans.extend(spans)
        return self.result


@pytest.mark.parametrize(
    "environ",
    [{}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "console"}],
)
def test_by_default_spans_go_nowhere(environ):
    """Without an exporter or an endpoint there is no processor."""
    assert span_processor_from(environ) is None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin'; possible: none, console, otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "must begin with http"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "possible: http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "number of seconds"),
    ],
)
def test_a_variable_that_cannot_be_honoured_is_refused(environ, words):
    """The error names the variable, its value and what is possible."""
    with pytest.raises(ExportError, match=words):
        span_processor_from(environ)


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/x"}, "http://c:4318/x"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "http://localhost:4318/v1/traces"),
    ],
)
def test_an_endpoint_alone_chooses_otlp(environ, endpoint):
    """The endpoint is taken as the standard says, with the path of the signal added to the general one."""
    assert _exporter_from(environ)._endpoint == endpoint


def test_headers_for_the_collector_are_taken_from_what_is_handed_in():
    """Headers are pairs with commas between."""
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=abc=, x = y"}

    assert _headers_from(environ) == {"api-key": "abc=", "x": "y"}


@pytest.mark.parametrize(
    ("environ", "ratio"),
    [
        ({}, 1),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, 0.25),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}, 0.5),
    ],
)
def test_the_ratio_is_read_by_the_standard_variables(environ, ratio):
    """OTEL_TRACES_SAMPLER and its argument say how many traces are exported."""
    assert sample_ratio_from(environ) == ratio


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_TRACES_SAMPLER": "jaeger_remote"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "half"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"},
    ],
)
def test_a_sampler_that_is_not_known_is_refused(environ):
    """A sampler or ratio that cannot be honoured is an error, not a guess."""
    with pytest.raises(ExportError):
        sample_ratio_from(environ)


def test_spans_that_do_not_fit_are_counted():
    """When the collector is slow the queue stays bounded and the rest is told as dropped."""
    dropped = []
    exporter = GatedExporter()
    processor = BoundedProcessor(exporter, on_drop=dropped.append, max_queued=512)

    for _ in range(600):
        processor.on_end(SPAN)
    exporter.gate.set()
    processor.shutdown()

    assert len(exporter.spans) + sum(dropped) == 600
    assert sum(dropped) >= 600 - 2 * 512


def test_spans_that_the_collector_refuses_are_counted():
    """A collector that is down costs a counted drop."""
    dropped = []
    exporter = GatedExporter(SpanExportResult.FAILURE)
    exporter.gate.set()
    processor = BoundedProcessor(exporter, on_drop=dropped.append)

    processor.on_end(SPAN)
    processor.force_flush()
    processor.shutdown()

    assert dropped == [1]
