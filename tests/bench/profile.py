"""Where a contender's time goes under load: `python -m tests.bench.profile`."""

import argparse
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from tests.bench.contender import Contender, Running, run
from tests.bench.load import Load
from tests.bench.purchases import furnish, opened_shop, shop_on
from tests.bench.turn import Plan, standing
from tests.bench.updates import BUILD, PEERS, STORES, server_for, service

MAIN = "MainThread"
#: What runs the event loop: frames outside of it are in every stack and tell nothing.
LOOP = ":Runner.run"
#: Own time of a thread that waits for work.
_WAITING = (":_worker", ":wait", ":Queue.get", ":Condition.wait", ":Event.wait", ":Condition.__enter__")


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of a thread, outermost first, and how often it was met."""

    thread: str
    frames: tuple[str, ...]
    times: int

    @classmethod
    def parse(cls, line: str) -> "Stack":
        """Read a line of what the sampler wrote."""
        path, _, times = line.rpartition(" ")
        thread, *frames = path.split(";")
        inside = max((at for at, frame in enumerate(frames) if frame.endswith(LOOP)), default=0)
        return cls(thread, tuple(frames[inside:]), int(times))


async def sample(contender: Contender, plan: Plan, out: Path) -> int:
    """Have a contender sampled under load into `out`; how many updates it completed meanwhile."""
    async with standing(_sampled(contender, out), plan) as (load, bot, _), load.connected():
        await load.run(seconds=plan.warm_up_s)
        return await _while_sampled(bot, load, seconds=plan.seconds)


async def sample_purchases(url: str, plan: Plan, out: Path, *, taps: int = 4_000) -> int:
    """Likewise while users buy; how many did."""
    await furnish(url, taps)
    with tempfile.TemporaryDirectory(dir=plan.folder, prefix="profile-") as folder:
        shop = opened_shop(_sampled(shop_on(url), out), folder=Path(folder), window=64)
        async with shop as (buyers, bot), buyers.load.connected():
            await buyers.load.run(seconds=60, most=taps // 10)
            return await _while_sampled(bot, buyers.load, seconds=plan.seconds, most=taps - taps // 10)


def _sampled(contender: Contender, out: Path) -> Contender:
    _, *module = contender.arguments
    return replace(contender, arguments=("-m", "tests.bench.sampler", str(out), *module))


async def _while_sampled(bot: Running, load: Load, *, seconds: float, most: int = 10_000_000) -> int:
    bot.process.send_signal(signal.SIGUSR1)
    tally = await load.run(seconds=seconds, most=most)
    bot.process.send_signal(signal.SIGUSR2)
    return tally.completed


def page(stacks: Sequence[Stack], *, cpu_s: Mapping[str, float], updates: int, seconds: float, top: int) -> str:
    """The tables: CPU time by thread; the main thread by package, by function, by own time; then other threads."""
    us = seconds / max(updates, 1) * 1e6
    main = [stack for stack in stacks if stack.thread == MAIN]
    others = [stack for stack in stacks if stack.thread != MAIN and not stack.frames[-1].endswith(_WAITING)]
    samples = sum(stack.times for stack in main)

    def rows(title: str, stacks: Iterable[Stack], names: Callable[[Stack], Iterable[str]]) -> list[str]:
        counted = Counter[str]()
        for stack in stacks:
            for name in set(names(stack)):
                counted[name] += stack.times
        lines = [f"{us * n / samples:9.1f} {n / samples:6.1%}  {name}" for name, n in counted.most_common(top)]
        return ["", title, *lines]

    return "\n".join(
        [
            f"{updates} updates, one in {us:.0f} us; {samples} samples of the main thread, with waits for the GIL",
            f"{'us/update':>9} {'share':>6}",
            "",
            "threads, CPU time",
            *(
                f"{took_s / max(updates, 1) * 1e6:9.1f} {took_s / seconds:6.1%}  {name}"
                for name, took_s in sorted(cpu_s.items(), key=lambda item: -item[1])
            ),
            *rows("packages, own time", main, lambda stack: [_package(stack.frames[-1])]),
            *rows("functions, with what they call", main, lambda stack: stack.frames),
            *rows("functions, own time", main, lambda stack: stack.frames[-1:]),
            *rows("other threads, own time", others, lambda stack: [f"{stack.thread}  {stack.frames[-1]}"]),
        ]
    )


def _package(frame: str) -> str:
    """`botflight_service.bot` of our own, the first name of others."""
    module = frame.partition(":")[0]
    if module.startswith("<"):
        return module
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0].startswith("botflight") else parts[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Sample and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--top", type=int, default=40, help="rows of each table")
    parser.add_argument("--store", default="sqlite", choices=STORES)
    parser.add_argument("--peer", help="sample a peer instead: a word of its name")
    parser.add_argument("--purchases", action="store_true", help="users buy, instead of saying hello")
    parser.add_argument("--window", type=int, default=400)
    parser.add_argument("--out", type=Path, default=BUILD / "profile.collapsed", help="the stacks, for a flame graph")
    asked = parser.parse_args(arguments)
    out = asked.out.absolute()
    contender = next((peer for peer in PEERS if asked.peer and asked.peer in peer.name), service(asked.store))
    BUILD.mkdir(parents=True, exist_ok=True)
    with server_for([asked.store], BUILD) as server, tempfile.TemporaryDirectory(dir=BUILD) as folder:
        plan = Plan(
            seconds=asked.seconds, warm_up_s=1.5, connections=40, window=asked.window, folder=BUILD, server=server
        )
        if asked.purchases:
            url = f"{asked.store}:{folder}/store" if server is None else server.url_of("botflight_template")
            updates = run(sample_purchases(url, plan, out))
        else:
            updates = run(sample(contender, plan, out))
    stacks = [Stack.parse(line) for line in asked.out.read_text().splitlines()]
    cpu_s = orjson.loads(asked.out.with_suffix(".threads").read_bytes())
    text = page(stacks, cpu_s=cpu_s, updates=updates, seconds=asked.seconds, top=asked.top)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
