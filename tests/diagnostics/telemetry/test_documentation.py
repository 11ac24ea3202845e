from pathlib import Path

from botflight_diagnostics.telemetry.catalogue import EVENTS, METRICS, SPANS
from botflight_diagnostics.telemetry.documentation import telemetry_page

ROOT = Path(__file__).parents[3]
EVERY_LINE = {"timestamp_ms", "level", "event", "logger", "service", "version", "trace_id", "span_id"}


def test_the_page_is_the_catalogue():
    """docs/telemetry.md is what the catalogue writes; run the module to renew it."""
    assert (ROOT / "docs/telemetry.md").read_text() == telemetry_page()


def test_names_in_the_catalogue_are_unique():
    """No signal is listed twice."""
    names = [entry.name for entry in (*EVENTS, *METRICS, *SPANS)]

    assert len(names) == len(set(names))


def test_no_event_overrides_what_every_line_has():
    """An event's own fields leave the identity of a line alone."""
    assert all(EVERY_LINE.isdisjoint(event.fields) for event in EVENTS)
