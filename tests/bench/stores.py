"""How many purchases a second each store takes, what one costs as users grow, what waiting together saves.

`python -m tests.bench.stores`; a purchase here is the work of a tap on confirm: attempt, hold, session and message.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import orjson
from tests.bench.turn import fsync_ms
from tests.makings import NOW_MS, PARTNER, attempt, envelope, message, session, task, work
from tests.postgres_server import mistreated_server

from botflight_service.billing import ledger
from botflight_service.billing.money import credits
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Done, Storage
from botflight_service.storage.sql.postgres.pool import POOL_SIZE

BUILD = Path("build/bench")
CLIENTS = 64
USERS = (0, 10_000, 100_000)
#: The limits of what is claimed.
FLAT_WITHIN = 1.5
TOGETHER_AT_LEAST = 4.0
BARE_WITHIN = 2.0
#: Users that are there before the purchases have ids from here on.
_OTHERS = 1_000_000


@dataclass(slots=True)
class Shop:
    """A store to buy in."""

    name: str
    users: int
    storage: Storage
    #: How many purchases were made so far; every one has a number of its own.
    made: int = 0
    #: Purchases a second of each turn, by the number of clients.
    rates: dict[int, list[float]] = field(default_factory=dict)

    async def turn(self, *, clients: int, purchases: int) -> None:
        """Let clients buy side by side, one purchase after the other each, and note the rate."""
        numbers = range(self.made, self.made + purchases)
        self.made += purchases
        await asyncio.gather(*(self.storage.accept(envelope(number)) for number in numbers))
        started_s = time.perf_counter()
        await asyncio.gather(*(self._buy(client + 1, numbers[client::clients]) for client in range(clients)))
        self.rates.setdefault(clients, []).append(purchases / (time.perf_counter() - started_s))

    def rate(self, clients: int) -> float:
        """Purchases a second, the median of all turns."""
        return median(self.rates[clients])

    async def _buy(self, user: int, numbers: Sequence[int]) -> None:
        for number in numbers:
            one = attempt(number, user_id=user, chat_id=user, price=credits(1))
            hold = ledger.hold(partner=PARTNER, user_id=user, amount=one.price, task_id=one.task_id, at_ms=NOW_MS)
            await self.storage.commit(
                work(
                    done=Done(update_id=number, outcome="OK"),
                    session=session(number, user_id=user),
                    attempt=one,
                    transfers=(hold,),
                    messages=(message(chat_id=user),),
                )
            )


@contextlib.asynccontextmanager
async def shop(name: str, url: str, *, users: int) -> AsyncIterator[Shop]:
    """A store with so many users in it, and 64 more with money to spend."""
    storage = open_storage(url, clock=lambda: NOW_MS)
    await storage.open()
    try:
        if users:
            await storage.load(_records(users))
        for user in range(1, CLIENTS + 1):
            await storage.credit_balance_once(PARTNER, user, 1_000_000, f"payment of {user}")
        yield Shop(name, users, storage)
    finally:
        await storage.close()


async def _records(users: int) -> AsyncIterator[Mapping[str, Any]]:
    """Users who have paid once, in the order of an archive."""
    ids = range(_OTHERS, _OTHERS + users)
    paid = [
        ledger.credit(partner=PARTNER, user_id=user, amount=credits(1), payment_id=f"{user}", at_ms=NOW_MS)
        for user in ids
    ]
    for user in ids:
        yield {
            "table": "users",
            "partner": PARTNER,
            "user_id": user,
            "first_seen_at_ms": NOW_MS,
            "blocked_at_ms": None,
        }
    for place, one in enumerate(paid, 1):
        yield {
            "table": "transfers",
            "place": place,
            "partner": PARTNER,
            "transfer_id": str(one.transfer_id),
            "kind": one.kind.value,
            "debit_kind": one.debit.kind.value,
            "debit_user_id": 0,
            "credit_kind": one.credit.kind.value,
            "credit_user_id": one.user_id,
            "amount_hundredths": one.amount_hundredths,
            "user_id": one.user_id,
            "task_id": None,
            "resolves": None,
            "created_at_ms": NOW_MS,
        }
    for user, kind, amount in ((0, "top_up_clearing", -100 * users), *((user, "wallet", 100) for user in ids)):
        yield {
            "table": "accounts",
            "partner": PARTNER,
            "user_id": user,
            "kind": kind,
            "balance_hundredths": amount,
            "changed_at_ms": NOW_MS,
        }


#: Tables of the same columns with a key each, and nothing else: no other index, no trigger, no constraint.
_BARE_TABLES = """
CREATE SCHEMA bare;
CREATE TABLE bare.updates (update_id BIGINT PRIMARY KEY, payload BYTEA NOT NULL, done_at_ms BIGINT);
CREATE TABLE bare.sessions (user_id BIGINT PRIMARY KEY, body TEXT NOT NULL) WITH (fillfactor = 70);
CREATE TABLE bare.attempts (LIKE botflight.attempts INCLUDING IDENTITY, PRIMARY KEY (partner, task_id));
CREATE TABLE bare.transfers (LIKE botflight.transfers INCLUDING IDENTITY, PRIMARY KEY (partner, transfer_id));
CREATE TABLE bare.accounts (
    user_id BIGINT NOT NULL, kind TEXT NOT NULL, balance_hundredths BIGINT NOT NULL, PRIMARY KEY (user_id, kind)
) WITH (fillfactor = 70);
CREATE TABLE bare.messages (place BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, chat_id BIGINT, body TEXT);
"""
_BARE_ATTEMPT = (
    "partner, task_id, user_id, chat_id, model, inputs, price_hundredths, funding, state, correlation_id, "
    "trace_parent, language, screen_message_id, created_at_ms, changed_at_ms"
)
_BARE_TRANSFER = (
    "partner, transfer_id, kind, debit_kind, debit_user_id, credit_kind, credit_user_id, amount_hundredths, user_id, "
    "task_id, created_at_ms"
)
#: What a purchase writes, put together by hand: it asks for nothing and refuses nothing.
_BARE_PURCHASE = f"""
WITH ended AS (UPDATE bare.updates SET done_at_ms = 1 WHERE update_id = $1),
known AS (
    INSERT INTO bare.sessions (user_id, body) VALUES ($2, $3)
    ON CONFLICT (user_id) DO UPDATE SET body = excluded.body
),
asked AS (
    INSERT INTO bare.attempts ({_BARE_ATTEMPT})
    VALUES ('p', $4, $2, $2, 'model', $5, 100, 'balance', 'confirmed', $4, '', 'en', 1, 1, 1)
),
moved AS (
    INSERT INTO bare.transfers ({_BARE_TRANSFER})
    VALUES ('p', $4, 'hold', 'wallet', $2, 'held', $2, 100, $2, $4, 1)
),
taken AS (
    UPDATE bare.accounts SET balance_hundredths = balance_hundredths + change.amount
    FROM (VALUES ('wallet', -100), ('held', 100)) AS change (kind, amount)
    WHERE user_id = $2 AND accounts.kind = change.kind
)
INSERT INTO bare.messages (chat_id, body) VALUES ($2, $6) RETURNING place
"""  # noqa: S608 - constants of this file


class Bare:
    """A purchase's rows in one bare statement, which is one transaction: the least that it can cost on a server."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._made = 0
        self.rates: list[float] = []

    async def turn(self, *, clients: int, purchases: int) -> None:
        """Let clients buy side by side, one purchase after the other each, and note the rate."""
        numbers = range(self._made, self._made + purchases)
        self._made += purchases
        updates = [(number, orjson.dumps("x" * 300)) for number in numbers]
        await self._pool.executemany("INSERT INTO bare.updates (update_id, payload) VALUES ($1, $2)", updates)
        started_s = time.perf_counter()
        await asyncio.gather(*(self._buy(client + 1, numbers[client::clients]) for client in range(clients)))
        self.rates.append(purchases / (time.perf_counter() - started_s))

    async def _buy(self, user: int, numbers: Sequence[int]) -> None:
        body = orjson.dumps("x" * 200).decode()
        for number in numbers:
            await self._pool.fetchval(_BARE_PURCHASE, number, user, body, str(task(number)), body, body)


