"""Two processes on one PostgreSQL beside one: `python -m tests.bench.replicas`.

The generator spreads updates over the processes as a balancer does, whoever has the chat. How much faster two are shows
only where there are cores for them, for the server and for the load. So the CPU time that an update takes of each is
measured too: from that follows what two would reach with a core for each.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import orjson
import psutil
from tests.bench.bot_api import BotApi
from tests.bench.contender import SECRET, environment, free_port, housed, run, running, until_answering
from tests.bench.load import Load, Target
from tests.bench.updates import BUILD, service
from tests.postgres_server import OwnServer, mistreated_server

GOAL = 1.6
#: Far from the updates that are measured.
_FIRST_GREETING = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What one turn measured; CPU times are microseconds an update."""

    replicas: int
    completed_per_s: float
    lost: int
    extra: int
    #: Of all processes of the service together.
    service_us: float
    #: Of the processes of PostgreSQL.
    server_us: float
    #: Of the generator with the Bot API.
    load_us: float

    def __str__(self) -> str:
        return (
            f"{self.replicas}: {self.completed_per_s:,.0f}/s; an update takes {self.service_us:,.0f} us of CPU in the "
            f"service, {self.server_us:,.0f} in the server, {self.load_us:,.0f} in the load; "
            f"lost {self.lost}, extra {self.extra}"
        )


async def take_turn(replicas: int, server: OwnServer, *, seconds: float, window: int) -> Numbers:
    """Run so many processes on a new database and measure them."""
    ports = [free_port() for _ in range(replicas)]
    load = Load(Target(port=ports[0], others=tuple(ports[1:]), secret=SECRET, window=window))
    greetings = [
        Load(Target(port=port, secret=SECRET, first=_FIRST_GREETING * (at + 1))) for at, port in enumerate(ports)
    ]

    def completed(chat_id: int) -> None:
        (next((one for one in greetings if one.waits_for(chat_id)), load)).completed(chat_id)

    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD, prefix="replicas-")))
        url = await stack.enter_async_context(BotApi(completed).listening())
        contender = await stack.enter_async_context(housed(service("postgresql"), server))
        bots = []
        for port, greeting in zip(ports, greetings, strict=True):
            (own := folder / str(port)).mkdir()
            bot = await stack.enter_async_context(running(contender, environment(port, url), folder=own))
            await until_answering(bot, greeting.answered_one)
            bots.append(bot.watched)
        await stack.enter_async_context(load.connected())
        await load.run(seconds=seconds / 3)
        before = [bot.cpu_s() or 0.0 for bot in bots], _cpu_s(server), time.process_time()
        tally = await load.run(seconds=seconds)
        after = [bot.cpu_s() or 0.0 for bot in bots], _cpu_s(server), time.process_time()
    us = 1e6 / max(tally.completed, 1)
    return Numbers(
        replicas=replicas,
        completed_per_s=tally.completed / tally.elapsed_s,
        lost=tally.accepted - tally.completed,
        extra=tally.extra,
        service_us=(sum(after[0]) - sum(before[0])) * us,
        server_us=(after[1] - before[1]) * us,
        load_us=(after[2] - before[2]) * us,
    )


def _cpu_s(server: OwnServer) -> float:
    """CPU time of the server's processes that live."""
    postmaster = psutil.Process(server.handle.get_pid())
    total = 0.0
    for process in (postmaster, *postmaster.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


async def measure(server: OwnServer, *, rounds: int, seconds: float, window: int) -> list[tuple[Numbers, Numbers]]:
    """One, two, one, two, ..."""
    found = []
    for _ in range(rounds):
        one = await take_turn(1, server, seconds=seconds, window=window)
        two = await take_turn(2, server, seconds=seconds, window=window)
        sys.stdout.write(f"{one}\n{two}\n")
        sys.stdout.flush()
        found.append((one, two))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when an update was lost or answered twice, however fast it was."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replicas", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--window", type=int, default=400)
    parser.add_argument("--json", type=Path, default=BUILD / "replicas.json", help="where the numbers go")
    asked = parser.parse_args(arguments)
    BUILD.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=BUILD, prefix="postgresql-") as name,
        mistreated_server(Path(name) / "data") as server,
    ):
        found = run(measure(server, rounds=asked.rounds, seconds=asked.seconds, window=asked.window))
    ratio = median(two.completed_per_s / one.completed_per_s for one, two in found)
    apart = median(2 * one.service_us / two.service_us for one, two in found)
    busy = median((two.service_us + two.server_us + two.load_us) * two.completed_per_s / 1e6 for _, two in found)
    sys.stdout.write(
        f"\ntwo complete {ratio:.2f} times what one does on {os.cpu_count()} cores, of which they, the server and the "
        f"load kept {busy:.1f} busy;\nby CPU time {apart:.2f} times with a core for each of them (goal {GOAL})\n"
    )
    asked.json.write_bytes(orjson.dumps([[asdict(one), asdict(two)] for one, two in found], option=orjson.OPT_INDENT_2))
    return int(any(turn.lost or turn.extra for pair in found for turn in pair))


if __name__ == "__main__":
    sys.exit(main())
