"""The rules as they are checked in: what a person at night needs, and what the catalogues promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dashboards.generator.objective import OBJECTIVES, WINDOWS_S
from dashboards.generator.recordings import bad_events, burn_rate
from tests.dashboards.reading import (
    ROOT,
    alert_rules,
    matchers,
    metric_of,
    questions,
    rules,
    selectors,
)

from botflight_diagnostics.findings import FINDINGS
from botflight_diagnostics.telemetry.catalogue import METRICS


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])
def test_an_alert_is_written_for_a_person_at_night(rule):
    """What users feel is a sentence; a runbook of its own says what to do, in the order in which it is needed."""
    runbook = rule["annotations"]["runbook"]

    assert rule["annotations"]["impact"].endswith(".")
    if "{{" not in runbook:
        text = (ROOT / runbook).read_text()
        assert text.startswith(f"# {Path(runbook).stem}: ")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
            "What users feel",
            "How to see it",
            "How to fix it",
            "How to know that it is fixed",
        ]


def test_every_page_of_an_alert_has_its_alert():
    """No page tells of an alert that is gone, and every link between pages leads somewhere."""
    pages = {path.stem for path in (ROOT / "docs/runbooks").glob("Botflight*.md")}
    linked = {
        path.parent / target
        for path in (ROOT / "docs/runbooks").glob("*.md")
        for target in re.findall(r"\]\(([^)#]+\.md)\)", path.read_text())
    }

    assert pages == {
        Path(rule["annotations"]["runbook"]).stem
        for rule in alert_rules()
        if "{{" not in rule["annotations"]["runbook"]
    }
    assert [str(path) for path in linked if not path.is_file()] == []


def test_every_finding_fires_what_the_catalogue_says():
    """The codes of each alert on findings are those whose entry names it; what is critical pages at once."""
    fires: dict[str, set[str]] = {}
    for rule in alert_rules():
        for selector, _ in selectors(rule["expr"]):
            if selector.name == "botflight_preflight_findings":
                fires[rule["alert"]] = set(matchers(selector)["code"].split("|"))
                assert (rule["labels"]["severity"] == "page") == ("for" not in rule)

    assert fires == {
        name: {spec.code for spec in FINDINGS if spec.alert == name}
        for name in {spec.alert for spec in FINDINGS} - {""}
    }


def test_every_objective_has_all_its_windows():
    """Each promise is measured over all windows, and pages and tickets by two pairs of them."""
    records = {(rule["record"], rule["labels"]["slo"]) for rule in rules() if "record" in rule}
    asked = " ".join(rule["expr"] for rule in alert_rules())

    for objective in OBJECTIVES:
        for window in WINDOWS_S:
            assert (burn_rate(window), objective.name) in records
            assert burn_rate(window) in asked
        assert f'{bad_events("1h")}{{slo="{objective.name}"}} >= 5' in asked


def unknown(known: set[str]) -> set[str]:
    """The metrics that panels and rules ask for and that are not known."""
    asked = [question.expr for question in questions()] + [rule["expr"] for rule in rules()]
    series = {selector.name for expr in asked for selector, _ in selectors(expr) if ":" not in selector.name}
    return {metric_of(name) for name in series} - known - {"up"}


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_a_metric_that_is_renamed_is_missed(spec):
    """Whichever metric takes another name, a dashboard or a rule asks for what is no more."""
    known = {one.name for one in METRICS}

    assert unknown(known) == set()
    assert unknown(known - {spec.name} | {f"{spec.name}_renamed"}) == {spec.name}
