"""The whole service in one process, between a simulated Telegram and a provider that is told what to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from telegram.request import BaseRequest
from tests.secrecy import check_kept, signals

from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.telemetry.capture import CapturedTelemetry
from botflight_harness.asgi import ASGIApp, request
from botflight_harness.clock import VirtualClock
from botflight_harness.kie import FakeKie
from botflight_harness.ptb import TelegramRequest
from botflight_harness.telegram import Person, Telegram
from botflight_harness.webhook import WebhookHarness
from botflight_service.app import Built, build, pick_provider, system_clock_ms
from botflight_service.billing.money import Credits, credits
from botflight_service.billing.payments import Payment
from botflight_service.config import Settings
from botflight_service.generation.attempts import Attempt
from botflight_service.provider.interface import GenerationRequest
from botflight_service.provider.local import LocalProvider
from botflight_service.provider.studio.studio import Studio
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage

SECRET = "a-secret-that-nobody-guesses"
DIAG_TOKEN = "a-token-for-diagnostics"
PARTNER = "p-main01"


class Gallery:
    """The real studio, small, which paints each request once: the same request gives the same bytes anyway."""

    def __init__(self) -> None:
        self._studio = Studio(side_px=16)
        self._painted: dict[str, bytes] = {}

    def suffix(self, request: GenerationRequest) -> str:
        """How the name of the file will end."""
        return self._studio.suffix(request)

    def make(self, request: GenerationRequest) -> bytes:
        """The file."""
        key = repr((request.model, sorted(request.inputs.items()), sorted(request.files.items())))
        if key not in self._painted:
            self._painted[key] = self._studio.make(request)
        return self._painted[key]


GALLERY = Gallery()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A running service with everything at hand that a test may want to look at."""

    telegram: Telegram
    harness: WebhookHarness
    service: Built
    storage: Storage
    provider: LocalProvider
    telemetry: CapturedTelemetry

    async def balance(self, person: Person) -> Credits:
        """What a person may spend."""
        return (await self.storage.balance(PARTNER, person.user_id)).available

    async def held(self, person: Person) -> Credits:
        """What is set aside for a person's attempts."""
        return (await self.storage.balance(PARTNER, person.user_id)).held

    async def history(self, person: Person) -> Sequence[Attempt]:
        """A person's attempts, newest first."""
        return await self.storage.history(PARTNER, person.user_id, limit=100)

    async def gives(self, person: Person, amount: float) -> None:
        """Put credits into a person's wallet."""
        await self.storage.credit_balance_once(PARTNER, person.user_id, credits(amount), f"gift {person.user_id}")

    async def gives_more(self, person: Person, amount: float) -> None:
        """Put further credits into a wallet, each time anew."""
        await self.storage.credit_balance_once(PARTNER, person.user_id, credits(amount), f"gift {uuid4()}")

    async def payments(self, person: Person) -> Sequence[Payment]:
        """A person's payments, newest first."""
        return await self.storage.payments_of(PARTNER, person.user_id, limit=100)

    async def invoices(self, person: Person, pack: str = "small") -> None:
        """Bring a person to the invoice of a pack."""
        await person.sends("/start")
        await person.taps("balance")
        await person.taps("top_up")
        await person.taps(f"buy:{pack}")

    async def opens_confirmation(self, person: Person, prompt: str = "a red fox in the snow") -> None:
        """Bring a person to the confirm screen of a picture."""
        await person.sends("/start")
        await person.taps("models")
        await person.taps("model:text_to_image")
        await person.sends(prompt)
        await person.taps("answer:text_to_image:shape:1:1")

    def updates(self) -> list[dict[str, object]]:
        """The lines that tell the end of an update."""
        return self.telemetry.events("UPDATE_DONE")


