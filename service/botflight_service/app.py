"""The composition root: from settings to a running service. Only here are adapters chosen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from telegram import Bot
from telegram.request import BaseRequest

from botflight_diagnostics.service_probe import QueueFacts
from botflight_diagnostics.telemetry import Redactor, Telemetry, TickWriter, UserReferences, console_line, json_line
from botflight_diagnostics.web import json_fault, json_refusal
from botflight_service.billing.packs import load as load_packs
from botflight_service.billing.quotas import day_of
from botflight_service.bot.announcement import (
    WebhookTerms,
    announce_commands,
    announce_webhook,
    require_no_webhook,
)
from botflight_service.bot.application import build_application
from botflight_service.bot.broadcast import Broadcaster
from botflight_service.bot.cashier import CashierWords
from botflight_service.bot.conversation import Conversation, spoken
from botflight_service.bot.dispatch import ALLOWED_UPDATES, BotDispatcher
from botflight_service.bot.files import TelegramFiles
from botflight_service.bot.handlers.router import Features
from botflight_service.bot.maintenance import Maintenance
from botflight_service.bot.narrator import Narrator
from botflight_service.bot.observed import ObservedRequest
from botflight_service.bot.outbox import MAX_WAITING as MAX_MESSAGES
from botflight_service.bot.outbox import Outbox
from botflight_service.bot.polling import LANE, Polling, require_alone
from botflight_service.bot.sender import Sender
from botflight_service.bot.sessions import SessionCache
from botflight_service.bot.texts import load as load_texts
from botflight_service.bot.transport import Transport
from botflight_service.config import Settings
from botflight_service.diagnosis import Diagnosis
from botflight_service.generation.catalog import Catalog
from botflight_service.generation.catalog import load as load_catalog
from botflight_service.generation.punctuality import Punctuality
from botflight_service.generation.runner import Runner
from botflight_service.housekeeping import Housekeeping
from botflight_service.lifecycle import Lifecycle, Parts, Service, running
from botflight_service.process import came_up, run, until_over
from botflight_service.provider.interface import Provider
from botflight_service.provider.kie.assembly import kie_provider
from botflight_service.provider.kie.callbacks import CALLBACK_PATH, Callbacks
from botflight_service.provider.kie.client import Addresses
from botflight_service.provider.kie.pacing import monotonic_ms
from botflight_service.provider.kie.wire import called_back
from botflight_service.provider.local import LocalProvider
from botflight_service.provider.observed import ObservedProvider
from botflight_service.remembered import Remembered
from botflight_service.stars.reconciliation import Reconciliation
from botflight_service.stars.refunds import Refunds
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage
from botflight_service.storage.observed import observed
from botflight_service.storage.sharing import Kind, leases_of
from botflight_service.updates.envelope import Envelope, chat_of_lane
from botflight_service.updates.inbox import Inbox
from botflight_service.updates.ownership import Ownership
from botflight_service.updates.worker import MAX_WAITING as MAX_UPDATES
from botflight_service.updates.worker import Worker
from botflight_service.vitals import Vitals
from botflight_service.web.provider_callback import ProviderCallback
from botflight_service.web.server import listen, serving
from botflight_service.web.webhook import Webhook

WEBHOOK_PATH = "/webhook"
#: For users whose language the bot does not speak.
DEFAULT_LANGUAGE = "en"
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


def build(  # noqa: PLR0915 - a list of parts, a line each
    settings: Settings,
    *,
    telemetry: Telemetry,
    storage: Storage,
    provider: Provider,
    requests: tuple[BaseRequest, BaseRequest] | None = None,
    clock_ms: Callable[[], int] = system_clock_ms,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    mode: str = "serve",
    callbacks: Callbacks | None = None,
) -> Built:
    """Put the parts together. `requests` take the place of the ways to Telegram, for tests in process.

    `callbacks` are those of a provider that calls back: a door is made for them.
    """
    token = _required(settings.telegram_bot_token)
    partner, bot_id = settings.partner, int(token.partition(":")[0])
    log_users = UserReferences(token.encode())
    ways = tuple(ObservedRequest(request, telemetry) for request in requests or (Transport(), Transport()))
    application = build_application(
        token=token,
        request=ways[0],
        get_updates_request=ways[1],
        api_base_url=settings.telegram_api_base_url,
    )
    bot: Bot = application.bot
    storage = observed(storage, telemetry)
    provider = ObservedProvider(provider, telemetry)
    catalog, texts, lifecycle = catalog_of(settings), load_texts(), Lifecycle()
    narrator = Narrator(texts=texts, catalog=catalog)
    sessions = SessionCache(lambda user_id: storage.session(partner, user_id))
    punctuality = Punctuality(partner=partner, catalog=catalog, storage=storage, telemetry=telemetry, clock_ms=clock_ms)
    ownership = Ownership(
        partner=partner,
        leases=leases_of(storage),
        gained=lambda lane: sessions.forget(chat_of_lane(lane) or 0),
        telemetry=telemetry,
    )
    outbox = Outbox(
        partner=partner,
        sender=Sender(bot, provider),
        storage=storage,
        telemetry=telemetry,
        clock_ms=clock_ms,
        sleep=sleep,
        menu_sent=sessions.menu_sent,
        ownership=ownership,
        delivered=punctuality.delivered,
    )
    runner = Runner(
        partner=partner,
        catalog=catalog,
        provider=provider,
        inputs=TelegramFiles(bot, sleep=sleep),
        storage=storage,
        messenger=outbox,
        narrator=narrator,
        punctuality=punctuality,
        ownership=ownership,
        telemetry=telemetry,
        clock_ms=clock_ms,
        sleep=sleep,
    )
    words = CashierWords(texts=texts)
    refunds = Refunds(
        partner=partner,
        bot=bot,
        storage=storage,
        messenger=outbox,
        words=words,
        telemetry=telemetry,
        clock_ms=clock_ms,
        sleep=sleep,
    )
    reconciliation = Reconciliation(
        partner=partner,
        bot=bot,
        storage=storage,
        messenger=outbox,
        words=words,
        language_of=lambda told: spoken(told, texts.codes, DEFAULT_LANGUAGE),
        telemetry=telemetry,
        clock_ms=clock_ms,
    )
    maintenance = Maintenance(partner=partner, memos=storage, telemetry=telemetry)
    broadcaster = Broadcaster(
        partner=partner,
        storage=storage,
        messenger=outbox,
        texts=texts,
        telemetry=telemetry,
        clock_ms=clock_ms,
        sleep=sleep,
    )
    conversation = Conversation(
        partner=partner,
        bot_id=bot_id,
        admin_ids=frozenset(settings.admin_ids),
        languages=texts.codes,
        default_language=DEFAULT_LANGUAGE,
        storage=storage,
        sessions=sessions,
        messenger=outbox,
        starter=runner,
        refunder=refunds,
        remembered=(maintenance.changed, broadcaster.changed),
        apology=narrator.apology,
        telemetry=telemetry,
        clock_ms=clock_ms,
    )
    dispatcher = BotDispatcher(
        application=application,
        conversation=conversation,
        features=Features.build(
            reads=storage,
            texts=texts,
            catalog=catalog,
            packs=load_packs(),
            narrator=narrator,
            daily_free_limit=settings.daily_free_limit,
            zone=settings.zone,
            username=lambda: bot.username,
            figures=storage.probe(partner, day_of=lambda at_ms: day_of(at_ms, settings.zone)),
            findings=lambda: diagnosis,
            is_closed=lambda: maintenance.is_on,
            contact=settings.support_contact,
        ),
    )
    worker = Worker(
        dispatcher=dispatcher,
        storage=storage,
        ownership=ownership,
        telemetry=telemetry,
        clock_ms=clock_ms,
        user_ref=lambda envelope: _user_ref(log_users, envelope),
        sleep=sleep,
    )
    inbox = Inbox(
        partner=partner,
        bot_id=bot_id,
        storage=storage,
        worker=worker,
        ownership=ownership,
        telemetry=telemetry,
        clock_ms=clock_ms,
    )
    ownership.attach(inbox, {Kind.UPDATES: worker, Kind.MESSAGES: outbox, Kind.ATTEMPTS: runner}, hear=runner.told)

    is_called = settings.webhook_base_url is not None and mode == "serve"
    webhook_url = f"{settings.webhook_base_url}{WEBHOOK_PATH}" if is_called else ""

    async def announce() -> None:
        await announce_commands(bot, texts, default=DEFAULT_LANGUAGE)
        if webhook_url:
            terms = WebhookTerms(webhook_url, _required(settings.webhook_secret))
            await announce_webhook(
                bot, terms, memory=Remembered(storage, partner=partner, name="webhook", clock_ms=clock_ms)
            )

    def sample() -> None:
        metrics = telemetry.metrics
        metrics.lanes.set(to=worker.lanes)
        metrics.updates_undone.set(to=worker.unfinished)
        metrics.updates_undone_oldest.set(to=worker.oldest_ms() / 1000)
        metrics.outbox_messages.set(to=outbox.waiting)
        metrics.outbox_oldest.set(to=outbox.oldest_ms() / 1000)

    vitals = Vitals(
        bot=bot,
        webhook_url=webhook_url,
        updates=lambda: QueueFacts(waiting=worker.unfinished, most=MAX_UPDATES, oldest_ms=worker.oldest_ms()),
        outbox=lambda: QueueFacts(waiting=outbox.waiting, most=MAX_MESSAGES, oldest_ms=outbox.oldest_ms()),
        provider=provider,
        telemetry=telemetry,
        clock_ms=clock_ms,
    )
    diagnosis = Diagnosis(
        settings=settings,
        storage=storage,
        lifecycle=lifecycle,
        telemetry=telemetry,
        reference=log_users.of,
        vitals=vitals,
        sample=sample,
    )
    housekeeping = Housekeeping(partner=partner, storage=storage, telemetry=telemetry, clock_ms=clock_ms)
    service = Service(
        Parts(
            storage=storage,
            ownership=ownership,
            inbox=inbox,
            worker=worker,
            outbox=outbox,
            runner=runner,
            refunds=refunds,
            provider=provider,
            diagnosis=diagnosis,
            application=application,
            ways=ways,
            admit=lambda: _admit(mode, bot, ownership),
            announce=announce,
            inspect=diagnosis.inspect,
            background=(
                diagnosis.watch,
                housekeeping.run,
                refunds.sweep,
                reconciliation.run,
                maintenance.watch,
                broadcaster.run,
            ),
        ),
        lifecycle=lifecycle,
        telemetry=telemetry,
        mode=mode,
    )
    routes = diagnosis.routes()
    if mode == "serve":
        webhook = Webhook(
            secret=_required(settings.webhook_secret), inbox=inbox, lifecycle=lifecycle, telemetry=telemetry
        )
        routes.append(Route(WEBHOOK_PATH, webhook))
    if callbacks is not None:
        door = ProviderCallback(
            is_ours=callbacks.is_ours,
            job_of=called_back,
            heard=runner.heard,
            lifecycle=lifecycle,
            telemetry=telemetry,
        )
        routes.append(Route(CALLBACK_PATH + "/{token}/{proof}", door))
    return Built(
        service=service,
        asgi=_asgi(routes, service),
        bot=bot,
        inbox=inbox,
        ownership=ownership,
        runner=runner,
        outbox=outbox,
        refunds=refunds,
        reconciliation=reconciliation,
        maintenance=maintenance,
        broadcaster=broadcaster,
        diagnosis=diagnosis,
        vitals=vitals,
    )


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


def _required(secret: SecretStr | None) -> str:
    if secret is None:
        raise ValueError("the settings were not loaded for this mode")
    return secret.get_secret_value()


def _user_ref(references: UserReferences, envelope: Envelope) -> str | None:
    """The reference of the user, where the lane is that of a private chat (its id is the user's)."""
    chat = envelope.lane.partition(":")[2]
    return references.of(int(chat)) if chat.isdecimal() else None


def serve(settings: Settings) -> int:
    """Serve the webhook until a signal; the exit code."""
    return run(lambda stop: _serve(settings, stop))


def poll(settings: Settings) -> int:
    """Fetch updates instead of being called, until a signal; the exit code."""
    return run(lambda stop: _poll(settings, stop))


async def _serve(settings: Settings, stop: asyncio.Event) -> int:
    with opened_telemetry(settings) as telemetry:
        built = build_default(settings, telemetry=telemetry, mode="serve")
        async with serving(built.asgi, listen(settings.host, settings.port)), running(built.service) as start:
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
def opened_telemetry(settings: Settings, *, terminal: bool = False) -> Iterator[Telemetry]:
    """Logs to standard output, traces by the OTEL_* variables; what waits is sent at the end."""
    writer = TickWriter(sys.stdout.buffer)
    telemetry = Telemetry.create(
        writer,
        service="botflight",
        version=version("botflight"),
        redactor=Redactor(settings.secrets()),
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


def build_default(settings: Settings, *, telemetry: Telemetry, mode: str) -> Built:
    """Put together what the settings ask for."""
    storage = open_storage(settings.database_url.get_secret_value(), clock=system_clock_ms)
    provider, callbacks = pick_provider(settings, mode=mode)
    told = telemetry.logs.logger("provider")
    tell = told.info if callbacks is not None else told.warning
    called = callbacks is not None and callbacks.reachable
    tell("PROVIDER_PICKED", provider=provider.name, callbacks=called)
    return build(settings, telemetry=telemetry, storage=storage, provider=provider, mode=mode, callbacks=callbacks)


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
