"""What the code emits is what the catalogue lists; read from the source, so that no path is missed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from botflight_diagnostics.telemetry.catalogue import EVENTS, METRICS

ROOT = Path(__file__).parents[3]
SOURCES = [*(ROOT / "service").rglob("*.py"), *(ROOT / "diagnostics").rglob("*.py")]
METRICS_SOURCE = ROOT / "diagnostics/botflight_diagnostics/telemetry/metrics.py"
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
FIELDS_OF_ANY_EVENT = {"exc_info", "error_type", "logger", "user_ref", "tenant_ref"}


def emitted() -> Iterator[tuple[str, ast.Call]]:
    """Find every call like `log.info("EVENT", field=...)`."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS | {"log"}
            ):
                names = [given.value for given in node.args[:2] if isinstance(given, ast.Constant)]
                if names and "log" in ast.unparse(node.func.value).lower():
                    yield str(names[0]), node


CALLS = sorted(emitted(), key=lambda call: call[0])


def test_calls_are_found():
    """The search sees the code: a contract over nothing would always hold."""
    assert {"PREFLIGHT_SECTION_FAILED", "LIBRARY_LOG"} <= {name for name, _ in CALLS}


@pytest.mark.parametrize("name", sorted({name for name, _ in CALLS}))
def test_an_emitted_event_is_in_the_catalogue(name):
    """No line is written whose event the documentation lacks, or with a field of its own that it lacks."""
    specs = {event.name: event for event in EVENTS}
    assert name in specs

    fields = {field.arg for called, call in CALLS if called == name for field in call.keywords if field.arg}

    assert fields <= FIELDS_OF_ANY_EVENT | set(specs[name].fields)


def test_every_event_of_the_catalogue_is_emitted():
    """No event is documented that the code never writes. Some pass through a function that takes the name."""
    written = {
        node.value
        for path in SOURCES
        if "catalogue" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }

    assert {event.name for event in EVENTS} - written == set()


def test_every_field_of_the_catalogue_is_given():
    """No field of an event is documented that no call gives, where the calls name the event."""
    given: dict[str, set[str | None]] = {}
    for name, call in CALLS:
        given.setdefault(name, set()).update(field.arg for field in call.keywords)

    never = {
        (event.name, field)
        for event in EVENTS
        for field in event.fields
        # A call with ** gives what cannot be read from the source: the run in test_emission.py shows it.
        if event.name in given and None not in given[event.name] and field not in given[event.name]
    }

    assert never == set()


def uses(path: Path) -> Iterator[str]:
    """The families that a file counts or measures with: `metrics.updates.add(...)`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in {"add", "set", "observe"}:
            yield ast.unparse(node.value).rpartition(".")[2]
        # Held in a table of gauges, as the preflight's are.
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._metrics":
            yield node.attr


def test_every_metric_is_made_and_moved():
    """Each metric of the catalogue is made by the code under its name, and something counts or measures with it."""
    made = {
        call.args[0].value: target.attr
        for node in ast.walk(ast.parse(METRICS_SOURCE.read_text()))
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Attribute)
        if isinstance(call := node.value, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
    }
    used = {family for path in SOURCES for family in uses(path)}

    still = {
        spec.name
        for spec in METRICS
        if spec.kind != "info" and made.get(spec.name.removeprefix("botflight_")) not in used
    }

    assert still == set()
