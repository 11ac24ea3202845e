"""The checks of Cloudflare's pint that need no server, written anew: what each finds in a rule.

https://cloudflare.github.io/pint/checks/ has the rest: whether series are there test_live.py asks of a real Prometheus,
and `rule/owner`, `rule/reject` and `rule/report` are for whoever has something to configure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser as promql
import yaml
from tests.dashboards.reading import FOLDER, ROOT, labels_of, matchers, metric_of, nodes, parsed, rules, selectors

from botflight_diagnostics.findings import FINDINGS
from botflight_diagnostics.telemetry.catalogue import METRICS

Rule = Mapping[str, Any]
Check = Callable[[Rule], Iterator[str]]

#: Whose it is: partners are never mixed.
KEPT = {"job", "partner"}
_SCRAPES_S = 15
_COMPARISONS = {">", ">=", "<", "<=", "==", "!="}
_GROWTHS = {"rate", "increase"}
_DURATION = re.compile(r"\d+(ms|s|m|h|d)")
_COUNTS = ("_total", "_bucket", "_count", "_sum")


def _nodes(rule: Rule, kind: type) -> Iterator[Any]:
    yield from (node for node, _ in nodes(parsed(rule["expr"])) if isinstance(node, kind))


def _labels(node: Any) -> set[str] | None:
    """The labels of an answer; None where it is a number."""
    match node:
        case promql.NumberLiteral():
            return None
        case promql.VectorSelector():
            return labels_of(node.name)
        case promql.AggregateExpr():
            return set(node.modifier.labels) if node.modifier else set()
        case promql.Call():
            found = [labels for argument in node.args if (labels := _labels(argument)) is not None]
            return found[0] - ({"le"} if node.func.name == "histogram_quantile" else set()) if found else None
        case promql.BinaryExpr():
            left = _labels(node.lhs)
            return left if left is not None else _labels(node.rhs)
        case promql.MatrixSelector():
            return _labels(node.vector_selector)
        case _:
            return _labels(node.expr)


def alerts_annotation(rule: Rule) -> Iterator[str]:
    """An alert says what there is, what users feel, and what to do."""
    if "alert" in rule and set(rule["annotations"]) != {"summary", "impact", "runbook"}:
        yield f"its annotations are {sorted(rule['annotations'])}"


def alerts_comparison(rule: Rule) -> Iterator[str]:
    """Without a comparison an alert would fire as long as there is data."""
    if "alert" in rule and not any(str(node.op) in _COMPARISONS for node in _nodes(rule, promql.BinaryExpr)):
        yield "it compares nothing"


def alerts_for(rule: Rule) -> Iterator[str]:
    """A `for` is a duration, and not the default written down."""
    held = rule.get("for", "1m")
    if not _DURATION.fullmatch(held) or held.startswith("0"):
        yield f"it is held for {held!r}"


def alerts_template(rule: Rule) -> Iterator[str]:
    """Texts name labels that the alert has; no label has the value, which would make a new alert each time."""
    has = _labels(parsed(rule["expr"])) or set()
    for text in rule.get("annotations", {}).values():
        yield from (f"it names {name}" for name in re.findall(r"\$labels\.(\w+)", text) if name not in has)
    if "$value" in "".join(rule.get("labels", {}).values()):
        yield "a label has the value"


def labels_conflict(rule: Rule) -> Iterator[str]:
    """What a rule labels is not what the target is labelled with."""
    yield from (f"it sets {name}" for name in rule.get("labels", {}) if name in {*KEPT, "instance"})


def promql_aggregate(rule: Rule) -> Iterator[str]:
    """An aggregation keeps whose it is, and labels that are there to be kept."""
    for node in _nodes(rule, promql.AggregateExpr):
        kept, there = _labels(node) or set(), _labels(node.expr) or set()
        if not kept >= KEPT or not kept <= there:
            yield f"it keeps {sorted(kept)} of {sorted(there)}"


def promql_counter(rule: Rule) -> Iterator[str]:
    """What counts is asked for its growth."""
    for selector, above in selectors(rule["expr"]):
        grows = len(above) > 1 and isinstance(above[-2], promql.Call) and above[-2].func.name in _GROWTHS
        if selector.name.endswith(_COUNTS) and not grows:
            yield f"{selector.name} as it stands"


def promql_rate(rule: Rule) -> Iterator[str]:
    """A growth is of a counter, over four looks at the service at least: in less there may be one sample."""
    for selector, above in selectors(rule["expr"]):
        if above and isinstance(above[-1], promql.MatrixSelector):
            grows = above[-2].func.name in _GROWTHS
            if grows != selector.name.endswith(_COUNTS):
                yield f"{above[-2].func.name} of {selector.name}"
            if above[-1].range.total_seconds() < 4 * _SCRAPES_S:
                yield f"{selector.name} over {above[-1].range}"


def promql_range_query(rule: Rule) -> Iterator[str]:
    """Nothing is asked that is forgotten by then."""
    for node in _nodes(rule, promql.MatrixSelector):
        if node.range.total_seconds() > kept_s():
            yield f"it asks of {node.range}"


def promql_regexp(rule: Rule) -> Iterator[str]:
    """No regular expression where a word does, and no anchors: there are always some."""
    for selector, _ in selectors(rule["expr"]):
        for matcher in selector.matchers.matchers:
            is_regex = matcher.op in (promql.MatchOp.Re, promql.MatchOp.NotRe)
            needed = re.search(r"[|*+?\[(]", matcher.value)
            if is_regex != bool(needed) or (is_regex and re.search(r"[$^]", matcher.value)):
                yield f"{selector.name} by {matcher.name}"


def promql_selector(rule: Rule) -> Iterator[str]:
    """What is asked of a label may be there."""
    for selector, _ in selectors(rule["expr"]):
        try:
            missing = set(matchers(selector)) - labels_of(selector.name)
        except KeyError:  # no such metric: of promql/series
            continue
        yield from (f"{selector.name} has no {name}" for name in missing)


def promql_series(rule: Rule) -> Iterator[str]:
    """What is asked for is measured, or recorded."""
    there = {spec.name for spec in METRICS} | {one["record"] for one in rules() if "record" in one} | {"up"}
    yield from (
        f"there is no {selector.name}"
        for selector, _ in selectors(rule["expr"])
        if metric_of(selector.name) not in there
    )


def promql_syntax(rule: Rule) -> Iterator[str]:
    """It can be read."""
    try:
        promql.parse(rule["expr"])
    except ValueError as error:
        yield str(error)


def promql_vector_matching(rule: Rule) -> Iterator[str]:
    """The two sides of an operator have the same labels, or nothing comes of it."""
    for node in _nodes(rule, promql.BinaryExpr):
        left, right = _labels(node.lhs), _labels(node.rhs)
        if left is not None and right is not None and left != right:
            yield f"{sorted(left)} {node.op} {sorted(right)}"


def rule_dependency(rule: Rule) -> Iterator[str]:
    """What is recorded is asked for."""
    asked = {selector.name for one in rules() for selector, _ in selectors(one["expr"])}
    # How many events there were is for people who want to know what a burn rate is made of.
    if "record" in rule and rule["record"] not in asked:
        yield f"nobody asks for {rule['record']}"


def rule_duplicate(rule: Rule) -> Iterator[str]:
    """Two rules of one name and labels would write one series."""

    def known(one: Rule) -> tuple[str, str]:
        return one.get("alert") or one["record"], str(one["labels"])

    if sum(known(one) == known(rule) for one in rules()) > 1:
        yield "it is there twice"


def rule_label(rule: Rule) -> Iterator[str]:
    """An alert pages, or is a ticket."""
    if "alert" in rule and rule["labels"].get("severity") not in {"page", "ticket"}:
        yield f"its severity is {rule['labels'].get('severity')}"


def rule_link(rule: Rule) -> Iterator[str]:
    """The runbook is there, for every finding that the alert may name."""
    runbook = rule.get("annotations", {}).get("runbook", "")
    codes = [spec.code for spec in FINDINGS if spec.alert == rule.get("alert")]
    pages = [runbook.replace("{{ $labels.code }}", code) for code in codes] or [runbook]
    yield from (f"there is no {page}" for page in pages if page and not (ROOT / page).is_file())


def rule_name(rule: Rule) -> Iterator[str]:
    """A record is level:metric:operation, by Prometheus's own advice; an alert begins with our name."""
    name = rule.get("alert") or rule["record"]
    wanted = r"Botflight[A-Za-z]+" if "alert" in rule else r"job_partner:botflight_slo\w*:(increase|burn_rate)\d+[mhd]"
    if not re.fullmatch(wanted, name):
        yield f"it is called {name}"


CHECKS: Mapping[str, Check] = {
    "alerts/annotation": alerts_annotation,
    "alerts/comparison": alerts_comparison,
    "alerts/for": alerts_for,
    "alerts/template": alerts_template,
    "labels/conflict": labels_conflict,
    "promql/aggregate": promql_aggregate,
    "promql/counter": promql_counter,
    "promql/range_query": promql_range_query,
    "promql/rate": promql_rate,
    "promql/regexp": promql_regexp,
    "promql/selector": promql_selector,
    "promql/series": promql_series,
    "promql/syntax": promql_syntax,
    "promql/vector_matching": promql_vector_matching,
    "rule/dependency": rule_dependency,
    "rule/duplicate": rule_duplicate,
    "rule/label": rule_label,
    "rule/link": rule_link,
    "rule/name": rule_name,
}


def kept_s() -> int:
    """For how long the Prometheus of compose.yaml keeps samples, in seconds."""
    command = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["prometheus"]["command"]
    (days,) = [one.partition("=")[2] for one in command if one.startswith("--storage.tsdb.retention.time=")]
    return int(days.removesuffix("d")) * 24 * 3600
