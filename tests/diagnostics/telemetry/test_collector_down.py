"""A collector that is down costs a counted drop, and nothing else."""

from __future__ import annotations

import asyncio
import time

from tests.running import free_port

from botflight_diagnostics.telemetry import Redactor, Telemetry


def telemetry_to(port: int, lines: list[bytes]) -> Telemetry:
    """As a running service has it, exporting to a port of this machine."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_EXPORTER_OTLP_TIMEOUT": "0.3"}
    return Telemetry.create(lines.append, service="test", version="0", redactor=Redactor(), environ=environ)


async def test_a_collector_that_is_down_costs_a_counted_drop() -> None:
    """The updates go on at their pace, none raises, and each span that got lost is counted."""
    lines: list[bytes] = []
    telemetry = telemetry_to(free_port(), lines)
    # Of the processor, by this thread: what else the machine does is no cost of ours.
    began = time.thread_time()

    for number in range(300):
        with telemetry.tracer.root("process message", kind="consumer"), telemetry.tracer.span("handler main_render"):
            telemetry.logs.logger("updates").info("LIBRARY_LOG", message=str(number))
    took_s = time.thread_time() - began
    await asyncio.to_thread(telemetry.close)

    dropped = telemetry.metrics.registry.get_sample_value("botflight_telemetry_dropped_total", {"signal": "spans"})
    assert dropped == 600
    assert len(lines) == 300
    # 300 updates within their budget of 0.25 ms each, and as much again for a busy machine.
    assert took_s < 0.5
