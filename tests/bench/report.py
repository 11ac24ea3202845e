"""The numbers of all turns as a table with ratios, and as JSON."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median
from typing import Any, Self

from tests.bench import turn
from tests.bench.throughput import Numbers

Turns = Mapping[str, Sequence[Numbers]]
Matched = Mapping[str, turn.Numbers]
_LIBRARIES = ("python-telegram-bot", "httpx", "aiogram", "aiohttp", "uvicorn", "uvloop")
_COLUMNS = (
    f"{'':36} {'completed/s':>11} {'(min-max)':>13} {'CPU us':>7} {'MiB':>5}  {'lost':>4} {'extra':>5}  {'load':>4}"
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast, round by round."""

    median: float
    least: float
    most: float
    rounds: tuple[float, ...]

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Self:
        """Sum up the rounds."""
        return cls(median(ratios), min(ratios), max(ratios), tuple(ratios))

    def __str__(self) -> str:
        return f"{self.median:.2f}x ({self.least:.2f}-{self.most:.2f})"


def ratio_of(ours: Sequence[Numbers], theirs: Sequence[Numbers]) -> Ratio:
    """Compare turns of the same round, which met the same minute of the machine."""
    return Ratio.of(
        [a.completed_per_s / b.completed_per_s for a, b in zip(ours, theirs, strict=True) if b.completed_per_s]
    )


def thrift_of(ours: Sequence[Numbers], theirs: Sequence[Numbers]) -> Ratio | None:
    """How many times as many updates in the same CPU time; None where that cannot be told."""
    ratios = [b.cpu_us / a.cpu_us for a, b in zip(ours, theirs, strict=True) if a.cpu_us and b.cpu_us]
    return Ratio.of(ratios) if ratios else None


def table(turns: Turns, *, ours: Sequence[str], peers: Sequence[str]) -> str:
    """The table and, below it, the ratios of ours to the peers."""
    lines = [_COLUMNS, *(_row(name, numbers) for name, numbers in turns.items()), ""]
    for name in ours:
        for peer in peers:
            if name in turns and peer in turns:
                thrift = thrift_of(turns[name], turns[peer])
                said = f", and {thrift} of it in a second of CPU time" if thrift else ""
                lines.append(f"{name} completes {ratio_of(turns[name], turns[peer])} {peer}{said}")
    return "\n".join(lines)


def _row(name: str, numbers: Sequence[Numbers]) -> str:
    rates = [one.completed_per_s for one in numbers]
    cpu = [one.cpu_us for one in numbers if one.cpu_us is not None]
    memory = [one.memory_mib for one in numbers if one.memory_mib is not None]
    return (
        f"{name:36} {median(rates):11,.0f} {f'{min(rates):.0f}-{max(rates):.0f}':>13} "
        f"{median(cpu) if cpu else 0:7.0f} {median(memory) if memory else 0:5.0f}  "
        f"{sum(one.lost + one.refused for one in numbers):4d} {sum(one.extra for one in numbers):5d}  "
        f"{median(one.load_share for one in numbers):4.0%}"
    )


def exactly(matched: Matched) -> str:
    """What the exact generator says of each: whether every update had its one message, and how late all was."""
    return "\n".join(
        f"{name}: of {one.accepted:,} updates {one.completed:,} were answered once, {one.lost} never, "
        f"{one.extra} twice; "
        f"200 after {one.acknowledged_p50_ms:.1f} ms (p50) and {one.acknowledged_p99_ms:.1f} ms (p99), "
        f"the message after {one.completed_p50_ms:.1f} and {one.completed_p99_ms:.1f} ms"
        for name, one in matched.items()
    )


def as_json(
    turns: Turns, matched: Matched, *, settings: Mapping[str, Any], ours: Sequence[str], peers: Sequence[str]
) -> dict[str, Any]:
    """Everything measured, for a machine to compare."""
    pairs = [(name, peer) for name in ours for peer in peers if name in turns and peer in turns]
    return {
        "settings": dict(settings),
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "versions": {name: version(name) for name in _LIBRARIES},
        },
        "turns": {name: [one.as_json() for one in numbers] for name, numbers in turns.items()},
        "matched": {name: one.as_json() for name, one in matched.items()},
        "ratios": {
            f"{name} / {peer}": {
                "completed_per_s": _as_json(ratio_of(turns[name], turns[peer])),
                "cpu_us": _as_json(thrift_of(turns[name], turns[peer])),
            }
            for name, peer in pairs
        },
    }


def _as_json(ratio: Ratio | None) -> dict[str, Any] | None:
    return None if ratio is None else asdict(ratio)
