"""Draw a dashboard without a Grafana: `python -m dashboards.generator.pictures URL BOARD FILE`.

URL is a Prometheus; the questions, places, units and colours are those of the dashboard that is checked in.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

FOLDER: Final = Path(__file__).parents[1] / "grafana"
#: Points in a panel, as Grafana has about as many as pixels.
POINTS: Final = 150
#: In inches: a column and a row of the grid.
COLUMN: Final = 0.62
ROW: Final = 0.36
#: Rows above the first panel.
HEAD: Final = 2.3

_BACK, _PANEL, _TEXT, _DIM, _GRID = "#111217", "#181b1f", "#d8d9da", "#8e9197", "#2c3235"
_SERIES: Final = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#c8f2c2", "#ffa6b0")
_NAMED: Final = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2"}
_MOST_LEGENDS: Final = 10
#: Characters of a legend to a column of the grid, and lines of it.
_LEGEND_WIDTH: Final = 7.4
_LEGEND_LINES: Final = 3
#: Rows of the grid; a panel of so many or fewer has room for one line.
_LOW: Final = 6
_POINT: Final = "#ffffff"
#: The highest exemplar of each of so many stretches of time is drawn: more would hide the lines.
_MOST_POINTS: Final = 36
#: With more lines their shades would be mud.
_MOST_SHADES: Final = 3


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series with its name in the legend."""

    name: str
    times: Sequence[float]
    values: Sequence[float]
    labels: Mapping[str, str]


class Source:
    """A Prometheus, and what is chosen of it."""

    def __init__(self, url: str, *, seconds: float, until: float) -> None:
        self._url = url
        self.until = until
        self.since = self.until - seconds
        self._step = max(1.0, seconds / POINTS)
        self._variables = {
            "$__rate_interval": f"{max(5, math.ceil(8 * self._step))}s",
            "$__range": f"{math.ceil(seconds)}s",
            "$job": ".+",
            "$instance": ".+",
            "$partner": ".*",
        }

    @property
    def latest(self) -> float:
        """When the last sample of a series is, that goes on."""
        return date2num(_moment(self.until - 2 * self._step))

    def series(self, target: Mapping[str, Any]) -> list[Drawn]:
        """Ask a question of a panel."""
        found = self._ask("query_range", target["expr"], step=self._step)["result"]
        return [
            Drawn(
                name=_named(target["legendFormat"], one["metric"]),
                times=[date2num(_moment(at)) for at, _ in one["values"]],
                values=[float(value) for _, value in one["values"]],
                labels=one["metric"],
            )
            for one in found
        ]

    def points(self, target: Mapping[str, Any]) -> list[tuple[float, float]]:
        """The exemplars of a question: times and values, each of which leads to a trace."""
        found = self._ask("query_exemplars", target["expr"]) if target.get("exemplar") else []
        stretch = (self.until - self.since) / _MOST_POINTS
        highest: dict[int, tuple[float, float]] = {}
        for one in (exemplar for series in found for exemplar in series["exemplars"]):
            at, value = float(one["timestamp"]), float(one["value"])
            place = int((at - self.since) / stretch)
            if place not in highest or highest[place][1] < value:
                highest[place] = (at, value)
        return [(date2num(_moment(at)), value) for at, value in highest.values()]

    def _ask(self, what: str, expr: str, **more: object) -> Any:  # noqa: ANN401 - what Prometheus says
        for name in sorted(self._variables, key=len, reverse=True):
            expr = expr.replace(name, self._variables[name])
        given = {"query": expr, "start": self.since, "end": self.until, **more}
        with urlopen(f"{self._url}/api/v1/{what}?{urlencode(given)}", timeout=30) as answer:  # noqa: S310 - given by whoever runs this
            return json.load(answer)["data"]


def _named(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda label: labels.get(label[1], ""), legend)


