"""One turn under the exact generator, which matches every message with its update: what was lost, how late all was."""

import contextlib
import gc
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.bot_api import BotApi
from tests.bench.contender import SECRET, Contender, Running, environment, free_port, housed, running, until_answering
from tests.bench.load import Load, Tally, Target
from tests.bench.watched import Watched
from tests.postgres_server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how hard."""

    seconds: float
    warm_up_s: float
    connections: int
    window: int
    #: Users, each in a private chat, that take turns.
    chats: int = 500
    #: Where contenders that ask for it get a new database; None where none does.
    server: Server | None = None
    #: Where stores and outputs go for the time of a turn: on a disk, or fsync costs nothing.
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a turn measured. An update is completed when its sendMessage has reached the Bot API."""

    completed_per_s: float
    posted: int
    accepted: int
    refused: int
    completed: int
    lost: int
    extra: int
    elapsed_s: float
    start_s: float
    acknowledged_p50_ms: float
    acknowledged_p99_ms: float
    completed_p50_ms: float
    completed_p99_ms: float
    #: CPU time of the contender, all threads, an update.
    cpu_us: float | None
    memory_mib: float | None
    #: The share of one core that the generator and the Bot API took: under 1, or they were the bottleneck.
    load_share: float

    def as_json(self) -> dict[str, float | None]:
        """The numbers by name, rounded."""
        return {name: value if value is None else round(value, 3) for name, value in asdict(self).items()}


class _Watch:
    """CPU times, before and after."""

    def __init__(self, process: Watched) -> None:
        self._process = process
        self._cpu_s = process.cpu_s()
        self._own_s = time.process_time()
        self._at_s = time.perf_counter()

    def cpu_us(self, updates: int) -> float | None:
        now_s = self._process.cpu_s()
        return None if now_s is None or self._cpu_s is None else (now_s - self._cpu_s) / max(updates, 1) * 1e6

    def load_share(self) -> float:
        return (time.process_time() - self._own_s) / (time.perf_counter() - self._at_s)


async def take_turn(contender: Contender, plan: Plan) -> Numbers:
    """Run a contender and measure it."""
    async with standing(contender, plan) as (load, bot, start_s), load.connected():
        await load.run(seconds=plan.warm_up_s)
        gc.collect()
        watch = _Watch(bot.watched)
        tally = await load.run(seconds=plan.seconds)
        return _numbers(tally, watch, start_s=start_s, memory_mib=bot.watched.memory_mib())


@contextlib.asynccontextmanager
async def standing(contender: Contender, plan: Plan) -> AsyncIterator[tuple[Load, Running, float]]:
    """A contender that answers, with a load for it and the seconds that its start took."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    load = Load(
        Target(
            port=port,
            secret=SECRET,
            connections=plan.connections,
            window=plan.window,
            chats=plan.chats,
            answers=contender.answers,
        )
    )
    with tempfile.TemporaryDirectory(dir=plan.folder, prefix="turn-") as name:
        folder = Path(name)
        async with (
            BotApi(load.completed).listening() as api_base_url,
            housed(contender, plan.server) as ready,
            running(ready, environment(port, api_base_url), folder=folder) as bot,
        ):
            yield load, bot, await until_answering(bot, load.answered_one)


def _numbers(tally: Tally, watch: _Watch, *, start_s: float, memory_mib: float | None) -> Numbers:
    return Numbers(
        completed_per_s=tally.completed / tally.elapsed_s if tally.elapsed_s else 0.0,
        posted=tally.posted,
        accepted=tally.accepted,
        refused=tally.refused,
        completed=tally.completed,
        lost=tally.accepted - tally.completed,
        extra=tally.extra,
        elapsed_s=tally.elapsed_s,
        start_s=start_s,
        acknowledged_p50_ms=percentile(tally.acknowledged_ms, 50),
        acknowledged_p99_ms=percentile(tally.acknowledged_ms, 99),
        completed_p50_ms=percentile(tally.completed_ms, 50),
        completed_p99_ms=percentile(tally.completed_ms, 99),
        cpu_us=watch.cpu_us(tally.completed),
        memory_mib=memory_mib,
        load_share=watch.load_share(),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def fsync_ms(folder: Path, *, times: int = 50) -> float:
    """The median time of a 4 KiB append with fsync there: what durability costs at the least."""
    folder.mkdir(parents=True, exist_ok=True)
    took_ms = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            started_s = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter() - started_s) * 1000)
    return percentile(took_ms, 50)
