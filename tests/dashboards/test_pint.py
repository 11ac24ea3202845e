"""The rules by pint's checks that apply; and each check finds what it is there for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.dashboards.pint import CHECKS
from tests.dashboards.reading import alert_rules, rules

_UPDATES = "sum by (job, partner) (increase(botflight_updates_total[{window}]))"

#: By check, what breaks it: given to the first alert that is checked in.
BROKEN: dict[str, dict[str, Any]] = {
    "alerts/annotation": {"annotations": {"summary": "Something."}},
    "alerts/comparison": {"expr": "botflight_lanes"},
    "alerts/for": {"for": "0m"},
    "alerts/template": {"annotations": {"summary": "{{ $labels.model }}", "impact": "None.", "runbook": ""}},
    "labels/conflict": {"labels": {"severity": "page", "partner": "mine"}},
    "promql/aggregate": {"expr": "sum by (job) (botflight_lanes) > 1"},
    "promql/counter": {"expr": "botflight_updates_total > 1"},
    "promql/range_query": {"expr": _UPDATES.format(window="90d") + " > 1"},
    "promql/rate": {"expr": _UPDATES.format(window="30s") + " > 1"},
    "promql/regexp": {"expr": 'botflight_updates_undone{job=~"botflight"} > 1'},
    "promql/selector": {"expr": 'botflight_lanes{type="message"} > 1'},
    "promql/series": {"expr": "botflight_avenues > 1"},
    "promql/syntax": {"expr": "sum by (job (botflight_lanes) > 1"},
    "promql/vector_matching": {"expr": "botflight_lanes / sum by (job, partner) (botflight_lanes) > 1"},
    "rule/dependency": {"alert": None, "record": "job_partner:botflight_slo:burn_rate9h"},
    "rule/duplicate": {},
    "rule/label": {"labels": {"severity": "sometime"}},
    "rule/link": {"annotations": {"summary": "Something.", "impact": "None.", "runbook": "docs/runbooks/Nothing.md"}},
    "rule/name": {"alert": "SomethingIsWrong"},
}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or f"{rule['record']} {rule['labels']}")
def test_no_check_finds_anything(rule: dict[str, Any]) -> None:
    """Pint would have nothing to say."""
    assert {name: found for name, check in CHECKS.items() if (found := list(check(rule)))} == {}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_finds_what_is_broken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that breaks it does not pass."""
    broken = {key: value for key, value in {**alert_rules()[0], **BROKEN[name]}.items() if value is not None}
    # It stands in the file beside the others.
    monkeypatch.setattr("tests.dashboards.pint.rules", lambda: [*rules(), broken])

    assert list(CHECKS[name](broken)) != []
