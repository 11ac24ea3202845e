"""The last minutes as points: a second each, a number a line, within a fixed memory."""

import math
from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from botflight_diagnostics.console.plots import WINDOW_S, Plot, Reader, Samples, bounded
from botflight_diagnostics.telemetry.clock import Clock
from botflight_diagnostics.telemetry.recorder import Counted, Recorder

#: A quarter of an hour; 60 lines take 0.4 MB.
POINTS: Final = 900
EVERY_S: Final = 1.0

#: What is plotted of every service, from its recorder.
UPDATES: Final = "Updates"
DURATION: Final = "Time of an update"
TROUBLE: Final = "Errors and warnings"

_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class History:
    """Samples a service once a second and keeps the points of the last quarter of an hour.

    Updates, how long they take and what goes wrong come from the `recorder`, and are exact; everything else is read
    from metrics, as the `plots` say. Rates and quantiles are those of the last ten seconds.
    """

    def __init__(self, *, recorder: Recorder, reader: Reader, plots: Sequence[Plot], clock: Clock) -> None:
        self._recorder = recorder
        self._reader = reader
        self._plots = plots
        self._clock = clock
        #: The names of lines by plot, in the order of their columns.
        self._lines: dict[str, list[str]] = {title: [] for title in (UPDATES, DURATION, TROUBLE)}
        self._lines |= {plot.title: [] for plot in plots}
        self._columns: dict[tuple[str, str], int] = {}
        self._points: deque[tuple[int, int, array[float]]] = deque(maxlen=POINTS)
        self._number = 0
        self._read: deque[tuple[int, Samples]] = deque(maxlen=WINDOW_S + 1)
        self._counted: deque[tuple[int, Counted]] = deque(maxlen=WINDOW_S)

    def sample(self) -> None:
        """Add a point."""
        now_ns = self._clock.monotonic_ns()
        self._counted.append((now_ns, self._recorder.counted()))
        self._read.append((now_ns, self._reader.read()))
        values = array("f", [math.nan]) * len(self._columns)
        for title, lines in (*self._told(), *self._measured(now_ns)):
            for name, value in bounded(lines, self._lines[title]):
                column = self._column(title, name)
                values.extend([math.nan] * (column + 1 - len(values)))
                values[column] = value
        self._number += 1
        self._points.append((self._number, self._clock.time_ns() // 1_000_000, values))

    def view(self, *, after: int) -> dict[str, Any]:
        """Write the points whose number is greater than `after`: times, and a column for each line."""
        points = [point for point in self._points if point[0] > after]
        return {
            "last": self._number,
            "at_ms": [at_ms for _, at_ms, _ in points],
            "plots": [
                {
                    "title": title,
                    "unit": self._unit(title),
                    "lines": [{"name": name, "values": self._values(points, title, name)} for name in names],
                }
                for title, names in self._lines.items()
            ],
        }

    def _told(self) -> list[tuple[str, Mapping[str, float]]]:
        """What the recorder counted within the window."""
        # The first count reaches back an unknown time: to the one before, or to the start.
        seconds = max(EVERY_S, len(self._counted) * EVERY_S)
        outcomes: dict[str, float] = {}
        trouble = {"failed updates": 0.0, "error lines": 0.0, "warnings": 0.0}
        durations: list[float] = []
        for _, counted in self._counted:
            for outcome, number in counted.outcomes.items():
                outcomes[outcome] = outcomes.get(outcome, 0.0) + number / seconds
            trouble["failed updates"] += counted.failed / seconds
            trouble["error lines"] += (counted.levels.get("error", 0) + counted.levels.get("critical", 0)) / seconds
            trouble["warnings"] += counted.levels.get("warning", 0) / seconds
            durations += counted.durations_ms
        durations.sort()
        known = dict.fromkeys(self._lines[UPDATES] or ["OK"], 0.0)
        return [
            (UPDATES, {**known, **outcomes}),
            (DURATION, {name: _at(durations, share) for name, share in _QUANTILES.items()} if durations else {}),
            (TROUBLE, trouble),
        ]

    def _measured(self, now_ns: int) -> list[tuple[str, Mapping[str, float]]]:
        """What the metrics say, compared with the beginning of the window."""
        (then_ns, then), (_, now) = self._read[0], self._read[-1]
        if then_ns == now_ns:
            then = now
        seconds = max(EVERY_S, (now_ns - then_ns) / 1e9)
        measured: list[tuple[str, Mapping[str, float]]] = []
        for plot in self._plots:
            lines: dict[str, float] = {}
            for source in plot.sources:
                lines |= source.lines(now, then, seconds=seconds)
            measured.append((plot.title, lines))
        return measured

    def _column(self, title: str, name: str) -> int:
        if (title, name) not in self._columns:
            self._columns[title, name] = len(self._columns)
            self._lines[title].append(name)
        return self._columns[title, name]

    def _values(self, points: Sequence[tuple[int, int, "array[float]"]], title: str, name: str) -> list[float | None]:
        column = self._columns[title, name]
        return [_plain(values[column]) if column < len(values) else None for _, _, values in points]

    def _unit(self, title: str) -> str:
        own = {UPDATES: "a second", DURATION: "ms", TROUBLE: "a second"}
        return own.get(title) or next(plot.unit for plot in self._plots if plot.title == title)


def _at(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of the others are not above: of few values the greatest, not a guess."""
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
