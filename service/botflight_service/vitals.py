"""What the service knows of itself: how Telegram sees it, what waits in memory, how the provider does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from telegram import Bot, WebhookInfo
from telegram.error import TelegramError

from botflight_diagnostics.service_probe import ProviderFacts, QueueFacts, TelegramFacts
from botflight_diagnostics.telemetry import Telemetry
from botflight_service.provider.interface import Accounted, ProviderError
from botflight_service.provider.outcomes import WINDOW_S, Outcomes

ASK_EVERY_S = 60.0
#: The webhook is set at the end of the start: whoever asks before hears of the one before.
FIRST_ASK_S = 5.0
#: Less than this on the provider's account is little: KIE sells 1,000 for 5 USD, a picture takes some 4.
CREDIT_LOW = 400.0
#: Telegram's words for an error, of which the beginning is enough.
_MAX_WORDS = 200


class WatchedProvider(Protocol):
    """A provider whose calls are counted."""

    name: str
    outcomes: Outcomes

    @property
    def account(self) -> Accounted | None:
        """The account that is paid from; None where nothing is."""
        ...


class Vitals:
    """A `ServiceProbe`. Telegram and the provider are asked every minute; every question is answered at once."""

    def __init__(
        self,
        *,
        bot: Bot,
        webhook_url: str,
        updates: Callable[[], QueueFacts],
        outbox: Callable[[], QueueFacts],
        provider: WatchedProvider,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`webhook_url` is where Telegram is to deliver to; "" where updates are fetched."""
        self._bot = bot
        self._webhook_url = webhook_url
        self._updates = updates
        self._outbox = outbox
        self._provider = provider
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("diagnostics")
        self._clock_ms = clock_ms
        self._sleep = sleep
        self._told: WebhookInfo | None = None
        self._told_at_ms: int | None = None
        self._silent_since_ms: int | None = None
        self._credit: float | None = None

    async def watch(self) -> None:
        """Ask again and again, until cancelled."""
        await self._sleep(FIRST_ASK_S)
        while True:
            for outcome in await asyncio.gather(self.ask_telegram(), self.ask_provider(), return_exceptions=True):
                # A defect in what is asked for must not end the watch.
                if isinstance(outcome, Exception):
                    self._log.error("WATCH_FAILED", exc_info=outcome)
            await self._sleep(ASK_EVERY_S)

    async def ask_telegram(self) -> None:
        """Ask Telegram how it sees this bot."""
        asked_at_ms = self._clock_ms()
        try:
            self._told = await self._bot.get_webhook_info()
        except TelegramError as error:
            self._log.warning("TELEGRAM_NOT_ASKED", error_type=type(error).__name__)
            if self._silent_since_ms is None:
                self._silent_since_ms = asked_at_ms
            return
        self._told_at_ms, self._silent_since_ms = self._clock_ms(), None
        failed_at = self._told.last_error_date
        self._telemetry.metrics.webhook_pending.set(to=self._told.pending_update_count)
        self._telemetry.metrics.webhook_last_error.set(to=failed_at.timestamp() if failed_at else 0)

    async def ask_provider(self) -> None:
        """Ask the provider what is left on the account, where there is one."""
        account = self._provider.account
        if account is None:
            return
        try:
            self._credit = await account.credit()
        except ProviderError as error:
            # What was left before says nothing of now.
            self._credit = None
            self._log.warning("PROVIDER_CREDIT_UNKNOWN", provider=self._provider.name, error_type=error.code)

    async def telegram(self) -> TelegramFacts:
        """How Telegram sees this bot."""
        now_ms = self._clock_ms()
        silent_ms = None if self._silent_since_ms is None else now_ms - self._silent_since_ms
        if self._told is None or self._told_at_ms is None:
            return TelegramFacts(silent_ms=silent_ms)
        failed_at = self._told.last_error_date
        return TelegramFacts(
            answer_age_ms=now_ms - self._told_at_ms,
            silent_ms=silent_ms,
            webhook_is_ours=self._told.url == self._webhook_url,
            pending=self._told.pending_update_count,
            last_error_age_ms=max(0, now_ms - round(failed_at.timestamp() * 1000)) if failed_at else None,
            last_error=(self._told.last_error_message or "")[:_MAX_WORDS],
        )

    async def updates(self) -> QueueFacts:
        """The updates that are not done."""
        return self._updates()

    async def outbox(self) -> QueueFacts:
        """The messages that are not sent."""
        return self._outbox()

    async def provider(self) -> ProviderFacts:
        """How the provider did."""
        counts = self._provider.outcomes.counts()
        return ProviderFacts(
            name=self._provider.name,
            window_ms=WINDOW_S * 1000,
            calls=counts.calls,
            failed=counts.failed,
            submits=counts.submits,
            refused=counts.refused,
            credit=self._credit,
            credit_low=CREDIT_LOW,
        )
