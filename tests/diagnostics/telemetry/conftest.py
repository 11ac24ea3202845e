import pytest

from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.telemetry.capture import CapturedTelemetry

SECOND_NS = 1_000_000_000


class StillClock:
    """A clock that moves when told."""

    def __init__(self):
        self.now_ns = 1_790_000_000 * SECOND_NS

    def time_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    def pass_ms(self, milliseconds: float) -> None:
        self.now_ns += round(milliseconds * 1e6)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def telemetry(clock) -> CapturedTelemetry:
    return Telemetry.for_tests(clock=clock)
