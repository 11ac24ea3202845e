"""The rules as they are checked in: by pint's checks that apply, and by what a person at night needs."""

from __future__ import annotations

import re
from pathlib import Path

import promql_parser as promql
import pytest
from dashboards.generator.objective import OBJECTIVES, WINDOWS_S
from dashboards.generator.recordings import bad_events, burn_rate
from tests.dashboards.reading import (
    ROOT,
    alert_rules,
    labels_of,
    matchers,
    metric_of,
    nodes,
    parsed,
    questions,
    rules,
    selectors,
)

from botflight_diagnostics.findings import FINDINGS
from botflight_diagnostics.telemetry.catalogue import METRICS

COMPARISONS = {">", ">=", "<", "<=", "==", "!="}
KEPT = {"job", "partner"}
NAMES = [rule.get("alert") or f"{rule['record']} {rule['labels']['slo']}" for rule in rules()]
every_rule = pytest.mark.parametrize("rule", rules(), ids=NAMES)
every_alert = pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])


def groups_of(expr: str) -> list[set[str]]:
    """What each aggregation of a question keeps."""
    return [
        set(node.modifier.labels) if node.modifier else set()
        for node, _ in nodes(parsed(expr))
        if isinstance(node, promql.AggregateExpr)
    ]


def test_no_rule_is_there_twice():
    """Two rules of one name and labels would write one series."""
    assert len(NAMES) == len(set(NAMES))


@every_rule
def test_a_rule_asks_for_what_there_is(rule):
    """Every metric is in the catalogue or recorded, with the labels asked for, and no regex without need."""
    recorded = {one["record"] for one in rules() if "record" in one}

    for selector, above in selectors(rule["expr"]):
        assert ":" not in selector.name or selector.name in recorded
        assert set(matchers(selector)) <= labels_of(selector.name)
        for matcher in selector.matchers.matchers:
            is_regex = matcher.op in (promql.MatchOp.Re, promql.MatchOp.NotRe)
            assert is_regex == bool(re.search(r"[.|*+?\[(]", matcher.value)) or matcher.name == "le"
        counts = selector.name.endswith(("_total", "_bucket", "_count", "_sum"))
        ranged = bool(above) and isinstance(above[-1], promql.MatrixSelector)
        assert ranged or not counts, "what counts is asked for its growth"
        if ranged:
            assert above[-2].func.name in ({"rate", "increase"} if counts else {"avg_over_time"})
            # Four scrapes of 15 s: a range of less may hold one sample, of which nothing can be told.
            assert above[-1].range.total_seconds() >= 60


@every_rule
def test_an_aggregation_keeps_whose_it_is(rule):
    """Partners are never mixed, and what is kept is there to be kept."""
    for kept in groups_of(rule["expr"]):
        assert kept >= KEPT
    for selector, above in selectors(rule["expr"]):
        for node in above:
            if isinstance(node, promql.AggregateExpr):
                assert set(node.modifier.labels) <= labels_of(selector.name)


@pytest.mark.parametrize("rule", [rule for rule in rules() if "record" in rule], ids=NAMES[19:])
def test_a_record_is_named_by_what_it_is(rule):
    """level:metric:operation, by Prometheus's own advice."""
    level, metric, operation = rule["record"].split(":")

    assert (level, metric.startswith("botflight_slo")) == ("job_partner", True)
    assert re.fullmatch(r"(increase|burn_rate)\d+[mhd]", operation)


@every_alert
def test_an_alert_compares(rule):
    """An alert without a comparison would fire as long as there is data."""
    assert any(
        isinstance(node, promql.BinaryExpr) and str(node.op) in COMPARISONS for node, _ in nodes(parsed(rule["expr"]))
    )


@every_alert
def test_an_alert_says_what_to_do(rule):
    """Summary, impact and a runbook; whether it pages; and it names only labels that it has."""
    told, labels = rule["annotations"], rule["labels"]
    groups = groups_of(rule["expr"])
    kept = set.intersection(*groups) if groups else labels_of(selectors(rule["expr"])[0][0].name)

    assert set(told) == {"summary", "impact", "runbook"}
    assert labels["severity"] in {"page", "ticket"}
    assert "$value" not in "".join(labels.values()), "a label that changes makes a new alert each time"
    assert told["impact"].endswith(".")
    for text in told.values():
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= kept
    assert rule["alert"].startswith("Botflight")


@every_alert
def test_a_runbook_is_there(rule):
    """The page of the alert, or those of all findings that it may name."""
    runbook = rule["annotations"]["runbook"]
    codes = [spec.code for spec in FINDINGS if spec.alert == rule["alert"]]
    pages = [runbook.replace("{{ $labels.code }}", code) for code in codes] or [runbook]

    assert [page for page in pages if not (ROOT / page).is_file()] == []
    if not codes:
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
