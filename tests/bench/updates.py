"""Completed updates a second, the service beside its peers: `python -m tests.bench.updates`."""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
from tests.bench.contender import API_BASE_URL, ROOT, Contender, DidNotStart, run
from tests.bench.report import as_json, table
from tests.bench.turn import Numbers, Plan, fsync_ms, in_turns

BUILD = ROOT / "build" / "bench"
SERVICE = "botflight"
#: A tenth of the traces is exported, to the stand-in too, which takes everything that is posted to it.
_SERVICE_VARIABLES = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": API_BASE_URL,
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.1",
}

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


def service(store: str) -> Contender:
    """The service on a store: `sqlite` or `json` (made anew for every turn), or a URL."""
    urls = {"sqlite": "sqlite:bench.sqlite", "json": "json:bench-store"}
    return Contender(
        name=f"{SERVICE} on {store.partition(':')[0]}",
        arguments=("-m", "botflight_service", "serve"),
        variables={**_SERVICE_VARIABLES, "DATABASE_URL": urls.get(store, store)},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when an update was lost."""
    asked = _parser().parse_args(arguments)
    services = [service(store) for store in asked.store or ["sqlite"]]
    peers = [*PEERS, PTB_CONCURRENT] if asked.concurrent else PEERS
    chosen = [each for each in (BARE, *peers, *services) if not asked.only or any(w in each.name for w in asked.only)]
    contenders = [contender for contender in chosen if _can_run(contender)]
    plan = Plan(
        seconds=asked.seconds,
        warm_up_s=asked.warm_up,
        connections=asked.connections,
        window=asked.window,
        folder=asked.folder,
    )
    try:
        turns = run(_measure(contenders, plan, asked.rounds))
    except DidNotStart as error:
        _say(str(error))
        return 1
    ours, theirs = [contender.name for contender in services], [contender.name for contender in peers]
    fsync = fsync_ms(plan.folder)
    _say(f"\n{asked.rounds} rounds of {asked.seconds:g} s, {plan.connections} connections, fsync {fsync:.2f} ms\n")
    _say(table(turns, ours=ours, peers=theirs))
    settings = {**vars(asked), "folder": str(asked.folder), "json": str(asked.json), "fsync_ms": round(fsync, 3)}
    _write(asked.json, as_json(turns, settings=settings, ours=ours, peers=theirs))
    return int(any(turn.lost or turn.extra for name in ours for turn in turns.get(name, [])))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.updates",
        description="Completed updates a second over loopback: the service beside python-telegram-bot and aiogram.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=5, help="how long a turn posts updates")
    parser.add_argument("--rounds", type=int, default=5, help="how many turns each contender takes")
    parser.add_argument("--warm-up", type=float, default=1.5, help="seconds of posting before it counts")
    parser.add_argument("--connections", type=int, default=40, help="kept-alive connections; Telegram's default is 40")
    parser.add_argument("--window", type=int, default=400, help="updates that may wait for their answer at once")
    parser.add_argument(
        "--store", action="append", default=None, help="sqlite, json or a URL; may be given several times"
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


async def _measure(contenders: Sequence[Contender], plan: Plan, rounds: int) -> dict[str, list[Numbers]]:
    turns: dict[str, list[Numbers]] = {contender.name: [] for contender in contenders}
    async for name, numbers in in_turns(contenders, plan, rounds):
        turns[name].append(numbers)
        _say(f"{name}: {numbers.completed_per_s:,.0f}/s")
    return turns


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    sys.exit(main())