def draw(board: Mapping[str, Any], source: Source) -> Figure:
    """Draw a dashboard as it stands."""
    mpl.rcParams.update({"font.family": "DejaVu Sans", "font.size": 8, "text.color": _TEXT, "axes.labelcolor": _DIM})
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    rows = height + HEAD
    figure = Figure(figsize=(24 * COLUMN, rows * ROW), facecolor=_BACK)
    figure.text(0.008, 1 - 0.8 / rows, board["title"], fontsize=15, weight="bold", va="center")
    figure.text(0.008, 1 - 1.7 / rows, board["description"], fontsize=9, color=_DIM, va="center")
    for panel in board["panels"]:
        at = panel["gridPos"]
        left, top = at["x"] / 24, 1 - (at["y"] + HEAD) / rows
        if panel["type"] == "row":
            figure.text(left + 0.008, top - 0.5 / rows, f"▾ {panel['title']}", fontsize=11, color=_TEXT, va="center")
            continue
        _panel(figure, panel, source, (left, top - at["h"] / rows, at["w"] / 24, at["h"] / rows), rows)
    return figure


def _panel(
    figure: Figure, panel: Mapping[str, Any], source: Source, box: tuple[float, float, float, float], rows: float
) -> None:
    left, bottom, width, height = box
    frame = figure.add_axes((left + 0.003, bottom + 0.12 / rows, width - 0.006, height - 0.24 / rows))
    frame.set(facecolor=_PANEL, xticks=[], yticks=[])
    frame.spines[:].set_color(_GRID)
    figure.text(left + 0.009, bottom + height - 0.75 / rows, panel["title"], fontsize=9, va="center")
    drawn = [one for target in panel["targets"] for one in source.series(target)]
    drawn = [one for one in drawn if any(math.isfinite(value) for value in one.values)]
    if not drawn:
        nothing = panel["fieldConfig"]["defaults"].get("noValue", "No data")
        frame.text(0.5, 0.45, nothing, color=_DIM, ha="center", transform=frame.transAxes, fontsize=11)
        return
    margin = {"timeseries": 0.046, "state-timeline": 0.066}.get(panel["type"], 0.01)
    lines = _legend_lines(panel, drawn) if panel["type"] == "timeseries" else 0
    below = {"timeseries": 1.5 + 0.6 * lines, "state-timeline": 1.2}.get(panel["type"], 0.4)
    inner = figure.add_axes(
        (left + margin, bottom + below / rows, width - margin - 0.012, height - (below + 1.35) / rows)
    )
    inner.set_facecolor(_PANEL)
    _KINDS[panel["type"]](inner, panel, drawn, source)


def _series(axes: Axes, panel: Mapping[str, Any], drawn: Sequence[Drawn], source: Source) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    drawn = sorted(drawn, key=lambda one: -max((value for value in one.values if math.isfinite(value)), default=0))
    stacked = defaults["custom"].get("stacking", {}).get("mode") == "normal"
    floor: dict[float, float] = {}
    for place, one in enumerate(drawn):
        color = _SERIES[place % len(_SERIES)]
        if stacked:
            below = [floor.get(at, 0.0) for at in one.times]
            above = [low + (value if math.isfinite(value) else 0) for low, value in zip(below, one.values, strict=True)]
            axes.fill_between(one.times, below, above, color=color, alpha=0.35, linewidth=0)
            axes.plot(one.times, above, color=color, linewidth=1.1, label=one.name)
            floor |= dict(zip(one.times, above, strict=True))
        else:
            axes.plot(one.times, one.values, color=color, linewidth=1.3, label=one.name)
            if len(drawn) <= _MOST_SHADES:
                axes.fill_between(one.times, 0, one.values, color=color, alpha=0.08, linewidth=0)
    top = _highest(axes, drawn, defaults)
    axes.set_ylim(0, top)
    points = [point for target in panel["targets"] for point in source.points(target)]
    if points:
        times, values = zip(*points, strict=True)
        axes.scatter(times, [min(value, top * 0.985) for value in values], s=7, color=_POINT, marker="D", alpha=0.45)
    _time_axis(axes, source)
    for step in defaults.get("thresholds", {}).get("steps", []):
        if step["value"] is not None and step["value"] < top:
            axes.axhline(step["value"], color=_NAMED[step["color"]], linewidth=0.8, linestyle="--")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: formatted(value, defaults["unit"]))
    _legend(axes, panel, drawn, points=bool(points))


