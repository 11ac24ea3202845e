"""The composition root: from settings to a running service. Only here are adapters chosen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from telegram import Bot
from telegram.request import BaseRequest

from botflight_diagnostics.ptb import ObservedRequest
from botflight_diagnostics.telemetry import Redactor, Telemetry, TickWriter, console_line, json_line, mask
from botflight_diagnostics.web import json_fault, json_refusal
from botflight_service.billing.packs import load as load_packs
from botflight_service.bot.announcement import require_no_webhook
from botflight_service.bot.broadcast import Broadcaster
from botflight_service.bot.dispatch import ALLOWED_UPDATES
from botflight_service.bot.maintenance import Maintenance
from botflight_service.bot.outbox import Outbox
from botflight_service.bot.polling import LANE, Polling, require_alone
from botflight_service.bot.texts import load as load_texts
from botflight_service.bot.transport import Transport
from botflight_service.bots_file import webhook_path
from botflight_service.config import Settings
from botflight_service.diagnosis import Diagnosis
from botflight_service.generation.catalog import Catalog
from botflight_service.generation.catalog import load as load_catalog
from botflight_service.generation.runner import Runner
from botflight_service.generation.signs import Sign
from botflight_service.lifecycle import Lifecycle, Parts, Service, running
from botflight_service.partner import PartnerParts, Shared, assemble, revealed
from botflight_service.partners import Bots, Inboxes, NotHere, Outboxes, Ownerships, Runners, Together, Workers
from botflight_service.process import came_up, run, until_over
from botflight_service.provider.interface import Hint, Provider
from botflight_service.provider.kie.assembly import kie_provider
from botflight_service.provider.kie.callbacks import CALLBACK_PATH, Callbacks
from botflight_service.provider.kie.client import Addresses
from botflight_service.provider.kie.pacing import monotonic_ms
from botflight_service.provider.kie.wire import called_back
from botflight_service.provider.local import LocalProvider
from botflight_service.provider.observed import ObservedProvider
from botflight_service.stars.reconciliation import Reconciliation
from botflight_service.stars.refunds import Refunds
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage
from botflight_service.storage.observed import observed
from botflight_service.updates.inbox import Inbox
from botflight_service.updates.ownership import Ownership
from botflight_service.vitals import Vitals, WatchedBot
from botflight_service.web.provider_callback import ProviderCallback
from botflight_service.web.server import listen, serving
from botflight_service.web.webhook import Webhook

WEBHOOK_PATH = "/webhook"
#: Where the local provider keeps its jobs over a restart: beside the default store.
LOCAL_PROVIDER_FOLDER = Path("data/provider")


def system_clock_ms() -> int:
    """Milliseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A service that is put together and not started."""

    service: Service
    #: Serves the webhook, health and diagnostics; its lifespan starts and stops the service.
    asgi: Starlette
    #: The webhooks of it by path, for a server that knows a shorter way to them.
    doors: Mapping[str, Webhook]
    #: The bot of the environment first, then those of the file.
    partners: tuple[PartnerParts, ...]
    #: Those of the first.
    bot: Bot
    inbox: Inbox
    ownership: Ownership
    runner: Runner
    outbox: Outbox
    refunds: Refunds
    reconciliation: Reconciliation
    maintenance: Maintenance
    broadcaster: Broadcaster
    diagnosis: Diagnosis
    vitals: Vitals


def build(
    settings: Settings,
    *,
    telemetry: Telemetry,
    storage: Storage,
    provider: Provider,
    others: Sequence[Settings] = (),
    requests: tuple[BaseRequest, BaseRequest] | None = None,
    clock_ms: Callable[[], int] = system_clock_ms,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    mode: str = "serve",
    callbacks: Callbacks | None = None,
) -> Built:
    """Put the parts together: those of the bot of `settings`, of `others` beside it, and what they share.

    `requests` take the place of the ways to Telegram, for tests in process. `callbacks` are those of a provider that
    calls back: a door is made for them.
    """
    lifecycle = Lifecycle()
    observed_provider = ObservedProvider(provider, telemetry)
    shared = Shared(
        storage=observed(storage, telemetry),
        provider=observed_provider,
        texts=load_texts(),
        packs=load_packs(),
        telemetry=telemetry,
        clock_ms=clock_ms,
        sleep=sleep,
    )

    def assembled(one: Settings) -> PartnerParts:
        ways = requests or (Transport(), Transport())
        is_called = one.webhook_base_url is not None and mode == "serve"
        return assemble(
            one,
            shared,
            catalog=catalog_of(one),
            ways=(ObservedRequest(ways[0], telemetry), ObservedRequest(ways[1], telemetry)),
            # What the process is, its own administrators judge: a mute is kept in their partner's book.
            findings=lambda: diagnosis if one is settings else NotHere(settings.partner),
            webhook_url=f"{one.webhook_base_url}{_path_of(one, home=one is settings)}" if is_called else "",
        )

    partners = tuple(assembled(one) for one in (settings, *others))
    home = partners[0]
    workers, outboxes = Workers(partners), Outboxes(partners)

    def sample() -> None:
        metrics, updates, messages = telemetry.metrics, workers.facts(), outboxes.facts()
        metrics.lanes.set(to=workers.lanes)
        metrics.updates_undone.set(to=updates.waiting)
        metrics.updates_undone_oldest.set(to=updates.oldest_ms / 1000)
        metrics.outbox_messages.set(to=messages.waiting)
        metrics.outbox_oldest.set(to=messages.oldest_ms / 1000)

    vitals = Vitals(
        bots=[
            WatchedBot(name=mask(one.settings.partner), bot=one.bot, webhook_url=one.webhook_url) for one in partners
        ],
        updates=workers.facts,
        outbox=outboxes.facts,
        provider=observed_provider,
        telemetry=telemetry,
        clock_ms=clock_ms,
    )
    diagnosis = Diagnosis(
        settings=settings,
        others=others,
        storage=shared.storage,
        lifecycle=lifecycle,
        telemetry=telemetry,
        reference=home.log_users.of,
        vitals=vitals,
        sample=sample,
    )

    async def announce() -> None:
        for one in partners:
            await one.announce()

    service = Service(
        Parts(
            storage=shared.storage,
            ownership=Ownerships(partners),
            inbox=Inboxes(partners),
            worker=workers,
            outbox=outboxes,
            runner=Runners(partners),
            refunds=Together([one.refunds for one in partners]),
            provider=observed_provider,
            diagnosis=diagnosis,
            bots=Bots(partners),
            ways=tuple(way for one in partners for way in one.ways),
            admit=lambda: _admit(mode, home.bot, home.ownership),
            announce=announce,
            inspect=diagnosis.inspect,
            background=(diagnosis.watch, *(work for one in partners for work in one.background)),
        ),
        lifecycle=lifecycle,
        telemetry=telemetry,
        mode=mode,
    )
    routes = diagnosis.routes()
    doors = {}
    if mode == "serve":
        for one in partners:
            path = _path_of(one.settings, home=one is home)
            doors[path] = _door(one, lifecycle=lifecycle, telemetry=telemetry)
            routes.append(Route(path, doors[path]))
    if callbacks is not None:
        door = ProviderCallback(
            is_ours=callbacks.is_ours,
            job_of=called_back,
            heard=lambda hint: _heard(partners, hint),
            lifecycle=lifecycle,
            telemetry=telemetry,
        )
        routes.append(Route(CALLBACK_PATH + "/{token}/{proof}", door))
    return Built(
        service=service,
        asgi=_asgi(routes, service),
        doors=doors,
        partners=partners,
        bot=home.bot,
        inbox=home.inbox,
        ownership=home.ownership,
        runner=home.runner,
        outbox=home.outbox,
        refunds=home.refunds,
        reconciliation=home.reconciliation,
        maintenance=home.maintenance,
        broadcaster=home.broadcaster,
        diagnosis=diagnosis,
        vitals=vitals,
    )


def _path_of(settings: Settings, *, home: bool) -> str:
    return webhook_path(WEBHOOK_PATH, settings.partner, home=home)


def _door(one: PartnerParts, *, lifecycle: Lifecycle, telemetry: Telemetry) -> Webhook:
    """The webhook of one bot, with a secret of its own."""
    secret = revealed(one.settings.webhook_secret)
    return Webhook(secret=secret, inbox=one.inbox, lifecycle=lifecycle, telemetry=telemetry)


async def _heard(partners: Sequence[PartnerParts], hint: Hint) -> Sign:
    """Let each partner see whether a call back is about an attempt of its own."""
    for one in partners:
        sign = await one.runner.heard(hint)
        if sign is not Sign.NOT_OURS:
            return sign
    return Sign.NOT_OURS


def _asgi(routes: list[BaseRoute], service: Service) -> Starlette:
    """An app for any ASGI server: its lifespan starts the service while requests are answered already."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with running(service):
            yield

    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: json_refusal, Exception: json_fault}
    )