@contextlib.asynccontextmanager
async def bare(url: str, *, connections: int) -> AsyncIterator[Bare]:
    """Bare transactions on as many connections as the store has."""
    async with asyncpg.create_pool(url, min_size=connections, max_size=connections) as pool:
        await pool.execute(_BARE_TABLES)
        for user in range(1, CLIENTS + 1):
            await pool.execute("INSERT INTO bare.accounts VALUES ($1, 'wallet', 1000000), ($1, 'held', 0)", user)
        yield Bare(pool)


async def measure(asked: argparse.Namespace, urls: Mapping[str, Sequence[str]]) -> tuple[list[Shop], Bare | None]:
    """Let all shops take turns, so that a slow minute of the machine meets each of them."""
    async with contextlib.AsyncExitStack() as stack:
        shops = [
            await stack.enter_async_context(shop(name, url, users=users))
            for name, places in urls.items()
            for users, url in zip(asked.users, places, strict=True)
        ]
        peer = None
        if "postgresql" in urls:
            peer = await stack.enter_async_context(bare(urls["postgresql"][0], connections=POOL_SIZE))
        for number in range(asked.rounds + 1):
            for one in shops:
                await one.turn(clients=CLIENTS, purchases=asked.purchases)
                if one.users == asked.users[0]:
                    await one.turn(clients=1, purchases=asked.purchases // 8)
            if peer is not None:
                await peer.turn(clients=CLIENTS, purchases=asked.purchases)
            if number == 0:
                _forget_warm_up(shops, peer)
        return shops, peer


def _forget_warm_up(shops: Sequence[Shop], peer: Bare | None) -> None:
    for one in shops:
        one.rates.clear()
    if peer is not None:
        peer.rates.clear()


def claims(shops: Sequence[Shop], peer: Bare | None) -> dict[str, tuple[float, bool]]:
    """What is claimed: its ratio, and whether it holds."""
    found = {}
    for name in dict.fromkeys(one.name for one in shops):
        first, *others = (one for one in shops if one.name == name)
        for other in others:
            ratio = _ratio(first.rates[CLIENTS], other.rates[CLIENTS])
            found[f"{name}: cost at {other.users:,} users to that at {first.users:,}"] = (ratio, ratio <= FLAT_WITHIN)
        if name == "sqlite":
            ratio = _ratio(first.rates[CLIENTS], first.rates[1])
            found["sqlite: 64 clients to one"] = (ratio, ratio >= TOGETHER_AT_LEAST)
        if name == "postgresql" and peer is not None:
            ratio = _ratio(peer.rates, first.rates[CLIENTS])
            found["postgresql: bare transactions to purchases"] = (ratio, ratio <= BARE_WITHIN)
    return found


def _ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """How many times as fast, by the median of turns of the same round, which met the same minute of the machine."""
    return median(one / other for one, other in zip(ones, others, strict=True))


def table(shops: Sequence[Shop], peer: Bare | None) -> str:
    """The rates as lines."""
    lines = [f"{'':12} {'users':>8} {'64 clients/s':>13} {'one client/s':>13} {'us each':>8}"]
    for one in shops:
        alone = f"{one.rate(1):,.0f}" if 1 in one.rates else ""
        rate = one.rate(CLIENTS)
        lines.append(f"{one.name:12} {one.users:8,} {rate:13,.0f} {alone:>13} {1e6 / rate:8.0f}")
    if peer is not None:
        lines.append(f"{'bare':12} {'':8} {median(peer.rates):13,.0f}")
    lines += [
        f"{'holds' if holds else 'FAILS'}: {name} {ratio:.2f}x" for name, (ratio, holds) in claims(shops, peer).items()
    ]
    return "\n".join(lines)


def as_json(asked: argparse.Namespace, shops: Sequence[Shop], peer: Bare | None, *, sync_ms: float) -> dict[str, Any]:
    """Everything measured, for a machine to compare."""
    return {
        "settings": {"users": asked.users, "purchases": asked.purchases, "rounds": asked.rounds},
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "fsync_ms": round(sync_ms, 3),
        },
        "purchases_per_s": [
            {"store": one.name, "users": one.users, "clients": clients, "median": round(median(rates), 1)}
            | {"turns": [round(rate, 1) for rate in rates]}
            for one in shops
            for clients, rates in one.rates.items()
        ],
        "bare_per_s": round(median(peer.rates), 1) if peer is not None else None,
        "claims": {
            name: {"ratio": round(ratio, 3), "holds": holds} for name, (ratio, holds) in claims(shops, peer).items()
        },
    }


