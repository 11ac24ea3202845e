"""The recording rules: for each objective and window the bad events, all events, and how fast the budget burns."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.generator.objective import OBJECTIVES, WINDOWS_S, Objective
from dashboards.generator.rule import Group, Pace, Recording

#: An objective is the partner's, whatever instances there are.
LEVEL = "job_partner"
_BY = "sum by (job, partner)"


def bad_events(window: str) -> str:
    """The name of the series of bad events in a window."""
    return f"{LEVEL}:botflight_slo_bad:increase{window}"


def all_events(window: str) -> str:
    """The name of the series of all events in a window."""
    return f"{LEVEL}:botflight_slo_total:increase{window}"


def burn_rate(window: str) -> str:
    """The name of the series of burn rates: 1 uses the budget up in exactly its 30 days."""
    return f"{LEVEL}:botflight_slo:burn_rate{window}"


def recordings(pace: Pace) -> Group:
    """Make the group; Prometheus looks at its rules in this order, so each finds what it needs."""
    rules = [rule for objective in OBJECTIVES for window in WINDOWS_S for rule in _rules(objective, window, pace)]
    return Group(name="botflight-objectives", interval=pace.of(30), rules=rules)


def _rules(objective: Objective, window: str, pace: Pace) -> Iterator[Recording]:
    labels = {"slo": objective.name}
    total = _increase(objective.total, window, pace)
    bad = _increase(objective.bad, window, pace) if objective.bad else ""
    yield Recording(
        record=bad_events(window),
        expr=bad or f"clamp_min({total} - {_increase(objective.good, window, pace)}, 0)",
        labels=labels,
    )
    yield Recording(record=all_events(window), expr=total, labels=labels)
    of_it = f'{{slo="{objective.name}"}}'
    yield Recording(
        record=burn_rate(window),
        expr=f"{bad_events(window)}{of_it} / ({all_events(window)}{of_it} > 0) / {objective.budget}",
        labels=labels,
    )


def _increase(selector: str, window: str, pace: Pace) -> str:
    return f"{_BY} (increase({selector}[{pace.of(WINDOWS_S[window])}]))"
