"""The dashboards as they are checked in: what Grafana makes of them, and where their panels lead."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import promql_parser as promql
import pytest
from dashboards.generator.__main__ import written
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.dashboards.reading import (
    BOARDS,
    FOLDER,
    ROOT,
    board,
    labels_of,
    metric_of,
    named,
    panels,
    questions,
    selectors,
)

from botflight_diagnostics.telemetry.catalogue import METRICS

every_board = pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)


def test_there_are_five():
    """Each dashboard that an SRE was promised is there."""
    assert [path.stem for path in BOARDS] == ["generation", "money", "overview", "preflight", "telegram"]


@pytest.mark.parametrize("path", written(), ids=lambda path: path.name)
def test_what_is_checked_in_is_what_the_code_makes(path: Path):
    """Nobody edits what is generated: `make dashboards` gives the very same text."""
    assert path.read_text() == written()[path], "run `make dashboards`"


@every_board
def test_grafana_understands_all_of_it(path: Path):
    """Decoded by Grafana's schema and encoded again nothing is lost: there is no field that Grafana would ignore."""
    read = board(path)

    again = json.loads(JSONEncoder(sort_keys=True, indent=2).encode(Dashboard.from_json(read)))

    assert again == read


@every_board
def test_deploys_are_marked(path: Path):
    """A new version shows as a line in every panel."""
    (annotation,) = board(path)["annotations"]["list"]

    assert annotation["enable"]
    assert {name for name, _ in ((one.name, above) for one, above in selectors(annotation["expr"]))} == {
        "botflight_build_info"
    }
    assert named(annotation["titleFormat"]) == {"version"}


@every_board
def test_every_panel_leads_on(path: Path):
    """To a page that exists, or to another dashboard, with the time and the choice kept."""
    uids = {board(other)["uid"] for other in BOARDS}

    for panel in panels(board(path)):
        (link,) = panel["links"]
        if link["url"].startswith("${docs}/"):
            assert (ROOT / "docs" / link["url"].removeprefix("${docs}/")).is_file(), link["url"]
        else:
            uid, _, query = link["url"].removeprefix("/d/").partition("?")
            assert uid in uids - {board(path)["uid"]}
            assert query == "${__url_time_range}&${__all_variables}"


@every_board
def test_a_panel_that_may_be_empty_says_so(path: Path):
    """Where only what happened is drawn, nothing has a word: a reader would take an empty panel for a broken one."""
    for panel in panels(board(path)):
        may_be_empty = any(re.search(r"> 0\)*$", target["expr"]) for target in panel["targets"])
        assert not may_be_empty or panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


@every_board
def test_panels_do_not_lie_over_each_other(path: Path):
    """Each has its place on the grid of 24 columns."""
    places = [panel["gridPos"] for panel in board(path)["panels"]]

    covered = list(
        itertools.chain.from_iterable(
            itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])) for at in places
        )
    )

    assert len(covered) == len(set(covered))
    assert max(column for column, _ in covered) < 24


@every_board
def test_durations_lead_to_traces(path: Path):
    """Whatever draws quantiles asks for exemplars, and nothing else does."""
    for panel in panels(board(path)):
        quantiles = any("histogram_quantile" in target["expr"] for target in panel["targets"])
        assert {target["exemplar"] for target in panel["targets"]} == {quantiles}, panel["title"]


@pytest.mark.parametrize("question", questions(), ids=lambda one: f"{one.board}: {one.panel}: {one.legend}")
def test_a_legend_names_labels_that_the_answer_has(question):
    """No legend is empty because its label was summed away."""
    kept: set[str] = set()
    for selector, above in selectors(question.expr):
        groups = [node.modifier for node in above if isinstance(node, promql.AggregateExpr)]
        kept |= labels_of(selector.name) if not groups else {one for group in groups if group for one in group.labels}

    assert named(question.legend) <= kept - {"le"}
    assert question.legend


def shown() -> set[str]:
    """The metrics that some panel asks for."""
    return {metric_of(selector.name) for question in questions() for selector, _ in selectors(question.expr)}


def test_every_metric_is_on_a_dashboard():
    """Nothing is measured for nobody."""
    assert {spec.name for spec in METRICS} - shown() == set()


def test_every_runbook_of_a_finding_is_reached_from_the_table():
    """A click on a code opens the page of that code."""
    (table,) = (
        panel for panel in panels(board(FOLDER / "grafana/preflight.json")) if panel["title"] == "What was found"
    )

    (override,) = table["fieldConfig"]["overrides"]

    assert override["matcher"]["options"] == "code"
    assert override["properties"][0]["value"][0]["url"] == "${docs}/runbooks/${__value.raw}.md"
