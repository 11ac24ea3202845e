"""What a rule of Prometheus is, and how a group of them is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped] # its stubs are a package of their own
from dashboards.generator.objective import Severity


@dataclass(frozen=True, slots=True)
class Pace:
    """Durations as PromQL writes them. A test lives faster: all are scaled by one factor."""

    factor: float = 1.0

    def of(self, seconds: float) -> str:
        """Write a duration."""
        milliseconds = round(seconds * 1000 * self.factor)
        for size, letter in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")):
            if milliseconds and milliseconds % size == 0:
                return f"{milliseconds // size}{letter}"
        return f"{milliseconds}ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A question that is asked once for all who want the answer."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_yaml(self) -> dict[str, Any]:
        """Write it as Prometheus reads it."""
        return {"record": self.record, "expr": self.expr, **({"labels": dict(self.labels)} if self.labels else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that a person has to look at."""

    name: str
    expr: str
    severity: Severity
    #: How long it must hold; "" is at once.
    held: str = ""
    summary: str
    #: What users feel.
    impact: str
    #: From the root of the repository; may name `{{ $labels.code }}`.
    runbook: str

    def as_yaml(self) -> dict[str, Any]:
        """Write it as Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            **({"for": self.held} if self.held else {}),
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "impact": self.impact, "runbook": self.runbook},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are looked at together, in their order."""

    name: str
    rules: Sequence[Recording | Alert]
    #: How often; "" is as often as the server looks at all.
    interval: str = ""


_HEAD = "# Written by `make dashboards` from dashboards/generator: change it there.\n"


def as_yaml(groups: Sequence[Group]) -> str:
    """Write a file of rules."""
    told = [
        {
            "name": group.name,
            **({"interval": group.interval} if group.interval else {}),
            "rules": [rule.as_yaml() for rule in group.rules],
        }
        for group in groups
    ]
    dumped: str = yaml.safe_dump({"groups": told}, sort_keys=False, width=4096, allow_unicode=True)
    return _HEAD + dumped
