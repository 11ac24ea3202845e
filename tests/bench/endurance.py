"""A million updates of 100,000 users: as fast at the end, and no larger? `python -m tests.bench.endurance`.

The real service on sqlite, durable and with all telemetry, answers them all in one life. Rates of different minutes
do not compare on a machine that others use. So at the end a fresh service on an empty store takes turns with the one
that has aged, ten thousand updates each: that ratio is what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import orjson
from tests.bench.contender import Contender, DidNotStart, Running, run
from tests.bench.load import Load
from tests.bench.turn import Plan, standing
from tests.bench.updates import BUILD, service

#: Of the throughput of a fresh service, at least.
LEAST_SPEED = 0.9
#: Times the memory that it held after a tenth of the updates, at most.
MOST_GROWTH = 1.2
_WARM_UP = 500
_STRETCH_LIMIT_S = 600.0


class Lost(Exception):
    """An update was not answered once. The text says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some thousands of updates, one after the other of those before."""

    #: Updates that the process has answered by its end.
    answered: int
    completed_per_s: float
    #: CPU time of the service, all threads, an update.
    cpu_us: float
    #: Held in memory at its end.
    memory_mib: float
    #: What lies in its folder at its end: the store, its log, the lines that it wrote.
    files_mib: dict[str, float]

    def __str__(self) -> str:
        files = ", ".join(f"{name} {mib:,.0f}" for name, mib in sorted(self.files_mib.items()) if mib >= 1)
        return (
            f"{self.answered:9,} updates  {self.completed_per_s:7,.0f}/s  {self.cpu_us:6,.0f} us CPU  "
            f"{self.memory_mib:5,.0f} MiB  (MiB on disk: {files})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """How much the service is to endure."""

    updates: int
    users: int
    stretch: int
    #: Turns of the aged and the fresh one at the end.
    rounds: int
    store: str = "sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endured:
    """What was measured of one life."""

    stretches: tuple[Stretch, ...]
    #: Of turns at the end: the one that has aged, the one that is fresh.
    turns: tuple[tuple[Stretch, Stretch], ...]
    #: Rows by table at the end, where the store is a file of SQLite.
    rows: dict[str, int]

    @property
    def growth(self) -> float:
        """Memory at the end over memory after a tenth."""
        last = self.stretches[-1]
        tenth = next(one for one in self.stretches if one.answered * 10 >= last.answered)
        return last.memory_mib / tenth.memory_mib

    @property
    def speed(self) -> float | None:
        """Completed updates a second of the aged one over those of the fresh one; None without turns."""
        return (
            median(aged.completed_per_s / fresh.completed_per_s for aged, fresh in self.turns) if self.turns else None
        )

    @property
    def thrift(self) -> float | None:
        """Updates in the same CPU time, likewise."""
        return median(fresh.cpu_us / aged.cpu_us for aged, fresh in self.turns) if self.turns else None


async def endure(dose: Dose, *, folder: Path = BUILD, tell: Callable[[Stretch], object] = lambda _: None) -> Endured:
    """Let one service answer all of it, and compare it with a fresh one. Raises Lost, DidNotStart."""
    plan = Plan(seconds=0, warm_up_s=0, connections=40, window=400, chats=dose.users, folder=folder)
    contender = service(dose.store)
    stretches: list[Stretch] = []
    turns: list[tuple[Stretch, Stretch]] = []
    async with standing(contender, plan) as (load, bot, _):
        await _take(load, bot, _WARM_UP, before=0)
        while not stretches or stretches[-1].answered < dose.updates:
            before = stretches[-1].answered if stretches else 0
            stretches.append(await _take(load, bot, dose.stretch, before=before))
            tell(stretches[-1])
        aged = stretches[-1]
        for _ in range(dose.rounds):
            fresh = await _fresh(contender, plan, dose.stretch)
            aged = await _take(load, bot, dose.stretch, before=aged.answered)
            turns.append((aged, fresh))
            tell(fresh)
            tell(aged)
        rows = await asyncio.to_thread(_rows, bot.folder)
    return Endured(stretches=tuple(stretches), turns=tuple(turns), rows=rows)


async def _fresh(contender: Contender, plan: Plan, updates: int) -> Stretch:
    """The first updates of another process on an empty store."""
    async with standing(contender, plan) as (load, bot, _):
        await _take(load, bot, _WARM_UP, before=0)
        return await _take(load, bot, updates, before=0)


async def _take(load: Load, bot: Running, updates: int, *, before: int) -> Stretch:
    cpu_s = bot.watched.cpu_s() or 0.0
    async with load.connected():
        tally = await load.run(seconds=_STRETCH_LIMIT_S, most=updates)
    if (tally.completed, tally.extra) != (updates, 0):
        raise Lost(f"of {updates} updates after {before} {tally.completed} were answered, {tally.extra} twice")
    return Stretch(
        answered=before + updates,
        completed_per_s=tally.completed / tally.elapsed_s,
        cpu_us=((bot.watched.cpu_s() or 0.0) - cpu_s) / updates * 1e6,
        memory_mib=bot.watched.memory_mib() or 0.0,
        files_mib={path.name: path.stat().st_size / 2**20 for path in bot.folder.iterdir() if path.is_file()},
    )


def _rows(folder: Path) -> dict[str, int]:
    """How many rows each table holds."""
    store = folder / "bench.sqlite"
    if not store.exists():
        return {}
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608 - our own tables
    finally:
        connection.close()


FULL = Dose(updates=1_000_000, users=100_000, stretch=10_000, rounds=5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when it grew, became slow or lost an update."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.endurance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--updates", type=int, default=FULL.updates)
    parser.add_argument("--users", type=int, default=FULL.users, help="private chats that take turns")
    parser.add_argument("--stretch", type=int, default=FULL.stretch, help="updates that are measured together")
    parser.add_argument("--rounds", type=int, default=FULL.rounds, help="turns beside a fresh service at the end")
    parser.add_argument("--store", default="sqlite", choices=("sqlite", "json"))
    parser.add_argument("--json", type=Path, default=BUILD / "endurance.json", help="where the numbers go")
    asked = parser.parse_args(arguments)
    names = ("updates", "users", "stretch", "rounds", "store")
    dose = replace(FULL, **{name: getattr(asked, name) for name in names})
    started_s = time.monotonic()
    try:
        endured = run(endure(dose, tell=_say))
    except (Lost, DidNotStart) as error:
        _say(error)
        return 1
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_bytes(orjson.dumps(asdict(endured), option=orjson.OPT_INDENT_2))
    took_s = time.monotonic() - started_s
    _say(f"\n{dose.updates:,} updates of {dose.users:,} users, each answered once, in {took_s:.0f} s")
    _say(f"rows: {', '.join(f'{name} {number:,}' for name, number in endured.rows.items() if number)}")
    _say(f"memory: {endured.growth:.2f} times what it was after a tenth (at most {MOST_GROWTH})")
    if endured.speed is None:
        return int(endured.growth > MOST_GROWTH)
    _say(
        f"speed: {endured.speed:.2f} times that of a fresh service, turn by turn (at least {LEAST_SPEED}); "
        f"{endured.thrift:.2f} times the updates in the same CPU time"
    )
    return int(endured.growth > MOST_GROWTH or endured.speed < LEAST_SPEED)


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