@contextlib.asynccontextmanager
async def open_shop(
    telegram: Telegram,
    *,
    daily_free_limit: int = 0,
    database_url: str = "sqlite::memory:",
    impatient: bool = False,
    kie: FakeKie | None = None,
    more: Mapping[str, str] | None = None,
    tampered: Callable[[Storage], Storage] = lambda storage: storage,
    others: Sequence[Settings] = (),
    directives: bool = False,
    way: Callable[[Telegram], BaseRequest] = TelegramRequest,
) -> AsyncIterator[Shop]:
    """Run a service for the time of the block. Free generations are off unless a limit is given.

    When `impatient`, the service lives by Telegram's virtual clock, and every wait of its own moves that clock on.
    With `kie` the service has that one make the files, over HTTP, and is called back by it.
    `tampered` puts something between the service and its store; `others` are bots of other partners beside it; `way` is
    how the service's calls come to Telegram. With `directives` words in a prompt, such as [fail], make the provider
    misbehave.
    """
    settle = _nothing if kie is None else kie.idle
    clock_ms, sleep = (
        (telegram.clock.now_ms, _leaping(telegram, settle)) if impatient else (system_clock_ms, asyncio.sleep)
    )
    bot = next(iter(telegram.bots.values()), None) or telegram.bot()
    settings = settings_of(
        bot.token, {"DAILY_FREE_LIMIT": str(daily_free_limit), "DATABASE_URL": database_url, **(more or {})}
    )
    telemetry = Telemetry.for_tests()
    storage = open_storage(database_url, clock=clock_ms)
    provider: Any = LocalProvider(clock_ms=clock_ms, spool=None, pace=0, make=GALLERY, directives=directives)
    callbacks = None
    if kie is not None:
        provider, callbacks = pick_provider(settings, mode="serve", clock_ms=clock_ms, sleep=sleep)
    built = build(
        settings,
        telemetry=telemetry,
        storage=tampered(storage),
        provider=provider,
        requests=(way(telegram), way(telegram)),
        clock_ms=clock_ms,
        sleep=sleep,
        callbacks=callbacks,
        others=others,
    )
    harness = WebhookHarness(built.asgi, telegram, secret=SECRET, bot=bot, idle=built.service.idle)
    if kie is not None:
        kie.reaches(lambda url, body, headers: posted(built.asgi, url, body, headers))
    async with harness:
        await built.service.started()
        yield Shop(
            telegram=telegram,
            harness=harness,
            service=built,
            storage=storage,
            provider=provider,
            telemetry=telemetry,
        )
    reports = [built.diagnosis.preflight.last, built.diagnosis.service_preflight.last]
    told = signals(telemetry) | {"a report": repr([report.payload() for report in reports if report is not None])}
    check_kept((*settings.secrets(), urlsplit(database_url).password or ""), told)


def settings_of(token: str, more: Mapping[str, str]) -> Settings:
    """The settings of a shop."""
    return Settings.load(
        {
            "TELEGRAM_BOT_TOKEN": token,
            "WEBHOOK_BASE_URL": "http://127.0.0.1:8080",
            "WEBHOOK_SECRET": SECRET,
            "BOT_INSTANCE_ID": PARTNER,
            "ADMIN_ID": "900000001",
            "DIAG_TOKEN": DIAG_TOKEN,
            # Tests are faster than people.
            "USER_UPDATES_AT_ONCE": "1000",
            **more,
        },
        mode="serve",
        env_file=None,
    )


async def posted(app: ASGIApp, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Call a service as KIE does; the status."""
    return (await request(app, "POST", urlsplit(url).path, headers=headers, body=body)).status


async def _nothing() -> None:
    """Wait for nothing."""


def _leaping(telegram: Telegram, settle: Callable[[], Awaitable[None]]) -> Callable[[float], Awaitable[None]]:
    """A sleep that takes no time: it lets others run, and then moves the clock to where it would have ended.

    Whatever falls due on the way is waited for with `settle`.
    """
    clock = telegram.clock
    assert isinstance(clock, VirtualClock)

    async def sleep(seconds: float) -> None:
        until_ms = clock.now_ms() + round(seconds * 1000)
        await asyncio.sleep(0.001)
        while (due_ms := clock.next_timer_ms()) is not None and due_ms <= until_ms and settle is not _nothing:
            clock.move_to(due_ms)
            await settle()
        clock.move_to(until_ms)

    return sleep
