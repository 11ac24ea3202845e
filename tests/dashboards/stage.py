"""The service in the open: a shop that is served over HTTP, people who buy in it, and things that break."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import aiohttp
from telegram.request import BaseRequest
from tests.buying import chooses, confirms
from tests.running import free_port
from tests.shop import DIAG_TOKEN, PARTNER, Shop, open_shop

from botflight_harness.clock import SystemClock
from botflight_harness.ptb import TelegramRequest
from botflight_harness.telegram import Person, Telegram
from botflight_service.generation.attempts import Artifact
from botflight_service.generation.catalog import Model, load
from botflight_service.provider.interface import ProviderRefused
from botflight_service.storage.interface import Storage, StorageError
from botflight_service.web.server import listen, serving

MODELS = load().models


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

    async def somebody_buys(
        self, *, pictures: int = 1, model: Model = MODELS[0], person: Person | None = None
    ) -> Person:
        """Somebody, new with 60 credits or known, buys pictures; the first of the day is free where such are."""
        if person is None:
            person = self.somebody()
            await self.shop.gives(person, 60)
        for number in range(pictures):
            await chooses(person, model, words=f"a fox for {person.first_name}, number {number}")
            await confirms(person)
        return person

    async def somebody_pays(self, pack: str = "small") -> Person:
        """A new person buys credits for Stars."""
        person = self.somebody()
        await self.shop.invoices(person, pack)
        await person.pays()
        return person

    async def somebody_has_it_back(self) -> None:
        """A new person buys credits, and has the Stars back."""
        person = await self.somebody_pays()
        await person.sends("/paysupport")
        for button in ("ask_refund:", "confirm_refund:"):
            await person.taps(next(data for data in person.last.callback_data if data.startswith(button)))

    def a_file_vanishes(self) -> None:
        """The next file is gone when it is to be sent: what was paid for it goes back."""
        provider = self.shop.provider
        fetch = provider.fetch

        async def gone(_: Artifact) -> bytes:
            provider.fetch = fetch  # type: ignore[method-assign]
            raise ProviderRefused("file_gone")

        provider.fetch = gone  # type: ignore[method-assign]  # what the provider's own end may bring

    async def a_stranger_knocks(self) -> int:
        """Post an update with a secret that is not ours; the status."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": "not-ours"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://{self.address}/webhook", data=b"{}", headers=headers) as answer,
        ):
            return answer.status

    async def the_door_jams(self) -> None:
        """The store takes no update for a moment: Telegram is refused, remembers it, and comes again."""
        self.saboteur.errors["accept"] = store_error()
        coming = asyncio.create_task(self.somebody_comes())
        await asyncio.sleep(0.1)
        self.saboteur.errors.clear()
        await coming
        await self.shop.service.vitals.ask_telegram()

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

    async def audits(self) -> None:
        """Recount the ledger: to the end of a pass that may have begun before, and once more."""
        for _ in range(2):
            while not await self.shop.storage.audit(PARTNER):
                pass

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
async def stage(
    folder: Path, *, free: int = 0, port: int = 0, way: Callable[[Telegram], BaseRequest] = TelegramRequest
) -> AsyncIterator[Stage]:
    """Run the service on a store in `folder`, with its pages on a loopback address."""
    telegram = Telegram(clock=SystemClock())
    file = folder / "shop.sqlite"
    saboteurs: list[Saboteur] = []

    def tampered(storage: Storage) -> Storage:
        saboteurs.append(Saboteur(storage))
        return cast("Storage", saboteurs[0])

    url = f"sqlite:///{file}"
    async with (
        open_shop(telegram, daily_free_limit=free, database_url=url, tampered=tampered, way=way) as shop,
        contextlib.AsyncExitStack() as door,
    ):
        address = f"127.0.0.1:{port or free_port()}"
        on = Stage(shop=shop, address=address, saboteur=saboteurs[0], file=file, door=door)
        await on.open_door()
        yield on
