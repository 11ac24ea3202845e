"""One partner's bot, put together: all that is its own, over a store and a provider that partners share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr
from telegram import Bot
from telegram.request import BaseRequest

from botflight_diagnostics.telemetry import Telemetry, UserReferences
from botflight_service.billing.packs import Packs
from botflight_service.billing.quotas import day_of
from botflight_service.bot.announcement import WebhookTerms, announce_commands, announce_webhook
from botflight_service.bot.broadcast import Broadcaster
from botflight_service.bot.calls import Calls
from botflight_service.bot.cashier import CashierWords
from botflight_service.bot.conversation import Conversation, spoken
from botflight_service.bot.dispatch import BotDispatcher
from botflight_service.bot.files import TelegramFiles
from botflight_service.bot.handlers.operation import Findings
from botflight_service.bot.handlers.router import Features
from botflight_service.bot.maintenance import Maintenance
from botflight_service.bot.narrator import Narrator
from botflight_service.bot.outbox import Outbox
from botflight_service.bot.rate_limit import RateLimit
from botflight_service.bot.sender import Sender
from botflight_service.bot.sessions import SessionCache
from botflight_service.bot.taps import Taps
from botflight_service.bot.texts import Texts
from botflight_service.config import Settings
from botflight_service.generation.catalog import Catalog
from botflight_service.generation.punctuality import Punctuality
from botflight_service.generation.runner import Runner
from botflight_service.housekeeping import Housekeeping
from botflight_service.provider.interface import Provider
from botflight_service.remembered import Remembered
from botflight_service.stars.reconciliation import Reconciliation
from botflight_service.stars.refunds import Refunds
from botflight_service.storage.interface import Storage
from botflight_service.storage.sharing import Kind, leases_of
from botflight_service.updates.envelope import Envelope, chat_of_lane
from botflight_service.updates.inbox import Inbox
from botflight_service.updates.ownership import Ownership
from botflight_service.updates.worker import Worker

#: For users whose language the bot does not speak.
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What partners share."""

    storage: Storage
    provider: Provider
    texts: Texts
    packs: Packs
    telemetry: Telemetry
    clock_ms: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerParts:
    """One partner's parts, put together and not started."""

    settings: Settings
    bot: Bot
    ways: tuple[BaseRequest, BaseRequest]
    log_users: UserReferences
    #: Where Telegram delivers to; "" where updates are fetched.
    webhook_url: str
    inbox: Inbox
    ownership: Ownership
    worker: Worker
    runner: Runner
    outbox: Outbox
    refunds: Refunds
    reconciliation: Reconciliation
    maintenance: Maintenance
    broadcaster: Broadcaster
    #: Tells Telegram where and what to send.
    announce: Callable[[], Awaitable[None]]
    #: Run beside the updates from the start to the end.
    background: tuple[Callable[[], Coroutine[None, None, None]], ...]