async def _admit(mode: str, bot: Bot, ownership: Ownership) -> None:
    """Raise what a person can mend where the bot may not run in this mode."""
    if mode == "polling":
        await require_no_webhook(bot)
        await require_alone(ownership)


def serve(settings: Settings, others: Sequence[Settings] = ()) -> int:
    """Serve the webhook of a bot, and of `others` beside it, until a signal; the exit code."""
    return run(lambda stop: _serve(settings, stop, others))


def poll(settings: Settings) -> int:
    """Fetch updates instead of being called, until a signal; the exit code."""
    return run(lambda stop: _poll(settings, stop))


async def _serve(settings: Settings, stop: asyncio.Event, others: Sequence[Settings] = ()) -> int:
    secrets = [secret for one in others for secret in one.secrets()]
    with opened_telemetry(settings, secrets=secrets) as telemetry:
        built = build_default(settings, others=others, telemetry=telemetry, mode="serve")
        server = serving(built.asgi, listen(settings.host, settings.port), doors=built.doors)
        async with server, running(built.service) as start:
            if await came_up(start, stop):
                await stop.wait()
    return 0


async def _poll(settings: Settings, stop: asyncio.Event) -> int:
    with opened_telemetry(settings) as telemetry:
        built = build_default(settings, telemetry=telemetry, mode="polling")
        async with serving(built.asgi, listen(settings.host, settings.port)), running(built.service) as start:
            if not await came_up(start, stop):
                return 0
            polling = Polling(
                bot=built.bot,
                inbox=built.inbox,
                telemetry=telemetry,
                allowed_updates=ALLOWED_UPDATES,
                alone=lambda: built.ownership.holds(LANE),
            )
            fetching = asyncio.create_task(polling.run(), name="polling")
            try:
                await until_over(fetching, stop)
            finally:
                fetching.cancel()
                await asyncio.gather(fetching, return_exceptions=True)
    return 0


