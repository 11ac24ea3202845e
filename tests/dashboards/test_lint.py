"""The dashboards by the rules of Grafana's own linter; and each rule finds what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.dashboards.lint import RULES
from tests.dashboards.reading import BOARDS, FOLDER, board, panels

Board = dict[str, Any]


def variable(read: Board, name: str) -> dict[str, Any]:
    """A variable of a dashboard."""
    return next(one for one in read["templating"]["list"] if one["name"] == name)


def first(read: Board) -> dict[str, Any]:
    """The first question of a dashboard."""
    target: dict[str, Any] = panels(read)[0]["targets"][0]
    return target


def asks(expr: str) -> Callable[[Board], object]:
    """A dashboard that asks this."""
    return lambda read: first(read).update(expr=expr)


_CHOSEN = 'job=~"$job",instance=~"$instance",partner=~"$partner"'

#: By rule, a way to break it.
BROKEN: dict[str, Callable[[Board], object]] = {
    "template-datasource-rule": lambda read: variable(read, "datasource").update(query="loki"),
    "template-job-rule": lambda read: variable(read, "job").update(multi=False),
    "template-instance-rule": lambda read: variable(read, "instance").update(name="other"),
    "template-partner-rule": lambda read: variable(read, "partner").update(includeAll=False),
    "template-label-promql-rule": lambda read: variable(read, "job").update(query="label_values(botflight{, job)"),
    "template-on-time-change-reload-rule": lambda read: variable(read, "job").update(refresh=1),
    "panel-datasource-rule": lambda read: first(read).update(datasource={"uid": "mine"}),
    "panel-title-description-rule": lambda read: panels(read)[0].update(description=""),
    "panel-units-rule": lambda read: panels(read)[0]["fieldConfig"]["defaults"].update(unit="furlongs"),
    "panel-no-targets-rule": lambda read: panels(read)[0].update(targets=[]),
    "target-promql-rule": asks("sum(rate("),
    "target-logql-rule": lambda read: first(read).update(datasource={"uid": "${datasource}", "type": "loki"}),
    "target-logql-auto-rule": asks('rate({job="x"}[$__auto])'),
    "target-rate-interval-rule": asks(f"sum(rate(botflight_updates_total{{{_CHOSEN}}}[5m]))"),
    "target-job-rule": asks('botflight_lanes{instance=~"$instance",partner=~"$partner"}'),
    "target-instance-rule": asks('botflight_lanes{job=~"$job",partner=~"$partner"}'),
    "target-partner-rule": asks('botflight_lanes{job=~"$job",instance=~"$instance"}'),
    "target-counter-agg-rule": asks(f"sum(botflight_updates_total{{{_CHOSEN}}})"),
    "uneditable-dashboard-rule": lambda read: read.update(editable=True),
}


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_nothing(path: Path, rule: str) -> None:
    """Grafana's linter would have nothing to say."""
    assert list(RULES[rule](board(path))) == []


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_what_is_broken(rule: str) -> None:
    """A dashboard that breaks it does not pass."""
    read = board(FOLDER / "grafana/money.json")

    BROKEN[rule](read)

    assert list(RULES[rule](read)) != []