def _highest(axes: Axes, drawn: Sequence[Drawn], defaults: Mapping[str, Any]) -> float:
    """Where the scale ends; all at zero, a scale of hundredths would be made of nothing."""
    flat = not any(value > 0 for one in drawn for value in one.values)
    return float(defaults.get("max") or (1 if flat else axes.get_ylim()[1]))


def _legend_columns(panel: Mapping[str, Any], names: Sequence[str]) -> int:
    """How many names have room beside each other."""
    return max(1, int(panel["gridPos"]["w"] * _LEGEND_WIDTH // (max(map(len, names)) + 5)))


def _legend_lines(panel: Mapping[str, Any], drawn: Sequence[Drawn]) -> int:
    names = [one.name for one in drawn][:_MOST_LEGENDS]
    names += ["traces"] if any(target.get("exemplar") for target in panel["targets"]) else []
    most = _LEGEND_LINES if panel["gridPos"]["h"] > _LOW else 1
    return min(most, math.ceil(len(names) / _legend_columns(panel, names)))


def _legend(axes: Axes, panel: Mapping[str, Any], drawn: Sequence[Drawn], *, points: bool) -> None:
    """Name the lines, as many in a row as have room."""
    handles, names = axes.get_legend_handles_labels()
    entries = list(zip(handles, names, strict=True))[:_MOST_LEGENDS]
    if points:
        mark = Line2D([], [], color=_POINT, marker="D", linestyle="", markersize=2.6, alpha=0.7)
        entries.append((mark, "traces"))
    columns = _legend_columns(panel, [name for _, name in entries])
    shown = entries[: columns * _legend_lines(panel, drawn)]
    # So many inches below the scale, whatever the height of the panel.
    below = ScaledTranslation(-0.1, -0.26, axes.figure.dpi_scale_trans)
    axes.legend(
        [handle for handle, _ in shown],
        [name for _, name in shown],
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes + below,
        ncols=min(columns, len(shown)),
        frameon=False,
        fontsize=7,
        labelcolor=_DIM,
        handlelength=1.2,
        columnspacing=1.2,
        borderaxespad=0,
    )


def _stat(axes: Axes, panel: Mapping[str, Any], drawn: Sequence[Drawn], source: Source) -> None:
    axes.set_axis_off()
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults.get("thresholds", {}).get("steps", [])
    if len(drawn) == 1:
        _spark(axes, drawn[0], steps, source)
    shown = drawn[: max(1, panel["gridPos"]["w"] // 2)]
    for place, one in enumerate(shown):
        value = _last(one)
        middle = (place + 0.5) / len(shown)
        several = len(shown) > 1
        size = 13 if several else 22
        at = {"ha": "center", "va": "center", "transform": axes.transAxes}
        axes.text(middle, 0.62, formatted(value, defaults["unit"]), color=_colored(value, steps), fontsize=size, **at)
        if several:
            axes.text(middle, 0.15, one.name, color=_DIM, fontsize=6.5, **at)


def _spark(axes: Axes, one: Drawn, steps: Sequence[Mapping[str, Any]], source: Source) -> None:
    """The way to the value, faintly below it."""
    color = _colored(_last(one), steps)
    axes.fill_between(one.times, 0, one.values, color=color, alpha=0.13, linewidth=0)
    axes.plot(one.times, one.values, color=color, linewidth=0.8, alpha=0.6)
    top = max((value for value in one.values if math.isfinite(value)), default=0)
    axes.set_ylim(0, 2.6 * top or 1)
    axes.set_xlim(date2num(_moment(source.since)), date2num(_moment(source.until)))


def _last(one: Drawn) -> float:
    return next(value for value in reversed(one.values) if math.isfinite(value))


def _states(axes: Axes, panel: Mapping[str, Any], drawn: Sequence[Drawn], source: Source) -> None:
    (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
    words = {float(value): (told["text"], _NAMED[told["color"]]) for value, told in mapping["options"].items()}
    drawn = sorted(drawn, key=lambda one: one.name, reverse=True)
    for row, one in enumerate(drawn):
        for start, end, value in _stretches(one):
            text, color = words.get(value, (f"{value:g}", _DIM))
            axes.barh(row, end - start, left=start, height=0.72, color=color, alpha=0.75)
            if end - start > (one.times[-1] - one.times[0]) / 8:
                axes.text((start + end) / 2, row, text, ha="center", va="center", fontsize=7, color=_BACK)
    _time_axis(axes, source)
    axes.set_yticks(range(len(drawn)), [one.name for one in drawn], fontsize=6.5)


def _stretches(one: Drawn) -> list[tuple[float, float, float]]:
    found: list[tuple[float, float, float]] = []
    for at, value in zip(one.times, one.values, strict=True):
        if found and found[-1][2] == value:
            found[-1] = (found[-1][0], at, value)
        else:
            if found:
                found[-1] = (found[-1][0], at, found[-1][2])
            found.append((at, at, value))
    return found


def _table(axes: Axes, panel: Mapping[str, Any], drawn: Sequence[Drawn], source: Source) -> None:
    axes.set_axis_off()
    columns = [*sorted({name for one in drawn for name in one.labels if name != "__name__"}), "Value"]
    unit = panel["fieldConfig"]["defaults"]["unit"]
    # A table is asked for now, and not for what was.
    now = [one for one in drawn if one.times[-1] >= source.latest]
    cells_of = ([*(one.labels.get(name, "") for name in columns[:-1]), formatted(one.values[-1], unit)] for one in now)
    lines = [columns, *cells_of]
    for row, cells in enumerate(lines[:8]):
        for column, cell in enumerate(cells):
            color = _DIM if row == 0 else (_NAMED["blue"] if columns[column] == "code" else _TEXT)
            axes.text(0.01 + column / len(columns), 0.97 - row * 0.13, cell, color=color, fontsize=8, va="top")
    axes.set(xlim=(0, 1), ylim=(0, 1))


_KINDS: Final[Mapping[str, Callable[[Axes, Mapping[str, Any], Sequence[Drawn], Source], None]]] = {
    "timeseries": _series,
    "stat": _stat,
    "state-timeline": _states,
    "table": _table,
}


def _time_axis(axes: Axes, source: Source) -> None:
    axes.set_xlim(date2num(_moment(source.since)), date2num(_moment(source.until)))
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M:%S"))
    axes.tick_params(colors=_DIM, labelsize=7, length=0)
    axes.grid(visible=True, color=_GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def formatted(value: float, unit: str) -> str:
    """Write a value as Grafana writes it in this unit."""
    if not math.isfinite(value):
        return "-"
    match unit:
        case "s":
            return _duration(value)
        case "percentunit":
            return f"{100 * value:.4g} %"
        case "reqps":
            return f"{value:.3g} req/s"
        case "ops" | "cps":
            return f"{value:.3g} /s"
        case _:
            return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - from a thousand on


def _duration(seconds: float) -> str:
    sizes = ((31_536_000, "years"), (86_400, "days"), (3600, "h"), (60, "min"), (1, "s"), (0.001, "ms"))
    for size, name in sizes:
        if abs(seconds) >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds * 1e6:.3g} µs" if seconds else "0 s"


def _colored(value: float, steps: Sequence[Mapping[str, Any]]) -> str:
    color = _SERIES[0]
    for step in steps:
        if step["value"] is None or value >= step["value"]:
            color = _NAMED[step["color"]]
    return color


def _moment(at: float) -> Any:  # noqa: ANN401 - numpy's own
    import numpy as np  # noqa: PLC0415 - comes with matplotlib

    return np.datetime64(round(at * 1000), "ms")


def main() -> None:
    """Draw one dashboard into a file."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.generator.pictures", description=__doc__)
    parser.add_argument("url", help="of a Prometheus")
    parser.add_argument("board", help="overview, money, ...")
    parser.add_argument("file", type=Path)
    parser.add_argument("--minutes", type=float, default=180.0)
    parser.add_argument("--until", type=float, default=time.time(), help="in seconds since 1970; now")
    given = parser.parse_args()
    board = json.loads((FOLDER / f"{given.board}.json").read_text())
    source = Source(given.url, seconds=given.minutes * 60, until=given.until)
    draw(board, source).savefig(given.file, dpi=100)


if __name__ == "__main__":
    main()
