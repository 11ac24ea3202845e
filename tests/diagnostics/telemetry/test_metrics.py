import re
import shutil
import subprocess
from itertools import product

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from botflight_diagnostics.telemetry import Metrics
from botflight_diagnostics.telemetry.catalogue import MAX_SERIES, METRICS, UPDATE_TYPES, Label
from botflight_diagnostics.telemetry.families import (
    MAX_CHILDREN,
    CounterFamily,
    GaugeFamily,
    HistogramFamily,
    LabelValues,
)


@pytest.fixture
def metrics():
    return Metrics(CollectorRegistry(), service="test", version="1")


def test_the_registry_has_what_the_catalogue_says(metrics):
    """Each metric of the catalogue is registered, with its kind, and no other."""
    families = {family.name: family.type for family in metrics.registry.collect()}

    assert families == {
        spec.name.removesuffix("_total"): "gauge" if spec.kind == "info" else spec.kind for spec in METRICS
    }


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_names_follow_prometheus(spec):
    """A name has the prefix, its unit, and `_total` if and only if it counts."""
    base = spec.name.removesuffix("_total")

    assert re.fullmatch(r"botflight_[a-z_]+", spec.name)
    assert spec.name.endswith("_total") == (spec.kind == "counter")
    assert not spec.unit or base.endswith(f"_{spec.unit}")
    assert (spec.kind == "histogram") == bool(spec.buckets)
    assert spec.meaning.endswith(".")


def test_series_have_an_end():
    """Whatever values come, the series of all metrics stay under the limit."""
    assert sum(spec.most_series for spec in METRICS) <= MAX_SERIES


@pytest.mark.parametrize("spec", [spec for spec in METRICS if spec.labels], ids=lambda spec: spec.name)
def test_a_metric_makes_no_more_series_than_it_says(spec):
    """A flood of values for all of its labels ends where the catalogue says."""
    registry = CollectorRegistry()
    kinds = {"counter": CounterFamily, "gauge": GaugeFamily, "info": GaugeFamily, "histogram": HistogramFamily}
    family = kinds[spec.kind](spec, registry)

    for values in product(*((*label.values, *(f"{label.name}{at}" for at in range(50))) for label in spec.labels)):
        family.child(values)

    names = [sample.name for family in registry.collect() for sample in family.samples]
    assert len([name for name in names if not name.endswith("_created")]) == spec.most_series


def test_no_created_series(metrics):
    """The `_created` series, which double what is scraped, are off."""
    metrics.updates.add("message", "OK")

    assert b"_created" not in generate_latest(metrics.registry)


def test_an_unknown_value_counts_as_other(metrics):
    """A label whose values are listed takes no further one."""
    metrics.updates.add("poll_from_the_future", "OK")

    assert metrics.registry.get_sample_value("botflight_updates_total", {"type": "other", "outcome": "OK"}) == 1


def test_values_beyond_the_limit_count_as_other():
    """Beside the listed values a label keeps the first of the others."""
    values = LabelValues(Label(name="x", meaning="x", values=("z",), more=2))

    assert [values.of(value) for value in ("a", "b", "c", "a", "z")] == ["a", "b", "other", "a", "z"]


def test_children_at_hand_are_bounded(metrics):
    """A flood of unknown values leaves no memory behind."""
    for number in range(MAX_CHILDREN + 10):
        metrics.updates.add(f"type{number}", "OK")

    assert len(metrics.updates._children) == MAX_CHILDREN


def test_an_update_is_counted_and_measured(metrics):
    """The end of an update counts by type and outcome, and observes its duration and lag in seconds."""
    metrics.update_finished(UPDATE_TYPES[0], "OK", duration_ms=20, lag_ms=1500)

    value = metrics.registry.get_sample_value
    assert value("botflight_updates_total", {"type": "message", "outcome": "OK"}) == 1
    assert value("botflight_update_duration_seconds_sum", {"type": "message"}) == 0.02
    assert value("botflight_update_lag_seconds_sum") == 1.5


def test_an_update_without_a_date_has_no_lag(metrics):
    """A tap carries no date, so nothing is observed."""
    metrics.update_finished("callback_query", "OK", duration_ms=20)

    assert metrics.registry.get_sample_value("botflight_update_lag_seconds_count") == 0


def test_waiting_for_telegram_is_counted(metrics):
    """What a 429 asked for is added up."""
    metrics.telegram_called("sendMessage", "RETRY_AFTER", duration_ms=20, retry_after_s=3)

    assert metrics.registry.get_sample_value("botflight_telegram_retry_after_seconds_total") == 3


def test_a_clock_that_went_back_observes_zero(metrics):
    """A negative duration would spoil the sum."""
    metrics.update_lag.observe(seconds=-5)

    assert metrics.registry.get_sample_value("botflight_update_lag_seconds_sum") == 0


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_promtool_has_nothing_to_say(metrics):
    """Prometheus's own linter finds names, types and help texts as they should be."""
    metrics.updates.add("message", "OK")

    lint = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607 - wherever the machine has it
        input=generate_latest(metrics.registry),
        capture_output=True,
        check=False,
    )

    assert (lint.returncode, lint.stdout, lint.stderr) == (0, b"", b"")
