"""How the tests read what Grafana and Prometheus read: panels, rules, and the questions in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from botflight_diagnostics.telemetry.catalogue import METRICS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dashboards"
BOARDS = sorted((FOLDER / "grafana").glob("*.json"))
RULES = [FOLDER / "prometheus" / name for name in ("recordings.yaml", "alerts.yaml")]

#: Labels that every series has by where it was scraped.
OF_THE_TARGET = {"job", "instance", "partner"}
_PARTS = ("_bucket", "_count", "_sum")
_VARIABLES = {
    "$__rate_interval": "5m",
    "$__range": "3h",
    "$job": ".+",
    "$instance": ".+",
    "$partner": ".*",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A query of a panel, and where it stands."""

    board: str
    panel: str
    kind: str
    expr: str
    legend: str


def board(path: Path) -> dict[str, Any]:
    """A dashboard as it is checked in."""
    read: dict[str, Any] = json.loads(path.read_text())
    return read


def panels(read: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels of a dashboard, its headings aside."""
    return [panel for panel in read["panels"] if panel["type"] != "row"]


@cache
def questions() -> tuple[Question, ...]:
    """Every query of every panel."""
    return tuple(
        Question(path.stem, panel["title"], panel["type"], target["expr"], target["legendFormat"])
        for path in BOARDS
        for panel in panels(board(path))
        for target in panel["targets"]
    )


@cache
def rules() -> list[dict[str, Any]]:
    """Every rule that is checked in."""
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def alert_rules() -> list[dict[str, Any]]:
    """Every alert that is checked in."""
    return [rule for rule in rules() if "alert" in rule]


def filled(expr: str, values: Mapping[str, str] = _VARIABLES) -> str:
    """A question with its variables filled in; longer names first, for one may begin another."""
    for name in sorted(values, key=len, reverse=True):
        expr = expr.replace(name, values[name])
    return expr


def parsed(expr: str) -> promql.Expr:
    """What PromQL makes of a question."""
    return promql.parse(filled(expr))


def nodes(node: Any, above: Sequence[Any] = ()) -> Iterator[tuple[Any, Sequence[Any]]]:
    """A node and all below it, each with those above it."""
    yield node, above
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        below = getattr(node, name, None)
        if below is not None:
            yield from nodes(below, (*above, node))
    for argument in getattr(node, "args", ()):
        yield from nodes(argument, (*above, node))


@cache
def selectors(expr: str) -> tuple[tuple[promql.VectorSelector, Sequence[Any]], ...]:
    """The selectors in a question, each with the nodes above it."""
    return tuple((node, above) for node, above in nodes(parsed(expr)) if isinstance(node, promql.VectorSelector))


def matchers(selector: promql.VectorSelector) -> dict[str, str]:
    """What a selector asks of labels."""
    return {matcher.name: matcher.value for matcher in selector.matchers.matchers}


def labels_of(metric: str) -> set[str]:
    """The labels that a metric has by the catalogue, and by where it was scraped. Raises KeyError."""
    if metric == "up":
        return set(OF_THE_TARGET)
    if ":" in metric:
        return {"job", "partner", "slo"}
    specs = {spec.name: spec for spec in METRICS}
    base = next((metric.removesuffix(part) for part in _PARTS if metric.removesuffix(part) in specs), metric)
    spec = specs[base]
    return {label.name for label in spec.labels} | OF_THE_TARGET | ({"le"} if spec.kind == "histogram" else set())


def metric_of(series: str) -> str:
    """The metric of the catalogue that a series belongs to."""
    names = {spec.name for spec in METRICS}
    return next((series.removesuffix(part) for part in _PARTS if series.removesuffix(part) in names), series)


def named(template: str) -> set[str]:
    """The labels that a legend or an annotation names."""
    return set(re.findall(r"{{\s*(?:\$labels\.)?(\w+)[^}]*}}", template)) - {"printf"}
