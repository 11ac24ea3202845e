"""What the service knows of itself: how Telegram sees it, what waits in memory, how the provider does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True, kw_only=True)
class WatchedBot:
    """A bot, and what Telegram last said of it."""

    #: Of its partner, masked.
    name: str
    bot: Bot
    #: Where Telegram is to deliver to; "" where updates are fetched.
    webhook_url: str
    told: WebhookInfo | None = None
    told_at_ms: int = 0
    silent_since_ms: int | None = None

    @property
    def last_error_ms(self) -> int | None:
        """When Telegram last failed to deliver; None where it never did."""
        failed_at = self.told.last_error_date if self.told is not None else None
        return round(failed_at.timestamp() * 1000) if failed_at is not None else None


class Vitals:
    """A `ServiceProbe`. Telegram and the provider are asked every minute; every question is answered at once."""

    def __init__(
        self,
        *,
        bots: Sequence[WatchedBot],
        updates: Callable[[], QueueFacts],
        outbox: Callable[[], QueueFacts],
        provider: WatchedProvider,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bots = tuple(bots)
        self._updates = updates
        self._outbox = outbox
        self._provider = provider
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("diagnostics")
        self._clock_ms = clock_ms
        self._sleep = sleep
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
        """Ask Telegram how it sees the bots, one after the other."""
        for one in self._bots:
            await self._ask(one)
        told = [one.told for one in self._bots if one.told is not None]
        last_error_ms = max((one.last_error_ms or 0 for one in self._bots), default=0)
        self._telemetry.metrics.webhook_pending.set(to=sum(info.pending_update_count for info in told))
        self._telemetry.metrics.webhook_last_error.set(to=last_error_ms / 1000)

    async def _ask(self, one: WatchedBot) -> None:
        asked_at_ms = self._clock_ms()
        try:
            one.told = await one.bot.get_webhook_info()
        except TelegramError as error:
            self._log.warning("TELEGRAM_NOT_ASKED", error_type=type(error).__name__)
            if one.silent_since_ms is None:
                one.silent_since_ms = asked_at_ms
            return
        one.told_at_ms, one.silent_since_ms = self._clock_ms(), None

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
        """How Telegram sees the bots."""
        now_ms = self._clock_ms()
        told = [(one, one.told) for one in self._bots if one.told is not None]
        silent_since_ms = [one.silent_since_ms for one in self._bots if one.silent_since_ms is not None]
        failed = max(
            (one for one, _ in told if one.last_error_ms), key=lambda one: one.last_error_ms or 0, default=None
        )
        return TelegramFacts(
            answer_age_ms=max((now_ms - one.told_at_ms for one, _ in told), default=None),
            silent_ms=now_ms - min(silent_since_ms) if silent_since_ms else None,
            bots=len(self._bots),
            strayed=tuple(one.name for one, info in told if info.url != one.webhook_url),
            pending=sum(info.pending_update_count for _, info in told),
            last_error_age_ms=max(0, now_ms - (failed.last_error_ms or 0)) if failed is not None else None,
            last_error=_words(failed),
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


def _words(failed: WatchedBot | None) -> str:
    """What Telegram said of its last failure."""
    told = failed.told if failed is not None else None
    return (told.last_error_message or "")[:_MAX_WORDS] if told is not None else ""
