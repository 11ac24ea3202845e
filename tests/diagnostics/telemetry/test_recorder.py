import gc
import json
import tracemalloc

import pytest
from prometheus_client import CollectorRegistry

from botflight_diagnostics.telemetry import (
    Correlation,
    Logs,
    Metrics,
    Recorder,
    Redactor,
    SystemClock,
    Telemetry,
    Tracer,
    bind,
    correlation_id_of,
)
from botflight_diagnostics.telemetry.recorder import MAX_OUTCOMES, MIN_LIMIT_BYTES


def update(telemetry, update_id, *, outcome="OK", duration_ms=12.5, error_type=None, text="hello"):
    """One update as a service tells it: the request, then the work, which shares its trace; the id of all of it."""
    correlation_id = correlation_id_of(42, update_id)
    with telemetry.tracer.root("POST /webhook") as request:
        pass
    with (
        bind(Correlation(correlation_id=correlation_id, update_id=update_id, user_ref="u_0123456789ab")),
        telemetry.tracer.root("process message", kind="consumer", parent=request.context),
    ):
        with telemetry.tracer.span("handler menu"):
            telemetry.logs.logger("test").info("main_render", text=text)
        telemetry.update_finished("message", outcome, duration_ms=duration_ms, error_type=error_type, handler="menu")
    return str(correlation_id)


def test_what_belongs_to_an_update_is_found_by_its_correlation_id(telemetry):
    """Spans and lines of one update and of no other, the request that brought it among them."""
    update(telemetry, 1)
    wanted = update(telemetry, 2)

    found = telemetry.recorder.of(wanted)

    assert [record.kind for record in found] == ["trace", "line", "line", "done", "trace"]
    spans = [row[2] for record in found if record.kind == "trace" for row in json.loads(record.payload)[1]]
    assert spans == ["POST /webhook", "process message", "handler menu"]
    assert [json.loads(record.payload)["event"] for record in found if record.kind == "line"] == [
        "main_render",
        "UPDATE_DONE",
    ]


def test_it_is_found_by_its_trace_as_well(telemetry):
    """Who comes from a trace gets the same."""
    wanted = update(telemetry, 1)
    update(telemetry, 2)
    trace_id = telemetry.recorder.of(wanted)[0].trace_id

    assert telemetry.recorder.of(trace_id) == telemetry.recorder.of(wanted)


def test_the_last_updates_are_told_oldest_first(telemetry):
    """Who has seen some is told the rest, and never more than asked for."""
    for update_id in range(5):
        update(telemetry, update_id)
    seen = telemetry.recorder.updates()

    later = telemetry.recorder.updates(after=seen[1].number)
    last = telemetry.recorder.updates(most=2)

    assert [json.loads(record.payload)["update_id"] for record in seen] == [0, 1, 2, 3, 4]
    assert later == seen[2:]
    assert last == seen[3:]


def test_updates_are_told_whatever_the_level_of_the_log():
    """A log that tells trouble only does not blind who looks from inside."""
    quiet = Telemetry.create(lambda _: None, service="s", version="0", redactor=Redactor(), environ={}, level="error")

    update(quiet, 1)

    assert json.loads(quiet.recorder.updates()[0].payload)["handler"] == "menu"


def recorded_by(recorder):
    """Telemetry that a recorder of one's own listens to."""
    return Telemetry(
        logs=Logs(lambda _: None, service="s", version="0", on_line=recorder.line),
        tracer=Tracer(on_end=recorder.trace),
        metrics=Metrics(CollectorRegistry(), service="s", version="0"),
        clock=SystemClock(),
        recorder=recorder,
    )


@pytest.mark.parametrize(("updates", "text"), [(5000, "hello"), (4000, "x" * 900)], ids=["usual", "long lines"])
def test_the_memory_that_it_takes_is_the_memory_that_it_states(updates, text):
    """What it takes for good, in truth and by its own count, is within its limit; and it is used."""
    recorder = Recorder(limit_bytes=MIN_LIMIT_BYTES)
    full = recorded_by(recorder)
    update(full, -1)
    tracemalloc.start()
    try:
        for update_id in range(updates):
            update(full, update_id, text=text)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert recorder.bytes_used <= MIN_LIMIT_BYTES
    assert MIN_LIMIT_BYTES / 5 < taken <= MIN_LIMIT_BYTES
    assert len(recorder.updates(most=10_000)) < updates


@pytest.mark.parametrize("trouble", [{"error_type": "KeyError", "outcome": "FAILED"}, {"duration_ms": 4000}])
def test_an_update_that_failed_or_was_slow_outlives_a_flood_of_good_ones(trouble):
    """What one looks for is there when one comes to look."""
    made = recorded_by(Recorder(limit_bytes=MIN_LIMIT_BYTES))
    good, bad = update(made, 1), update(made, 2, **trouble)

    for update_id in range(3, 3000):
        update(made, update_id)

    assert made.recorder.of(good) == []
    assert {record.kind for record in made.recorder.of(bad)} == {"line", "done", "trace"}
    assert json.loads(made.recorder.updates(most=10_000)[0].payload)["correlation_id"] == bad


def test_counts_are_read_once(telemetry):
    """Outcomes, failures, levels and durations since the last reading."""
    update(telemetry, 1)
    update(telemetry, 2, outcome="FAILED", error_type="KeyError", duration_ms=3)

    counted, again = telemetry.recorder.counted(), telemetry.recorder.counted()

    assert counted == ({"OK": 1, "FAILED": 1}, 1, {"info": 3, "error": 1}, (12.5, 3))
    assert again == ({}, 0, {}, ())


def test_outcomes_that_are_many_count_as_other(telemetry):
    """A service that puts values into outcomes does not fill the memory."""
    for number in range(MAX_OUTCOMES + 5):
        update(telemetry, number, outcome=f"OUTCOME_{number}")

    outcomes = telemetry.recorder.counted().outcomes

    assert (len(outcomes), outcomes["other"]) == (MAX_OUTCOMES + 1, 5)


def test_an_attribute_that_json_cannot_hold_costs_the_attributes_alone(telemetry):
    """The span is kept without them."""
    with telemetry.tracer.root("work", attributes={"text": "\ud800"}) as span:
        pass

    (record,) = telemetry.recorder.of(span.trace.hex)

    assert json.loads(record.payload)[1][0][2::6] == ["work", {}]


def test_a_line_of_no_update_is_counted_and_not_kept(telemetry):
    """What belongs to nothing could not be found again."""
    telemetry.logs.logger("test").warning("STARTING")

    assert telemetry.recorder.bytes_used == 0
    assert telemetry.recorder.counted().levels == {"warning": 1}


def test_a_limit_that_is_too_low_is_refused():
    """What waits alone would take more."""
    with pytest.raises(ValueError, match="bytes at least"):
        Recorder(limit_bytes=1000)
