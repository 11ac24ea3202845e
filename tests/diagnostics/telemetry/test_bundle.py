import io

import pytest

from botflight_diagnostics import telemetry as door
from botflight_diagnostics.telemetry import ExportError, Redactor, Telemetry, json_line


def finish(telemetry, outcome="OK", **fields):
    with telemetry.tracer.root("process message"):
        telemetry.update_finished("message", outcome, duration_ms=12.5, **fields)


def test_the_end_of_an_update_is_one_line(telemetry):
    """An update ends with one line that names its outcome and how long it took."""
    finish(telemetry, lag_ms=100)

    (line,) = telemetry.events()
    assert (line["event"], line["level"], line["outcome"]) == ("UPDATE_DONE", "info", "OK")
    assert (line["duration_ms"], line["lag_ms"]) == (12.5, 100)


@pytest.mark.parametrize(
    ("outcome", "error_type", "level"),
    [("OK", None, "info"), ("INSUFFICIENT_FUNDS", None, "info"), ("FAILED", "KeyError", "error")],
)
def test_a_fault_of_ours_is_an_error(telemetry, outcome, error_type, level):
    """What a user may bring about is no error, what we did wrong is."""
    finish(telemetry, outcome, error_type=error_type)

    assert telemetry.events()[0]["level"] == level


def test_what_is_not_known_is_left_out(telemetry):
    """A field that is None is not written."""
    finish(telemetry, handler=None)

    assert telemetry.events()[0].keys().isdisjoint({"handler", "error.type", "lag_ms"})


def test_the_end_of_an_update_is_counted(telemetry):
    """The outcome counts, the duration is observed."""
    finish(telemetry)

    assert telemetry.sample("botflight_updates_total", type="message", outcome="OK") == 1
    assert telemetry.sample("botflight_update_duration_seconds_count", type="message") == 1


def test_a_failed_update_marks_its_span(telemetry):
    """The outcome is on the span, and its error when it failed."""
    finish(telemetry, "HANDLER_FAILED", error_type="KeyError")

    assert telemetry.spans()[0].attributes == {"botflight.outcome": "HANDLER_FAILED", "error.type": "KeyError"}


def test_the_exemplar_is_the_trace_of_the_line(telemetry):
    """Log line, span and exemplar of one update name the same trace."""
    finish(telemetry)

    buckets = [
        sample
        for family in telemetry.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "botflight_update_duration_seconds_bucket" and sample.exemplar
    ]
    assert [bucket.exemplar.labels["trace_id"] for bucket in buckets] == [telemetry.events()[0]["trace_id"]]


def test_a_running_service_exports_nothing_by_default():
    """Without OTEL_* variables lines are written and spans stay at home."""
    stream = io.BytesIO()
    telemetry = Telemetry.create(
        stream.write, service="s", version="1", redactor=Redactor(), environ={}, render=json_line
    )

    finish(telemetry)
    telemetry.close()

    assert b"UPDATE_DONE" in stream.getvalue()
    assert not telemetry.tracer.exports


def test_a_wrong_variable_stops_the_start():
    """What cannot be honoured is told at once."""
    with pytest.raises(ExportError):
        Telemetry.create(print, service="s", version="1", redactor=Redactor(), environ={"OTEL_TRACES_EXPORTER": "x"})


def test_events_outside_the_catalogue_are_told(telemetry):
    """A test can ask for events that the documentation lacks."""
    telemetry.logs.logger("x").info("READY")
    telemetry.logs.logger("x").info("INVENTED")

    assert telemetry.unknown_events() == {"INVENTED"}


def test_the_door_is_complete():
    """What the package exports exists and is sorted."""
    assert sorted(door.__all__) == sorted(set(door.__all__))
    assert all(hasattr(door, name) for name in door.__all__)
