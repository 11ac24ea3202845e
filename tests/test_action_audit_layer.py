"""Every action of a user leaves a line that can be placed in time."""

import time

import pytest

from botflight_diagnostics.telemetry import Telemetry


@pytest.mark.key_assertion("every line says when")
def test_structured_logs_include_timestamp_ms():
    """A log line carries the wall clock in milliseconds, as an integer."""
    telemetry = Telemetry.for_tests()
    before_ms = time.time_ns() // 1_000_000

    telemetry.logs.logger("audit").info("user_action", action="open_menu", outcome="OK")

    (line,) = telemetry.events("user_action")
    assert type(line["timestamp_ms"]) is int
    assert before_ms <= line["timestamp_ms"] <= time.time_ns() // 1_000_000