def assemble(
    settings: Settings,
    shared: Shared,
    *,
    catalog: Catalog,
    ways: tuple[BaseRequest, BaseRequest],
    findings: Callable[[], Findings],
    webhook_url: str,
) -> PartnerParts:
    """Put one partner's parts together. `ways` lead to Telegram; `webhook_url` is "" where updates are fetched."""
    token = revealed(settings.telegram_bot_token)
    partner, bot_id = settings.partner, int(token.partition(":")[0])
    storage, telemetry, texts = shared.storage, shared.telemetry, shared.texts
    clock_ms, sleep = shared.clock_ms, shared.sleep
    log_users = UserReferences(token.encode())
    # Both ways are given: left to itself, a bot makes an httpx client with an SSL context for each.
    bot = Bot(
        token,
        base_url=f"{settings.telegram_api_base_url}/bot",
        base_file_url=f"{settings.telegram_api_base_url}/file/bot",
        request=ways[0],
        get_updates_request=ways[1],
    )
    narrator = Narrator(texts=texts, catalog=catalog)
    sessions = SessionCache(lambda user_id: storage.session(partner, user_id))
    calls = Calls(bot)
    taps = Taps(calls=calls, telemetry=telemetry, clock_ms=clock_ms)
    punctuality = Punctuality(partner=partner, catalog=catalog, storage=storage, telemetry=telemetry, clock_ms=clock_ms)
    ownership = Ownership(
        partner=partner,
        leases=leases_of(storage),
        gained=lambda lane: sessions.forget(chat_of_lane(lane) or 0),
        telemetry=telemetry,
    )

    async def gone(task_id: UUID, code: str) -> None:
        await runner.gone(task_id, code)

    outbox = Outbox(
        partner=partner,
        sender=Sender(calls, shared.provider),
        storage=storage,
        telemetry=telemetry,
        clock_ms=clock_ms,
        sleep=sleep,
        menu_sent=sessions.menu_sent,
        ownership=ownership,
        delivered=punctuality.delivered,
        gone=gone,
    )
    runner = Runner(
        partner=partner,
        catalog=catalog,
        provider=shared.provider,
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
        till=bot,
        messenger=outbox,
        starter=runner,
        refunder=refunds,
        remembered=(maintenance.changed, broadcaster.changed),
        taps=taps,
        apology=narrator.apology,
        telemetry=telemetry,
        clock_ms=clock_ms,
    )
    dispatcher = BotDispatcher(
        bot=bot,
        conversation=conversation,
        features=Features.build(
            reads=storage,
            texts=texts,
            catalog=catalog,
            packs=shared.packs,
            narrator=narrator,
            daily_free_limit=settings.daily_free_limit,
            zone=settings.zone,
            username=lambda: bot.username,
            figures=storage.probe(partner, day_of=lambda at_ms: day_of(at_ms, settings.zone)),
            findings=findings,
            is_closed=lambda: maintenance.is_on,
            contact=settings.support_contact,
            limit=RateLimit(per_minute=settings.user_updates_per_minute, burst=settings.user_updates_at_once),
            under_way=runner.under_way,
            most_under_way=settings.user_generations_at_once,
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
        taps=taps,
        telemetry=telemetry,
        clock_ms=clock_ms,
    )
    ownership.attach(inbox, {Kind.UPDATES: worker, Kind.MESSAGES: outbox, Kind.ATTEMPTS: runner}, hear=runner.told)
    housekeeping = Housekeeping(partner=partner, storage=storage, telemetry=telemetry, clock_ms=clock_ms)

    async def announce() -> None:
        await announce_commands(bot, texts, default=DEFAULT_LANGUAGE)
        if webhook_url:
            terms = WebhookTerms(webhook_url, revealed(settings.webhook_secret))
            memory = Remembered(storage, partner=partner, name="webhook", clock_ms=clock_ms)
            await announce_webhook(bot, terms, memory=memory)

    return PartnerParts(
        settings=settings,
        bot=bot,
        ways=ways,
        log_users=log_users,
        webhook_url=webhook_url,
        inbox=inbox,
        ownership=ownership,
        worker=worker,
        runner=runner,
        outbox=outbox,
        refunds=refunds,
        reconciliation=reconciliation,
        maintenance=maintenance,
        broadcaster=broadcaster,
        announce=announce,
        background=(housekeeping.run, refunds.sweep, reconciliation.run, maintenance.watch, broadcaster.run),
    )


def revealed(secret: SecretStr | None) -> str:
    """A secret in the clear. Raises ValueError where the settings were loaded for a mode that needs none."""
    if secret is None:
        raise ValueError("the settings were not loaded for this mode")
    return secret.get_secret_value()


def _user_ref(references: UserReferences, envelope: Envelope) -> str | None:
    """The reference of the user, where the lane is that of a private chat (its id is the user's)."""
    chat = envelope.lane.partition(":")[2]
    return references.of(int(chat)) if chat.isdecimal() else None
