"""What a greeting and a purchase cost in allocations and instructions: `python -m tests.bench.cost`.

Counts, unlike times, are the same on a busy machine: the guard of CI, which compares them with what was recorded. The
service is the real one, in a process of its own; updates come one at a time, so that none waits for another. Of several
batches the least counts: now and then the service does something beside them, the more often the slower the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from tests.bench.contender import Contender, Running, run
from tests.bench.load import Load
from tests.bench.purchases import furnish, opened_shop, shop_on
from tests.bench.turn import Plan, standing
from tests.bench.updates import BUILD, service

RECORD = Path(__file__).with_name("cost.json")
#: How many times what was recorded an update may cost.
GROWTH = 1.1
ALLOCATIONS = "allocations"
INSTRUCTIONS = "instructions"
_COUNT = Path("count")
_CALLGRIND = Path("callgrind.out")
_UNDER = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "-q", f"--callgrind-out-file={_CALLGRIND}")
_WHOLE = re.compile(rb"^(\d+)$")
#: In a dump: the instructions since the counts were set to nought.
_TOTALS = re.compile(rb"^totals: (\d+)", re.MULTILINE)
#: Until sessions are in memory and every path was gone once.
_WARM_UP = 60
_CHATS = 20
#: A busy machine may take this long; nothing else does.
_PATIENCE_S = 180.0
_LOOK_EVERY_S = 0.02
#: What an update leaves to be done later (marks, log lines) is done by then.
_SETTLED_S = 0.1
#: As it is served, with hashes that do not change. No trace is exported: which of them are is chance.
_FIXED = {"PYTHONHASHSEED": "0", "OTEL_TRACES_SAMPLER_ARG": "0"}
#: Each buys once: as many as are counted, and more.
_BUYERS = 400
_PLAN = Plan(seconds=_PATIENCE_S, warm_up_s=0, connections=1, window=1, chats=_CHATS, folder=BUILD)

#: Stands where a tool that counts goes around a contender.
Change = Callable[[Contender], Contender]
#: A load for a contender that is ready, and its process.
Stand = AbstractAsyncContextManager[tuple[Load, Running]]


@dataclass(frozen=True, slots=True)
class Act:
    """What is counted, one at a time."""

    #: As a verdict says it.
    name: str
    stand: Callable[[Change], Stand]

    def of(self, count: str) -> str:
        """Under which name a count of it is recorded."""
        return f"{count} of {self.name}"


def greeting_of(contender: Contender, plan: Plan = _PLAN) -> Act:
    """A contender that is greeted."""

    @asynccontextmanager
    async def stand(change: Change) -> AsyncIterator[tuple[Load, Running]]:
        async with standing(change(fixed(contender)), plan) as (load, bot, _):
            yield load, bot

    return Act("a greeting", stand)


@asynccontextmanager
async def _selling(change: Change) -> AsyncIterator[tuple[Load, Running]]:
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="cost-") as name:
        url = f"sqlite:{name}/store"
        await furnish(url, _BUYERS)
        shop = opened_shop(change(fixed(shop_on(url))), folder=Path(name), window=1, connections=1)
        async with shop as (taps, bot):
            yield taps.load, bot


#: "hello" in a private chat, answered by the menu.
GREETING = greeting_of(service("sqlite"))
#: From the tap on confirm to the delivered picture.
PURCHASE = Act("a purchase", _selling)
ACTS = (GREETING, PURCHASE)


class NotCounted(Exception):
    """A tool did not count. The text says which and how far it came."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One count beside what was recorded for it."""

    name: str
    measured: int
    #: None where nothing was recorded for such a Python.
    recorded: int | None

    @property
    def holds(self) -> bool:
        """Whether it has not grown by too much."""
        return self.recorded is None or self.measured <= self.recorded * GROWTH

    def __str__(self) -> str:
        if self.recorded is None:
            return f"{self.name}: {self.measured:,}; nothing is recorded for this Python"
        ratio = self.measured / self.recorded
        said = f"{self.name}: {self.measured:,}, {ratio:.2f}x the recorded {self.recorded:,}"
        return said if self.holds else f"{said}: more than {GROWTH:.1f}x. Make it cheaper, or say why and --record it"


async def allocations(act: Act, batches: int = 9, updates: int = 25) -> int:
    """How many blocks of memory one of an act asks for. Raises NotCounted, DidNotStart."""
    counts = []
    async with warm(act, _counted) as (load, bot):
        for _ in range(batches):
            bot.process.send_signal(signal.SIGUSR1)
            await asyncio.sleep(_SETTLED_S)
            await complete(load, updates)
            bot.process.send_signal(signal.SIGUSR2)
            counts.append(await _count_in(bot.folder / _COUNT, _WHOLE))
    return round(min(counts) / updates)


async def instructions(act: Act) -> int:
    """How many instructions one of an act takes, the kernel's apart. Raises NotCounted, DidNotStart."""
    async with warm(act, under_callgrind) as (load, bot):
        callgrind = Callgrind(bot)
        await callgrind.begin()
        found = await callgrind.count(load)
        bot.process.kill()  # under valgrind a stop in order takes seconds
    return found


def under_callgrind(contender: Contender) -> Contender:
    """The contender, where its instructions can be counted."""
    return replace(contender, under=_UNDER)


