"""The numbers of all turns as a table with ratios, and as JSON."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import Any

from tests.bench.turn import Numbers

Turns = Mapping[str, Sequence[Numbers]]
_LIBRARIES = ("python-telegram-bot", "httpx", "aiogram", "aiohttp", "uvicorn", "uvloop")
_COLUMNS = (
    f"{'':36} {'completed/s':>11} {'(min-max)':>13} {'CPU us':>7} {'MiB':>5}  "
    f"{'200: p50':>8} {'p99 ms':>7}  {'sent: p50':>9} {'p99 ms':>7}  {'lost':>4} {'extra':>5}  {'load':>4}"
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast, round by round."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f}x ({self.least:.2f}-{self.most:.2f})"


def ratio_of(ours: Sequence[Numbers], theirs: Sequence[Numbers]) -> Ratio:
    """Compare turns of the same round, which met the same minute of the machine."""
    ratios = [a.completed_per_s / b.completed_per_s for a, b in zip(ours, theirs, strict=True) if b.completed_per_s]
    return Ratio(median(ratios), min(ratios), max(ratios))


def table(turns: Turns, *, ours: Sequence[str], peers: Sequence[str]) -> str:
    """The table and, below it, the ratios of ours to the peers."""
    lines = [_COLUMNS, *(_row(name, numbers) for name, numbers in turns.items()), ""]
    lines += [
        f"{name} is {', '.join(f'{ratio_of(turns[name], turns[peer])} {peer}' for peer in peers if peer in turns)}"
        for name in ours
        if name in turns and any(peer in turns for peer in peers)
    ]
    return "\n".join(lines)


def _row(name: str, numbers: Sequence[Numbers]) -> str:
    rates = [turn.completed_per_s for turn in numbers]
    cpu = [turn.cpu_us for turn in numbers if turn.cpu_us is not None]
    memory = [turn.memory_mib for turn in numbers if turn.memory_mib is not None]
    return (
        f"{name:36} {median(rates):11,.0f} {f'{min(rates):.0f}-{max(rates):.0f}':>13} "
        f"{median(cpu) if cpu else 0:7.0f} {median(memory) if memory else 0:5.0f}  "
        f"{median(turn.acknowledged_p50_ms for turn in numbers):8.1f} "
        f"{median(turn.acknowledged_p99_ms for turn in numbers):7.1f}  "
        f"{median(turn.completed_p50_ms for turn in numbers):9.1f} "
        f"{median(turn.completed_p99_ms for turn in numbers):7.1f}  "
        f"{sum(turn.lost + turn.refused for turn in numbers):4d} {sum(turn.extra for turn in numbers):5d}  "
        f"{median(turn.load_share for turn in numbers):4.0%}"
    )


def as_json(turns: Turns, *, settings: Mapping[str, Any], ours: Sequence[str], peers: Sequence[str]) -> dict[str, Any]:
    """Everything measured, for a machine to compare."""
    return {
        "settings": dict(settings),
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "versions": {name: version(name) for name in _LIBRARIES},
        },
        "turns": {name: [turn.as_json() for turn in numbers] for name, numbers in turns.items()},
        "ratios": {
            name: {peer: _ratio_json(ratio_of(turns[name], turns[peer])) for peer in peers if peer in turns}
            for name in ours
            if name in turns
        },
    }


def _ratio_json(ratio: Ratio) -> dict[str, float]:
    return {"median": round(ratio.median, 3), "least": round(ratio.least, 3), "most": round(ratio.most, 3)}