@contextlib.contextmanager
def opened_telemetry(settings: Settings, *, secrets: Sequence[str] = (), terminal: bool = False) -> Iterator[Telemetry]:
    """Logs to standard output, traces by the OTEL_* variables; what waits is sent at the end.

    `secrets` are those that no line may hold beside those of the settings.
    """
    writer = TickWriter(sys.stdout.buffer)
    telemetry = Telemetry.create(
        writer,
        service="botflight",
        version=version("botflight"),
        redactor=Redactor((*settings.secrets(), *secrets)),
        environ=os.environ,
        level=settings.log_level.lower(),
        render=console_line if terminal else json_line,
    )
    writer.on_drop = lambda lines: telemetry.metrics.telemetry_dropped.add("logs", by=lines)
    with telemetry.logs.bridged():
        try:
            yield telemetry
        finally:
            telemetry.close()
            writer.flush()


def build_default(settings: Settings, *, others: Sequence[Settings] = (), telemetry: Telemetry, mode: str) -> Built:
    """Put together what the settings ask for."""
    storage = open_storage(settings.database_url.get_secret_value(), clock=system_clock_ms)
    provider, callbacks = pick_provider(settings, mode=mode)
    told = telemetry.logs.logger("provider")
    tell = told.info if callbacks is not None else told.warning
    called = callbacks is not None and callbacks.reachable
    tell("PROVIDER_PICKED", provider=provider.name, callbacks=called)
    return build(
        settings,
        others=others,
        telemetry=telemetry,
        storage=storage,
        provider=provider,
        mode=mode,
        callbacks=callbacks,
    )


def catalog_of(settings: Settings) -> Catalog:
    """What is sold, at this partner's prices. Raises CatalogInvalid."""
    return load_catalog().priced(dict(settings.prices))


def pick_provider(
    settings: Settings,
    *,
    mode: str,
    clock_ms: Callable[[], int] = monotonic_ms,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> tuple[Provider, Callbacks | None]:
    """KIE where there is a key for it, with the addresses that it may call; else the provider that draws here."""
    if settings.kie_api_key is None:
        return LocalProvider(clock_ms=system_clock_ms, spool=LOCAL_PROVIDER_FOLDER), None
    key = settings.kie_api_key.get_secret_value()
    callbacks = Callbacks(
        base_url=settings.webhook_base_url if mode == "serve" else None,
        secret=settings.webhook_secret.get_secret_value() if settings.webhook_secret else key,
    )
    provider = kie_provider(
        key=key,
        addresses=Addresses(api=settings.kie_api_base_url, uploads=settings.kie_upload_base_url),
        file_hosts=settings.kie_file_hosts,
        catalog=catalog_of(settings),
        callbacks=callbacks,
        clock_ms=clock_ms,
        sleep=sleep,
    )
    return provider, callbacks
