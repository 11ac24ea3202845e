"""The benchmark of telemetry compares what it says: all of it with none of it, on the same updates."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from tests.bench.silent import silent
from tests.bench.telemetry import costs_us, messages, serving, telling

from botflight_diagnostics.telemetry import Telemetry


def told(registry: CollectorRegistry) -> float:
    """Whatever was counted or measured, added up; what runs aside."""
    families = [family for family in registry.collect() if family.name != "botflight_build_info"]
    return sum(abs(sample.value) for family in families for sample in family.samples)


async def after_updates(telemetry: Telemetry) -> Telemetry:
    """Have a service take ten updates."""
    async with serving("one", telemetry) as contender:
        await contender.take(messages(0, 10))
    return telemetry


async def test_switched_off_nothing_is_told() -> None:
    """The service works as before, and no line, span or number comes of it."""
    telemetry = await after_updates(silent())

    assert told(telemetry.metrics.registry) == 0
    assert telemetry.recorder.bytes_used == 0


async def test_switched_on_every_update_is_told() -> None:
    """Five commands and five taps: all of them end well, so what is measured is the usual way."""
    telemetry = await after_updates(telling(1.0))

    value = telemetry.metrics.registry.get_sample_value
    assert value("botflight_updates_total", {"type": "message", "outcome": "OK"}) == 5
    assert value("botflight_updates_total", {"type": "callback_query", "outcome": "OK"}) == 5
    assert telemetry.recorder.bytes_used > 0


async def test_the_ways_are_measured_in_turns() -> None:
    """Each has a figure of its own."""
    took = await costs_us({"off": silent, "on": telling}, rounds=2, updates=4)

    assert list(took) == ["off", "on"]
    assert min(took.values()) > 0
