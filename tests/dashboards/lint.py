"""The rules of Grafana's dashboard-linter, written anew: what each finds in a dashboard.

https://github.com/grafana/dashboard-linter/tree/main/docs/rules
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser as promql
from grafana_foundation_sdk.models import units
from tests.dashboards.reading import filled, matchers, panels, selectors

Board = Mapping[str, Any]
Rule = Callable[[Board], Iterator[str]]

UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
#: What asks PromQL of a duration that Grafana chooses.
_RATES = {"rate", "irate"}
_GROWTHS = {*_RATES, "increase"}
_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), (?P<label>\w+)\)")


def _variables(board: Board) -> dict[str, Mapping[str, Any]]:
    return {one["name"]: one for one in board["templating"]["list"]}


def _targets(board: Board) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for panel in panels(board):
        for target in panel["targets"]:
            yield panel["title"], target


def _can_be_read(expr: str) -> bool:
    try:
        promql.parse(filled(expr))
    except ValueError:
        return False
    return True


def _asked(board: Board) -> Iterator[tuple[str, promql.VectorSelector, list[Any]]]:
    for title, target in _targets(board):
        if _can_be_read(target["expr"]):
            for selector, above in selectors(target["expr"]):
                yield title, selector, list(above)


def template_datasource(board: Board) -> Iterator[str]:
    """A data source is chosen by a variable that says so."""
    chosen = _variables(board).get("datasource", {})
    if (chosen.get("type"), chosen.get("query"), chosen.get("label")) != ("datasource", "prometheus", "Data source"):
        yield "no variable of the data source"


def _template(name: str) -> Rule:
    def rule(board: Board) -> Iterator[str]:
        chosen = _variables(board).get(name, {})
        asked = {"type": "query", "label": name.title(), "multi": True, "includeAll": True}
        if {key: chosen.get(key) for key in asked} != asked or not chosen["allValue"].startswith("."):
            yield f"no variable of the {name}"
        elif chosen["datasource"]["uid"] != "${datasource}":
            yield f"the {name} is asked of another data source"

    return rule


def template_label_promql(board: Board) -> Iterator[str]:
    """What a variable asks is PromQL."""
    for name, variable in _variables(board).items():
        if variable["type"] == "query":
            asks = _LABEL_VALUES.fullmatch(variable["query"])
            if asks is None or not _can_be_read(asks["selector"]):
                yield f"{name} asks what is no PromQL: {variable['query']}"


def template_on_time_change_reload(board: Board) -> Iterator[str]:
    """Variables are asked anew as the time changes."""
    yield from (
        f"{name} is not reloaded"
        for name, one in _variables(board).items()
        if one["type"] == "query" and one["refresh"] != 2
    )


def panel_datasource(board: Board) -> Iterator[str]:
    """Panels and their targets ask the data source that was chosen."""
    for panel in panels(board):
        for one in (panel, *panel["targets"]):
            if one.get("datasource", {}).get("uid") != "${datasource}":
                yield f"{panel['title']} asks another data source"


def panel_title_description(board: Board) -> Iterator[str]:
    """Each panel says what it shows; ours in sentences, under a title of its own."""
    titles = [panel["title"] for panel in panels(board)]
    for panel in panels(board):
        if not panel["title"] or titles.count(panel["title"]) > 1 or not panel.get("description", "").endswith("."):
            yield f"{panel['title']!r} does not say what it shows"


def panel_units(board: Board) -> Iterator[str]:
    """Each panel has a unit that Grafana knows."""
    for panel in panels(board):
        if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            yield f"{panel['title']} has no unit"


def panel_no_targets(board: Board) -> Iterator[str]:
    """Each panel asks something."""
    yield from (f"{panel['title']} asks nothing" for panel in panels(board) if not panel["targets"])


def target_promql(board: Board) -> Iterator[str]:
    """Each question can be read."""
    yield from (f"{title}: {one['expr']}" for title, one in _targets(board) if not _can_be_read(one["expr"]))


def target_logql(board: Board) -> Iterator[str]:
    """Questions of Loki are LogQL that can be read: we put none, its reader is not here."""
    yield from (f"{title} asks Loki" for title, one in _targets(board) if one["datasource"].get("type") == "loki")


def target_logql_auto(board: Board) -> Iterator[str]:
    """Questions of Loki use $__auto: see above."""
    yield from (f"{title} has $__auto" for title, one in _targets(board) if "$__auto" in one["expr"])


def target_rate_interval(board: Board) -> Iterator[str]:
    """A rate is of the interval that Grafana chooses; what is shown as a sum is of the whole time."""
    for title, target in _targets(board):
        for function, window in re.findall(r"\b(\w+)\([^()]*\[([^\]]+)\]", target["expr"]):
            if window != ("$__rate_interval" if function in _RATES else "$__range"):
                yield f"{title}: {function} of {window}"


def _matcher(name: str) -> Rule:
    def rule(board: Board) -> Iterator[str]:
        for title, target in _targets(board):
            for selector, _ in selectors(target["expr"]) if _can_be_read(target["expr"]) else ():
                # An objective is the partner's, whatever instances there are.
                spared = name == "instance" and ":" in selector.name
                if not spared and (name not in matchers(selector) or f'{name}=~"${name}"' not in target["expr"]):
                    yield f"{title}: {selector.name} is asked of every {name}"

    return rule


def target_counter_agg(board: Board) -> Iterator[str]:
    """What counts is asked for its growth."""
    for title, selector, above in _asked(board):
        if selector.name.endswith(("_total", "_bucket")) and not (
            len(above) > 1
            and isinstance(above[-1], promql.MatrixSelector)
            and isinstance(above[-2], promql.Call)
            and above[-2].func.name in _GROWTHS
        ):
            yield f"{title}: {selector.name} as it stands"


def uneditable_dashboard(board: Board) -> Iterator[str]:
    """What is code is changed in the code."""
    if board["editable"]:
        yield "it can be edited by hand"


RULES: Mapping[str, Rule] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": _template("job"),
    "template-instance-rule": _template("instance"),
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-promql-rule": target_promql,
    "target-logql-rule": target_logql,
    "target-logql-auto-rule": target_logql_auto,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": _matcher("job"),
    "target-instance-rule": _matcher("instance"),
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard-rule": uneditable_dashboard,
    # Of ours, made as theirs are.
    "template-partner-rule": _template("partner"),
    "target-partner-rule": _matcher("partner"),
}
