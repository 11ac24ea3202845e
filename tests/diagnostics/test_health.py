import asyncio

import pytest

from botflight_diagnostics.health import LAG_LIMIT_MS, Health


class Service:
    """State that health looks at."""

    def __init__(self) -> None:
        self.starting = True
        self.draining = False


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def health(service):
    return Health(
        started=lambda: "STARTING" if service.starting else None,
        ready={"draining": lambda: "DRAINING" if service.draining else None},
    )


def test_a_service_that_starts_is_not_ready(health):
    """Before the start is over no traffic is wanted, and the reason is told."""
    verdict = health.ready()

    assert (verdict.ok, verdict.checks) == (False, {"started": "STARTING", "draining": "ok"})


def test_a_started_service_is_ready(health, service):
    """With all conditions met traffic is wanted."""
    service.starting = False

    assert health.ready().ok


def test_a_draining_service_is_not_ready_but_alive(health, service):
    """One that drains gets no traffic, and is not killed."""
    service.starting, service.draining = False, True

    assert (health.ready().ok, health.live().ok) == (False, True)


def test_a_start_is_over_once(health, service):
    """What has started once has started, whatever comes."""
    service.starting = False
    assert health.startup().ok

    service.starting = True

    assert health.startup().ok


def test_a_start_under_way_is_told(health):
    """The startup page tells what it waits for."""
    verdict = health.startup()

    assert (verdict.ok, verdict.checks) == (False, {"started": "STARTING"})


async def watched(clock, late_ms):
    """Watch a loop that is late by so much, once."""
    lags = []

    async def pause(seconds):
        if lags:
            raise asyncio.CancelledError
        clock.pass_ms(seconds * 1000 + late_ms)

    health = Health(started=lambda: None, ready={}, clock=clock, on_lag=lags.append, pause=pause)
    with pytest.raises(asyncio.CancelledError):
        await health.watch()
    return health, lags


async def test_the_lag_of_the_event_loop_is_measured(clock):
    """How late a wake-up was is told in seconds, and on the page in milliseconds."""
    health, lags = await watched(clock, 70)

    assert lags == [pytest.approx(0.07)]
    assert health.live().meta == {"lag_ms": 70}


async def test_a_very_late_event_loop_is_dead(clock):
    """A loop that was seconds late is taken for dead."""
    health, _ = await watched(clock, LAG_LIMIT_MS)

    assert (health.live().ok, health.live().checks) == (False, {"event_loop": "EVENT_LOOP_LATE"})


async def test_an_early_wake_up_is_no_lag(clock):
    """A timer that fires a little early makes no negative lag."""
    _, lags = await watched(clock, -1)

    assert lags == [0]
