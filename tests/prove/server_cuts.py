"""PostgreSQL taken away at the worst moment: sessions that are ended at every statement, a server that crashes."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import asyncpg
from tests.makings import NOW_MS, PARTNER
from tests.postgres_server import mistreated_server
from tests.prove.kills import kill
from tests.prove.proof import Proof
from tests.purchase import Purchase

from botflight_service.storage.interface import Storage
from botflight_service.storage.sql.postgres import PostgresStorage, pool, single
from botflight_service.storage.sql.postgres.link import Link

#: A statement loses its connection before it is sent, or its answer after it was carried out.
MOMENTS = ("before", "after")
#: How many buy at once while the server crashes.
BUYERS = 60
KILLS = 10


class Scissors:
    """Cuts the connection of a statement, by its number: before it is sent, or after it was carried out."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.statements = 0
        self.cut_at = -1
        self.when = "before"
        #: How many of the next statements are cut, instead of one: of those that begin with `only`.
        self.cuts = 0
        self.only = ""

    def link(self, raw: Any, *, name: str) -> Link:
        """A connection that is under the scissors."""
        return Link(_Cut(raw, self), name=name)

    async def around(self, raw: Any, run: Any, *given: Any) -> Any:
        """Run a statement, or what is left of it."""
        self.statements += 1
        due = self.statements - 1 == self.cut_at
        if self.cuts > 0 and str(given[0]).startswith(self.only):
            self.cuts -= 1
            due = True
        if due and self.when == "before":
            await self._cut(raw)
        answer = await run(*given)
        if due and self.when == "after":
            await self._cut(raw)
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return answer

    async def _cut(self, raw: Any) -> None:
        """Let the server end the session, as an administrator does or a crash."""
        hand = await asyncpg.connect(self._url)
        await hand.fetchval("SELECT pg_terminate_backend($1, 1000)", raw.get_server_pid())
        await hand.close()


class _Cut:
    def __init__(self, raw: Any, scissors: Scissors) -> None:
        self._raw = raw
        self._scissors = scissors

    async def execute(self, *given: Any) -> Any:
        return await self._scissors.around(self._raw, self._raw.execute, *given)

    async def fetch(self, *given: Any) -> Any:
        return await self._scissors.around(self._raw, self._raw.fetch, *given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


async def cut_everywhere(storage: Storage, scissors: Scissors, *, when: str, first: int, every: int) -> int:
    """Make purchases, each with a cut at another statement; how many there were. Raises unless all end as one."""
    scissors.statements = 0
    await Purchase(first).make(storage)
    statements = scissors.statements
    made = 0
    for made, cut_at in enumerate(range(first % every, statements, every), 1):
        purchase = Purchase(first + made)
        scissors.statements, scissors.cut_at, scissors.when = 0, cut_at, when
        await purchase.make(storage)
        scissors.cut_at = -1
        await purchase.check(storage)
    assert await storage.unsent(PARTNER) == []
    assert await storage.undone(PARTNER) == []
    assert await storage.violations() == []
    return made


async def _cut(chance: Random, folder: Path) -> Counter[str]:
    """Every statement of a purchase, at both moments, in one statement a work and step by step."""
    counts: Counter[str] = Counter()
    with mistreated_server(folder / "server") as server:
        async with server.database() as url:
            storage, scissors = PostgresStorage(url, clock=lambda: NOW_MS), Scissors(url)
            await storage.open()
            with patch.object(pool, "Link", scissors.link):
                for when in MOMENTS:
                    first = chance.randrange(1, 10**9)
                    counts["cuts"] += await cut_everywhere(storage, scissors, when=when, first=first, every=1)
                    with patch.object(single, "fits", lambda _: False):
                        counts["cuts"] += await cut_everywhere(storage, scissors, when=when, first=first + 500, every=1)
            await storage.close()
    return counts


async def _crash(chance: Random, folder: Path) -> Counter[str]:
    """The server dies under load at a random moment and is started again; nobody who buys hears of it."""
    with mistreated_server(folder / "server") as server:
        async with server.database() as url:
            storage = PostgresStorage(url, clock=lambda: NOW_MS)
            await storage.open()
            purchases = [Purchase(number) for number in range(1, BUYERS + 1)]
            under_way = asyncio.gather(*(purchase.make(storage) for purchase in purchases))
            await asyncio.sleep(chance.uniform(0, 0.3))
            await asyncio.to_thread(server.restart)
            await under_way
            for purchase in purchases:
                await purchase.check(storage)
            assert await storage.unsent(PARTNER) == []
            assert await storage.violations() == []
            await storage.close()
    return Counter(crashes=1, purchases=BUYERS)


async def _kill(chance: Random, folder: Path) -> Counter[str]:
    """Processes on one database, killed under load."""
    with mistreated_server(folder / "server") as server:
        async with server.database() as url:
            return await kill(url, times=KILLS)(chance, folder)


SERVER_CUTS = (
    Proof(
        name="cut-postgresql",
        claim="whichever statement of a purchase loses its connection or its answer, it comes to its one end",
        run=_cut,
        runs=5,
    ),
    Proof(
        name="crash-postgresql",
        claim="a server that crashes under load and comes back loses nothing, and nobody hears of it",
        run=_crash,
        runs=20,
    ),
    Proof(
        name="kill-postgresql",
        claim="what a killed process had acknowledged is there, once, and comes to its end",
        run=_kill,
        runs=20,
    ),
)
