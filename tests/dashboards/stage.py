"""The service in the open: a shop that is served over HTTP, people who buy in it, and things that break."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import aiohttp
from tests.running import free_port
from tests.shop import DIAG_TOKEN, Shop, open_shop

from botflight_harness.clock import SystemClock
from botflight_harness.telegram import Person, Telegram
from botflight_service.storage.interface import Storage, StorageError
from botflight_service.web.server import listen, serving


class Saboteur:
    """Stands between the service and its store: it hands everything through, and breaks what it is told to break."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        #: Raised by every call of a method, by its name.
        self.errors: dict[str, Exception] = {}
        #: Every call takes so much longer.
        self.delay_s = 0.0
        #: The scratch row of the preflight stays when it is deleted.
        self.sticky = False

    def probe(self, *given: object, **named: object) -> Any:
        """What the preflight asks, tampered with like the rest."""
        probe = self._storage.probe(*given, **named)  # type: ignore[arg-type]  # handed through as it is
        delete = probe.delete_nonce

        async def delete_nonce(nonce: str) -> bool:
            return await delete(nonce) and not self.sticky

        probe.delete_nonce = delete_nonce  # type: ignore[method-assign]
        return probe

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def called(*given: object, **named: object) -> Any:
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            if name in self.errors:
                raise self.errors[name]
            return await found(*given, **named)

        return called


@dataclass(kw_only=True)
class Stage:
    """A shop that is looked at from outside."""

    shop: Shop
    #: host:port
    address: str
    saboteur: Saboteur
    file: Path
    #: Closed, the service answers nobody over HTTP.
    door: contextlib.AsyncExitStack
    _names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def telegram(self) -> Telegram:
        """The simulated Telegram."""
        return self.shop.telegram

    def somebody(self) -> Person:
        """A person who was never here."""
        return self.telegram.user(f"Somebody {next(self._names)}", language="en")

    async def somebody_comes(self) -> Person:
        """A new person sees the menu."""
        person = self.somebody()
        await person.sends("/start")
        return person

    async def somebody_buys(self, *, pictures: int = 1) -> Person:
        """A new person with 20 credits buys pictures; the first is free where there are free ones."""
        person = self.somebody()
        await self.shop.gives(person, 20)
        for number in range(pictures):
            await self.shop.opens_confirmation(person, prompt=f"a fox for {person.first_name}, number {number}")
            await person.taps(
                next(data for data in person.last.callback_data if data.startswith("confirm_generation:"))
            )
        return person

    async def look(self) -> None:
        """Have both preflights run anew, as somebody with the token may."""
        async with aiohttp.ClientSession(headers={"X-Diag-Token": DIAG_TOKEN}) as session:
            for name in ("billing_preflight", "service_preflight"):
                async with session.get(f"http://{self.address}/__diag/{name}?fresh=1") as answer:
                    await answer.read()

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Have the preflights run again and again, for a world that lives fast."""
        async with repeated(self.look, every_s=0.3):
            yield

    async def open_door(self) -> None:
        """Serve the pages of the service at its address."""
        host, _, port = self.address.partition(":")
        await self.door.enter_async_context(serving(self.shop.service.asgi, listen(host, int(port))))

    def break_the_ledger(self) -> None:
        """Change an account by hand, as no verb of the ledger would; a second time, it adds up again."""
        with contextlib.closing(sqlite3.connect(self.file, timeout=5)) as store:
            (drift,) = store.execute("SELECT sum(balance_hundredths) FROM accounts").fetchone()
            change = -drift or 7
            store.execute(
                "UPDATE accounts SET balance_hundredths = balance_hundredths + ?"
                " WHERE (user_id, kind) ="
                " (SELECT user_id, kind FROM accounts WHERE user_id <> 0 ORDER BY user_id LIMIT 1)",
                (change,),
            )
            store.commit()

    async def overfill_a_trace(self) -> None:
        """More spans than a trace keeps: the rest is dropped, and counted."""
        tracer = self.shop.telemetry.tracer
        with tracer.root("generate", kind="internal"):
            for _ in range(200):
                with tracer.span("generate"):
                    pass

    @contextlib.asynccontextmanager
    async def blocking(self) -> AsyncIterator[None]:
        """Have the event loop blocked again and again."""

        async def block() -> None:
            until = perf_counter() + 0.6
            while perf_counter() < until:
                pass

        async with repeated(block, every_s=0.3):
            yield


def store_error() -> Exception:
    """What a store raises that is away."""
    return StorageError("the store is away")


@contextlib.asynccontextmanager
async def repeated(act: Any, *, every_s: float) -> AsyncIterator[None]:
    async def again_and_again() -> None:
        while True:
            await act()
            await asyncio.sleep(every_s)

    task = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def stage(folder: Path, *, free: int = 0, port: int = 0) -> AsyncIterator[Stage]:
    """Run the service on a store in `folder`, with its pages on a loopback address."""
    telegram = Telegram(clock=SystemClock())
    file = folder / "shop.sqlite"
    saboteurs: list[Saboteur] = []

    def tampered(storage: Storage) -> Storage:
        saboteurs.append(Saboteur(storage))
        return cast("Storage", saboteurs[0])

    url = f"sqlite:///{file}"
    async with (
        open_shop(telegram, daily_free_limit=free, database_url=url, tampered=tampered) as shop,
        contextlib.AsyncExitStack() as door,
    ):
        address = f"127.0.0.1:{port or free_port()}"
        on = Stage(shop=shop, address=address, saboteur=saboteurs[0], file=file, door=door)
        await on.open_door()
        yield on
