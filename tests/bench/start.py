"""How soon a command is there: `python -m tests.bench.start`.

`botflight check` from its start to its end, and `botflight serve` on an empty store from its start until /readyz says
200, the Bot API beside it answering at once. Warm, and cold: what the interpreter reads is thrown out of the memory
before. Wall-clock times hold the waits for a processor that others use; the CPU time is the command's own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import orjson
from tests.bench.bot_api import BotApi
from tests.bench.contender import Contender, environment, free_port, housed, run, running
from tests.bench.turn import Server
from tests.bench.updates import BUILD, server_for, service

#: Wall-clock, warm.
CHECK_GOAL_S = 0.8
READY_GOAL_S = 1.5
_LOOK_EVERY_S = 0.005
_LIMIT_S = 30.0
_CHECK = Contender(name="check", arguments=("-m", "botflight_service", "check"))


class NotReady(Exception):
    """The service ended, or did not become ready in time."""


@dataclass(frozen=True, slots=True)
class Took:
    """One start."""

    wall_s: float
    cpu_s: float


async def check(folder: Path) -> Took:
    """Run `check` on a store that is not there yet."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.perf_counter()
    async with running(_CHECK, environment(free_port(), "http://127.0.0.1:9"), folder=folder) as bot:
        await bot.process.wait()
        wall_s = time.perf_counter() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if bot.process.returncode:
        raise NotReady((folder / "output").read_text())
    return Took(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


async def ready(contender: Contender, folder: Path) -> Took:
    """Run `serve` until it is ready, on a store that is not there yet."""
    port = free_port()
    async with BotApi(lambda _: None).listening() as url:
        began_s = time.perf_counter()
        async with running(contender, environment(port, url), folder=folder) as bot:
            while not await _says_ready(port):
                if bot.process.returncode is not None or time.perf_counter() - began_s > _LIMIT_S:
                    raise NotReady((folder / "output").read_text())
                await asyncio.sleep(_LOOK_EVERY_S)
            return Took(time.perf_counter() - began_s, bot.watched.cpu_s() or 0.0)


async def _says_ready(port: int) -> bool:
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        head = await reader.readline()
        writer.close()
        return b" 200 " in head
    return False


def forget_files() -> None:
    """Have the system read what the interpreter loads from the disk again: what no other process has mapped."""
    roots = {Path(sys.prefix), Path(sys.base_prefix), *(Path(folder) for folder in sys.path if folder)}
    for root in roots:
        for path in root.rglob("*"):
            if path.suffix in {".py", ".pyc", ".so"} and path.is_file():
                handle = os.open(path, os.O_RDONLY)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)


async def measure(server: Server | None, stores: Sequence[str], *, runs: int, cold_runs: int) -> dict[str, list[Took]]:
    """Take turns."""
    found: dict[str, list[Took]] = {}
    for turn in range(-1, runs + cold_runs):
        cold = turn >= runs
        for name, start in _starts(server, stores).items():
            if cold:
                await asyncio.to_thread(forget_files)
            took = await start()
            # The first of all writes bytecode and fills the memory.
            if turn >= 0:
                found.setdefault(f"{name}, cold" if cold else name, []).append(took)
    return found


def _starts(server: Server | None, stores: Sequence[str]) -> Mapping[str, Callable[[], Awaitable[Took]]]:
    @contextlib.asynccontextmanager
    async def housing(store: str) -> AsyncIterator[tuple[Contender, Path]]:
        with tempfile.TemporaryDirectory(dir=BUILD, prefix="start-") as folder:
            async with housed(service(store), server) as contender:
                yield contender, Path(folder)

    async def checked() -> Took:
        async with housing("sqlite") as (_, folder):
            return await check(folder)

    async def served(store: str) -> Took:
        async with housing(store) as (contender, folder):
            return await ready(contender, folder)

    return {"check": checked} | {f"ready on {store}": (lambda store=store: served(store)) for store in stores}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a warm start took longer than the goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.start", description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--cold-runs", type=int, default=3)
    parser.add_argument("--store", action="append", help="sqlite, postgresql or json; may be given several times")
    parser.add_argument("--json", type=Path, default=BUILD / "start.json", help="where the numbers go")
    asked = parser.parse_args(arguments)
    BUILD.mkdir(parents=True, exist_ok=True)
    stores = asked.store or ["sqlite", "postgresql", "json"]
    with server_for(stores, BUILD) as server:
        found = run(measure(server, stores, runs=asked.runs, cold_runs=asked.cold_runs))
    for name, times in found.items():
        walls = [one.wall_s for one in times]
        sys.stdout.write(
            f"{name:26} {median(walls):5.2f} s ({min(walls):.2f}-{max(walls):.2f}), "
            f"{median(one.cpu_s for one in times):.2f} s of CPU\n"
        )
    asked.json.write_bytes(
        orjson.dumps(
            {name: [asdict(one) for one in times] for name, times in found.items()}, option=orjson.OPT_INDENT_2
        )
    )
    goals = {name: CHECK_GOAL_S if name == "check" else READY_GOAL_S for name in found if "cold" not in name}
    return int(any(median(one.wall_s for one in found[name]) > goal_s for name, goal_s in goals.items()))


if __name__ == "__main__":
    sys.exit(main())
