"""A collector on a loopback address: what the standard OTEL_* variables bring to it, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from botflight_diagnostics.telemetry import Redactor, Telemetry


@dataclass(kw_only=True)
class Collector:
    """What came."""

    url: str = ""
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Take a batch."""
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.requests.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    @property
    def spans(self) -> list[Span]:
        """The spans that came, in order."""
        scopes = [scope for one in self.requests for resource in one.resource_spans for scope in resource.scope_spans]
        return [span for scope in scopes for span in scope.spans]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """A collector that takes traces."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield collector
    await runner.cleanup()


def telemetry_to(collector: Collector, **more: str) -> Telemetry:
    """As a running service has it."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **more}
    redactor = Redactor(["a-secret-of-somebody"])
    return Telemetry.create(lambda _: None, service="bot", version="1.2", redactor=redactor, environ=environ)


async def test_traces_come_to_the_collector(collector: Collector) -> None:
    """As OTLP in protobuf, with the headers of the environment: a tree of spans under the name of the service."""
    telemetry = telemetry_to(collector, OTEL_EXPORTER_OTLP_HEADERS="x-tenant=ours")
    with telemetry.tracer.root("process message", kind="consumer") as above, telemetry.tracer.span("handler menu"):
        pass

    await asyncio.to_thread(telemetry.close)

    handler, process = sorted(collector.spans, key=lambda span: span.name)
    assert (process.name, handler.parent_span_id) == ("process message", process.span_id)
    assert process.trace_id.hex() == above.trace.hex
    resource = collector.requests[0].resource_spans[0].resource
    named = {one.key: one.value.string_value for one in resource.attributes}
    assert (named["service.name"], named["service.version"]) == ("bot", "1.2")
    assert collector.headers[0]["x-tenant"] == "ours"
    assert collector.headers[0]["content-type"] == "application/x-protobuf"


async def test_by_ratio_and_always_what_failed(collector: Collector) -> None:
    """At a ratio of nothing, the one that failed of a hundred comes, whole."""
    telemetry = telemetry_to(collector, OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0")
    for number in range(100):
        with telemetry.tracer.root("process message") as span, telemetry.tracer.span("handler menu") as below:
            if number == 50:
                below.fail("KeyError")
                failed = span.trace.hex

    await asyncio.to_thread(telemetry.close)

    assert [span.trace_id.hex() for span in collector.spans] == [failed, failed]


async def test_no_secret_comes_to_the_collector(collector: Collector) -> None:
    """An attribute of a careless library is redacted on its way out."""
    telemetry = telemetry_to(collector)
    with telemetry.tracer.root("generate", attributes={"url.full": "https://x/?key=a-secret-of-somebody"}):
        pass

    await asyncio.to_thread(telemetry.close)

    assert "a-secret-of-somebody" not in str(collector.requests)
    assert len(collector.spans) == 1
