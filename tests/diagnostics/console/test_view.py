import json

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.applications import Starlette

from botflight_diagnostics.console import Console, Plot, Quantiles, Rate, Value
from botflight_diagnostics.console.history import POINTS, History
from botflight_diagnostics.console.masking import masked
from botflight_diagnostics.console.plots import MAX_LINES, Reader
from botflight_diagnostics.telemetry import Correlation, Redactor, Telemetry, bind, correlation_id_of

TOKEN = "a-token-of-sixteen"


def history_of(telemetry, clock, registry=None, plots=()):
    return History(
        recorder=telemetry.recorder, reader=Reader(registry or CollectorRegistry(), plots), plots=plots, clock=clock
    )


def lines_of(history, title):
    (plot,) = [plot for plot in history.view(after=0)["plots"] if plot["title"] == title]
    return {line["name"]: line["values"] for line in plot["lines"]}


def passed(history, clock, seconds=1):
    for _ in range(seconds):
        clock.pass_ms(1000)
        history.sample()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"user_id": 900000001}, {"user_id": "9***01"}),
        ({"message": "no chat -1001234567890 for 900000001"}, {"message": "no chat -1***90 for 9***01"}),
        ({"update_id": 812187323, "duration_ms": 1234567}, {"update_id": 812187323, "duration_ms": 1234567}),
        ({"correlation_id": "6daa0450-dde1-5d61-9f4d-123456789012"},) * 2,
        ({"text": "task 6daa0450-dde1-5d61-9f4d-123456789012 u_012345678901"},) * 2,
        ({"deep": [{"chat": 900000001}]}, {"deep": [{"chat": "9***01"}]}),
    ],
)
def test_a_number_that_may_be_somebody_is_masked(value, shown):
    """Alone, in text and in depth; what is made to be shown is left."""
    assert masked(value) == shown


async def test_spans_are_shown_without_secrets_and_ids(clock):
    """Attributes come to the page clean, though they are kept as they were set."""
    telemetry = Telemetry.for_tests(redactor=Redactor(["hunter22"]), clock=clock)
    correlation_id = correlation_id_of(1, 2)
    with (
        bind(Correlation(correlation_id=correlation_id)),
        telemetry.tracer.root("work", attributes={"url": "/x/hunter22", "chat": 900000001}),
    ):
        telemetry.update_finished("message", "OK", duration_ms=1)
    console = Console(telemetry=telemetry, preflights={}, token=TOKEN, about={})

    transport = httpx.ASGITransport(Starlette(routes=console.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(f"/__diag/console/updates/{correlation_id}", headers={"X-Diag-Token": TOKEN})

    (trace,) = answer.json()["traces"]
    assert trace["spans"][0]["attributes"] == {
        "url": "/x/[redacted]",
        "chat": "9***01",
        "botflight.outcome": "OK",
    }


def test_updates_and_their_times_are_exact(telemetry, clock):
    """A second with ten updates: their rate, and percentiles of what was measured, not of buckets."""
    history = history_of(telemetry, clock)
    for duration_ms in range(1, 11):
        telemetry.update_finished("message", "OK", duration_ms=duration_ms)

    passed(history, clock)

    assert lines_of(history, "Updates") == {"OK": [10.0]}
    assert lines_of(history, "Time of an update") == {"p50": [5.0], "p95": [10.0], "p99": [10.0]}


def test_failures_and_lines_of_trouble_are_plotted(telemetry, clock):
    """What a fault of ours ended, and what was logged as error or warning."""
    history = history_of(telemetry, clock)
    telemetry.update_finished("message", "FAILED", duration_ms=1, error_type="KeyError")
    telemetry.logs.logger("test").warning("MESSAGE_DELAYED")

    passed(history, clock)

    assert lines_of(history, "Errors and warnings") == {
        "failed updates": [1.0],
        "error lines": [1.0],
        "warnings": [1.0],
    }


def test_metrics_of_anybody_are_plotted(telemetry, clock):
    """Rates, gauges and quantiles of a registry that we know nothing of."""
    registry = CollectorRegistry()
    orders = Counter("orders_total", "Orders.", ["outcome"], registry=registry)
    waiting = Gauge("waiting", "Waiting.", registry=registry)
    took = Histogram("took_seconds", "Took.", registry=registry, buckets=(0.1, 0.2))
    sources = (Rate("orders_total", by="outcome"), Value("waiting", "in line"), Quantiles("took_seconds", (0.5,)))
    history = history_of(telemetry, clock, registry, [Plot(title="Shop", unit="", sources=sources)])
    orders.labels("OK").inc(0)
    passed(history, clock)

    orders.labels("OK").inc(4)
    waiting.set(3)
    took.observe(0.15)
    passed(history, clock, 2)

    assert lines_of(history, "Shop") == {"OK": [0.0, 4.0, 2.0], "in line": [0.0, 3.0, 3.0], "p50": [None, 150.0, 150.0]}


def test_points_and_lines_are_limited(telemetry, clock):
    """A quarter of an hour, and few lines a plot however many label values there are."""
    registry = CollectorRegistry()
    orders = Counter("orders_total", "Orders.", ["outcome"], registry=registry)
    plot = Plot(title="Shop", unit="", sources=(Rate("orders_total", by="outcome"),))
    history = history_of(telemetry, clock, registry, [plot])
    for number in range(20):
        orders.labels(f"outcome {number}").inc()

    passed(history, clock, POINTS + 5)

    assert len(history.view(after=0)["at_ms"]) == POINTS
    assert len(lines_of(history, "Shop")) <= MAX_LINES
    assert history.view(after=POINTS)["at_ms"] == history.view(after=0)["at_ms"][-5:]


def test_what_is_told_is_json(telemetry, clock):
    """No NaN, which JSON does not know."""
    history = history_of(telemetry, clock)

    passed(history, clock, 3)

    assert json.loads(json.dumps(history.view(after=0), allow_nan=False))["last"] == 3