class Callgrind:
    """Counts the instructions of a process that runs under it."""

    def __init__(self, bot: Running) -> None:
        self._bot = bot
        self._dumps = 0

    async def begin(self) -> None:
        """Count from now on: until then it ran faster."""
        await _control(self._bot, "-i", "on")

    async def count(self, load: Load, *, batches: int = 6, updates: int = 8) -> int:
        """How many instructions an update takes. Raises NotCounted."""
        await complete(load, updates)
        return round(min([await self._during(complete(load, updates)) for _ in range(batches)]) / updates)

    async def _during(self, work: Coroutine[None, None, None]) -> int:
        """The instructions while something happens."""
        await _control(self._bot, "-z")
        await work
        await _control(self._bot, "-d")
        self._dumps += 1
        return await _count_in(self._bot.folder / f"{_CALLGRIND}.{self._dumps}", _TOTALS)


def fixed(contender: Contender) -> Contender:
    """The contender without what is chance."""
    return replace(contender, variables={**contender.variables, **_FIXED})


def _counted(contender: Contender) -> Contender:
    return replace(contender, arguments=("-m", "tests.bench.counter", str(_COUNT), *contender.arguments[1:]))


@asynccontextmanager
async def warm(act: Act, change: Change) -> AsyncIterator[tuple[Load, Running]]:
    """Stand an act, and go every path of it once and more."""
    async with act.stand(change) as (load, bot):
        await complete(load, _WARM_UP)
        yield load, bot


async def complete(load: Load, updates: int) -> None:
    """Have updates completed, and what they leave to be done later. Raises NotCounted."""
    # Connected anew each time: the service closes connections that rest for seconds.
    async with load.connected():
        tally = await load.run(seconds=_PATIENCE_S, most=updates)
    if tally.completed != updates or tally.extra:
        raise NotCounted(f"{tally.completed} of {updates} updates were completed, {tally.extra} messages too many")
    await asyncio.sleep(_SETTLED_S)


async def _count_in(path: Path, pattern: re.Pattern[bytes]) -> int:
    """Wait for a file that holds a count; it is gone afterwards."""
    async with asyncio.timeout(_PATIENCE_S):
        while (count := _read(path, pattern)) is None:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(_LOOK_EVERY_S)
    return count


def _read(path: Path, pattern: re.Pattern[bytes]) -> int | None:
    found = pattern.search(path.read_bytes()) if path.exists() else None
    if found is None:
        return None
    path.unlink()
    return int(found[1])


async def _control(bot: Running, *what: str) -> None:
    # It finds the process by a name that valgrind made of HOST, which the contender was told.
    told = {name: value for name, value in os.environ.items() if name in {"PATH", "TMPDIR"}} | {"HOST": "127.0.0.1"}
    pid = str(bot.process.pid)
    control = await asyncio.create_subprocess_exec(
        *("callgrind_control", *what, pid),
        env=told,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await control.communicate()
    if control.returncode or b"OK" not in said:
        raise NotCounted(f"callgrind_control {' '.join(what)} said: {said.decode(errors='replace')}")


def keys() -> dict[str, str]:
    """Under which name each count is recorded: allocations are Python's, instructions also the compiler's."""
    python = ".".join(platform.python_version_tuple()[:2])
    build = (
        f"{platform.python_version()} {platform.python_compiler()} {platform.python_build()[1]} {platform.machine()}"
    )
    return {ALLOCATIONS: python, INSTRUCTIONS: build}


def _key(name: str, keys: Mapping[str, str]) -> str:
    return keys[name.partition(" ")[0]]


def recorded(path: Path = RECORD) -> dict[str, dict[str, int]]:
    """What was recorded, by count and Python."""
    known: dict[str, dict[str, int]] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return known


def verdicts(measured: Mapping[str, int], path: Path = RECORD) -> list[Verdict]:
    """Each count beside what was recorded for it."""
    known, key = recorded(path), keys()
    return [Verdict(name, count, known.get(name, {}).get(_key(name, key))) for name, count in measured.items()]


def record(measured: Mapping[str, int], path: Path = RECORD) -> None:
    """Write what was measured over what was recorded; what other Pythons cost stays."""
    known, key = recorded(path), keys()
    for name, count in measured.items():
        known.setdefault(name, {})[_key(name, key)] = count
    path.write_bytes(orjson.dumps(known, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))


def can_count_instructions() -> bool:
    """Whether valgrind is here."""
    return all(map(shutil.which, ("valgrind", "callgrind_control")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and compare; 1 when an update costs too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cost", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write what is measured to cost.json")
    parser.add_argument("--only", choices=(ALLOCATIONS, INSTRUCTIONS), help="one of the counts")
    asked = parser.parse_args(arguments)
    measured = {}
    counters = {ALLOCATIONS: allocations, INSTRUCTIONS: instructions}
    if not can_count_instructions():
        sys.stdout.write("instructions: not counted, there is no valgrind here\n")
        del counters[INSTRUCTIONS]
    for name, count in counters.items():
        if asked.only in {None, name}:
            measured |= {act.of(name): run(count(act)) for act in ACTS}
    found = verdicts(measured)
    sys.stdout.writelines(f"{verdict}\n" for verdict in found)
    if asked.record:
        record(measured)
        return 0
    return int(not all(verdict.holds for verdict in found))


if __name__ == "__main__":
    sys.exit(main())
