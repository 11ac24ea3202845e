"""What the code emits is what the catalogue lists; read from the source, so that no path is missed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from botflight_diagnostics.telemetry.catalogue import EVENTS, METRICS

ROOT = Path(__file__).parents[3]
SOURCES = [*(ROOT / "service").rglob("*.py"), *(ROOT / "diagnostics").rglob("*.py")]
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


def test_every_metric_is_made():
    """Each metric of the catalogue is made by the code, under its name."""
    made = (ROOT / "diagnostics/botflight_diagnostics/telemetry/metrics.py").read_text()

    assert [spec.name for spec in METRICS if f'"{spec.name.removeprefix("botflight_")}"' not in made] == []
