"""Completed updates a second, the service beside its peers: `python -m tests.bench.updates`."""

import argparse
import asyncio
import contextlib
import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from tests.bench import throughput, turn
from tests.bench.contender import API_BASE_URL, NEW_DATABASE, ROOT, Contender, DidNotStart, run
from tests.bench.nginx import NoNginx
from tests.bench.report import as_json, exactly, table
from tests.bench.turn import Plan, fsync_ms
from tests.bench.wrk import NoWrk
from tests.postgres_server import Server, mistreated_server

BUILD = ROOT / "build" / "bench"
SERVICE = "botflight"
STORES = ("sqlite", "postgresql", "json")
#: A tenth of the traces is exported, to the stand-in too, which takes everything that is posted to it.
_SERVICE_VARIABLES = {
    # Nobody taps four times a second for minutes: the limit counts here, and refuses nothing.
    "USER_UPDATES_PER_MINUTE": "1000000",
    "USER_UPDATES_AT_ONCE": "1000000",
    "OTEL_EXPORTER_OTLP_ENDPOINT": API_BASE_URL,
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.1",
}
#: Between turns, for the machine to write what the last one left.
_BETWEEN_S = 0.2

BARE = Contender(name="bare ASGI, 200 only (the ceiling)", arguments=("-m", "tests.bench.peers.bare"), answers=False)
PTB = Contender(name="python-telegram-bot", arguments=("-m", "tests.bench.peers.ptb"), needs="tornado")
#: Slower than one at a time where the Bot API answers at once, so only on demand: httpx under many requests in flight.
PTB_CONCURRENT = Contender(
    name="python-telegram-bot, concurrent 256",
    arguments=("-m", "tests.bench.peers.ptb"),
    variables={"CONCURRENT_UPDATES": "256"},
    needs="tornado",
)
AIOGRAM = Contender(name="aiogram", arguments=("-m", "tests.bench.peers.aiogram"), needs="aiogram")
PEERS = (PTB, AIOGRAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """How much is measured where nothing else is asked for."""

    seconds: float
    rounds: int
    warm_up: float


FULL = Dose(seconds=5, rounds=5, warm_up=1.5)
#: Under a minute.
SHORT = Dose(seconds=2, rounds=1, warm_up=0.5)


def service(store: str) -> Contender:
    """The service on a store: sqlite, postgresql or json (made anew for every turn), or a URL."""
    urls = {"sqlite": "sqlite:bench.sqlite", "json": "json:bench-store", "postgresql": NEW_DATABASE}
    return Contender(
        name=f"{SERVICE} on {store.partition(':')[0]}",
        arguments=("-m", "botflight_service", "serve"),
        variables={**_SERVICE_VARIABLES, "DATABASE_URL": urls.get(store, store)},
    )


@contextlib.contextmanager
def server_for(stores: Sequence[str], folder: Path) -> Iterator[Server | None]:
    """A PostgreSQL of our own where one of the stores asks for it, as durable as it comes."""
    if "postgresql" not in stores:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="postgresql-") as name,
        mistreated_server(Path(name) / "data") as server,
    ):
        yield server


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when an update was lost or answered twice."""
    asked = _parser().parse_args(arguments)
    dose = SHORT if asked.short else FULL
    stores = asked.store or STORES
    services = [service(store) for store in stores]
    peers = [*PEERS, PTB_CONCURRENT] if asked.concurrent else PEERS
    chosen = [each for each in (BARE, *peers, *services) if not asked.only or any(w in each.name for w in asked.only)]
    contenders = [contender for contender in chosen if _can_run(contender)]
    ours, theirs = [contender.name for contender in services], [contender.name for contender in peers]
    rounds = asked.rounds or dose.rounds
    with server_for(stores, asked.folder) as server:
        plan = Plan(
            seconds=asked.seconds or dose.seconds,
            warm_up_s=asked.warm_up or dose.warm_up,
            connections=asked.connections,
            window=asked.window,
            folder=asked.folder,
            server=server,
        )
        try:
            turns = run(_measure(contenders, plan, rounds))
            matched = run(_match([one for one in contenders if one in services], plan))
        except (DidNotStart, NoNginx, NoWrk) as error:
            _say(str(error))
            return 1
    fsync = fsync_ms(plan.folder)
    _say(f"\n{rounds} rounds of {plan.seconds:g} s, {plan.connections} connections, fsync {fsync:.2f} ms\n")
    _say(table(turns, ours=ours, peers=theirs))
    _say(exactly(matched))
    settings = {**vars(asked), "folder": str(asked.folder), "json": str(asked.json), "fsync_ms": round(fsync, 3)}
    settings |= {"seconds": plan.seconds, "rounds": rounds, "warm_up": plan.warm_up_s}
    _write(asked.json, as_json(turns, matched, settings=settings, ours=ours, peers=theirs))
    wrong = any(one.lost or one.extra for name in ours for one in turns.get(name, []))
    return int(wrong or any(one.lost or one.extra for one in matched.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.updates",
        description="Completed updates a second over loopback: the service beside python-telegram-bot and aiogram.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--short", action="store_true", help="one short round, under a minute")
    parser.add_argument("--seconds", type=float, help=f"how long a turn posts updates ({FULL.seconds:g})")
    parser.add_argument("--rounds", type=int, help=f"how many turns each contender takes ({FULL.rounds})")
    parser.add_argument("--warm-up", type=float, help=f"seconds of posting before it counts ({FULL.warm_up:g})")
    parser.add_argument("--connections", type=int, default=40, help="kept-alive connections; Telegram's default is 40")
    parser.add_argument("--window", type=int, default=400, help="updates that may wait for their answer at once")
    parser.add_argument(
        "--store", action="append", help=f"{', '.join(STORES)} or a URL; may be given several times (the three)"
    )
    parser.add_argument("--only", action="append", metavar="WORD", help="only contenders whose name holds this word")
    parser.add_argument("--concurrent", action="store_true", help="python-telegram-bot also with concurrent_updates")
    parser.add_argument("--folder", type=Path, default=BUILD, help="a folder on a disk: stores go there")
    parser.add_argument("--json", type=Path, default=BUILD / "updates.json", help="where the numbers go")
    return parser


def _can_run(contender: Contender) -> bool:
    if contender.needs is None or importlib.util.find_spec(contender.needs) is not None:
        return True
    _say(f"left out: {contender.name} (no {contender.needs} here; the extra `bench` brings it)")
    return False


async def _measure(contenders: Sequence[Contender], plan: Plan, rounds: int) -> dict[str, list[throughput.Numbers]]:
    """Let contenders take turns under wrk: A B C, A B C, ... so that a slow minute of the machine meets all of them."""
    turns: dict[str, list[throughput.Numbers]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            turns[contender.name].append(await throughput.take_turn(contender, plan))
            _say(f"{contender.name}: {turns[contender.name][-1].completed_per_s:,.0f}/s")
            await asyncio.sleep(_BETWEEN_S)
    return turns


async def _match(contenders: Sequence[Contender], plan: Plan) -> dict[str, turn.Numbers]:
    """One turn of each under the exact generator."""
    return {contender.name: await turn.take_turn(contender, plan) for contender in contenders}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    sys.exit(main())