@contextlib.contextmanager
def places(folder: Path, users: Sequence[int], stores: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    """A URL for each store and number of users; PostgreSQL's server syncs as it does in service."""
    with contextlib.ExitStack() as stack:
        found: dict[str, list[str]] = {}
        if "sqlite" in stores:
            found["sqlite"] = [f"sqlite://{folder}/{count}.db" for count in users]
        if "json" in stores:
            found["json"] = [f"json://{folder}/{count}" for count in users]
        if "postgresql" in stores:
            folder.chmod(0o755)
            server = stack.enter_context(mistreated_server(folder / "postgres"))
            databases = [f"bench_{count}" for count in users]
            for name in databases:
                asyncio.run(server.run(f"CREATE DATABASE {name} TEMPLATE botflight_template"))
            found["postgresql"] = [server.url_of(name) for name in databases]
        yield found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.stores",
        description="Purchases a second, from confirm to hold, on each store.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--store", action="append", help="sqlite, json or postgresql; may be given several times")
    parser.add_argument("--users", type=int, nargs="+", default=list(USERS), help="how many users are there before")
    parser.add_argument("--purchases", type=int, default=2048, help="of one turn")
    parser.add_argument("--rounds", type=int, default=9, help="how many turns each takes, after one to warm up")
    parser.add_argument("--folder", type=Path, default=BUILD, help="a folder on a disk: stores go there")
    parser.add_argument("--json", type=Path, default=BUILD / "stores.json", help="where the numbers go")
    return parser


def main() -> int:
    """Measure, print a table, write the numbers; 1 where a claim does not hold."""
    asked = _parser().parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=asked.folder.resolve(), prefix="stores-") as name,
        places(Path(name), asked.users, asked.store or ["sqlite", "json", "postgresql"]) as urls,
    ):
        sync_ms = fsync_ms(Path(name))
        shops, peer = asyncio.run(measure(asked, urls))
    sys.stdout.write(f"{table(shops, peer)}\nfsync {sync_ms:.2f} ms, {asked.rounds} rounds\n")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_bytes(orjson.dumps(as_json(asked, shops, peer, sync_ms=sync_ms), option=orjson.OPT_INDENT_2))
    return int(not all(holds for _, holds in claims(shops, peer).values()))


if __name__ == "__main__":
    sys.exit(main())
