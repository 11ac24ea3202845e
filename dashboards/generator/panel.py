"""What a panel of ours is: questions to Prometheus, and how their answers are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["series", "stat", "table", "states"]

#: Every question is asked of what the variables choose. A partner is a label of the target, so it may be missing.
CHOSEN = 'job=~"$job",instance=~"$instance",partner=~"$partner"'


@dataclass(frozen=True, slots=True)
class Target:
    """A question in PromQL, and the name of its answer: `{{label}}` stands for a label's value."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where to read on: a page of docs/, or another dashboard by its name."""

    title: str
    page: str = ""
    dashboard: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """From `value` on, the colour is this one; None is from the beginning."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel, 24 columns to the row."""

    title: str
    #: What it shows, and what to do when it looks bad.
    description: str
    #: By Grafana's names: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
    unit: str
    targets: tuple[Target, ...]
    link: Link
    kind: Kind = "series"
    width: int = 12
    height: int = 8
    #: Whether points lead to traces; for durations.
    exemplars: bool = False
    stacked: bool = False
    maximum: float | None = None
    #: What it says where there is nothing to show, because nothing happened.
    nothing: str = ""
    steps: tuple[Step, ...] = ()
    #: What values stand for, as text and colour.
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    #: Where the cells of a table's column lead to, by column.
    cells: Mapping[str, Link] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]

    @property
    def uid(self) -> str:
        """What Grafana knows it by."""
        return f"botflight-{self.name}"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in order."""
        return tuple(panel for row in self.rows for panel in row.panels)
