from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import generate_latest
from telegram import WebhookInfo

from botflight_diagnostics.service_probe import QueueFacts
from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.telemetry.capture import CapturedTelemetry
from botflight_harness.telegram import Telegram
from botflight_service.bot.outbox import MAX_WAITING
from botflight_service.provider.interface import NotNow, ProviderRefused, ProviderUnavailable
from botflight_service.provider.local import LocalProvider
from botflight_service.provider.observed import ObservedProvider
from botflight_service.provider.outcomes import WINDOW_S, Outcomes
from botflight_service.vitals import Vitals, WatchedBot
from makings import NOW_MS
from shop import Shop


async def report(shop: Shop) -> dict[str, Any]:
    """The service preflight, made now."""
    return (await shop.service.diagnosis.service_preflight.report_anew()).payload()


async def test_telegram_says_that_updates_come_here(shop: Shop) -> None:
    """A service that has set its webhook finds its own address when it asks."""
    await shop.service.vitals.ask_telegram()

    told = await report(shop)

    assert told["sections"]["telegram"]["details"] == "webhook=ours, pending=0"
    assert told["result"] == "READY"


async def test_a_webhook_that_somebody_else_has_set_is_found(shop: Shop) -> None:
    """Updates that go to another address are a critical finding, and the metrics tell."""
    await shop.service.bot.set_webhook("https://another.example.com/webhook")
    await shop.service.vitals.ask_telegram()

    told = await report(shop)

    assert (told["result"], told["sections"]["telegram"]["code"]) == ("FAIL", "SVC_WEBHOOK_WRONG")
    assert shop.telemetry.sample("botflight_preflight_findings", code="SVC_WEBHOOK_WRONG") == 1


async def test_a_telegram_that_does_not_answer_is_found_after_three_minutes(
    impatient_shop: Shop, telegram: Telegram
) -> None:
    """A question in vain is chance; minutes of silence are not, and one answer ends them."""
    shop, clock = impatient_shop, telegram.clock
    telegram.faults.lose_call("getWebhookInfo", times=2)
    results = []

    for _ in range(3):
        await shop.service.vitals.ask_telegram()
        clock.move_to(clock.now_ms() + 180_001)
        results.append((await report(shop))["sections"]["telegram"]["status"])

    assert results == ["FAIL", "FAIL", "OK"]
    assert len(shop.telemetry.events("TELEGRAM_NOT_ASKED")) == 2


async def test_a_delivery_that_failed_is_found_for_five_minutes(impatient_shop: Shop, telegram: Telegram) -> None:
    """Telegram keeps its last error for good; it counts while it is fresh, and is told in Telegram's words."""
    shop, clock = impatient_shop, telegram.clock
    webhook = next(iter(telegram.bots.values())).webhook
    webhook.last_error, webhook.last_error_ms = "Wrong response from the webhook: 503", clock.now_ms()
    await shop.service.vitals.ask_telegram()

    fresh = (await report(shop))["sections"]["telegram"]
    clock.move_to(clock.now_ms() + 301_000)
    old = (await report(shop))["sections"]["telegram"]

    assert (fresh["code"], fresh["meta"]["last_error"]) == ("SVC_WEBHOOK_ERROR", webhook.last_error)
    assert old["status"] == "OK"


async def test_the_bot_that_strayed_is_named_among_others(telemetry: CapturedTelemetry) -> None:
    """Of several bots of a process the one whose webhook is another's is in the sample, and what waits is a sum."""

    class FakeBot:
        def __init__(self, url: str, failed_ago_s: int) -> None:
            failed_at = datetime.fromtimestamp(NOW_MS / 1000 - failed_ago_s, tz=UTC)
            self._info = WebhookInfo(url, False, 2, last_error_date=failed_at, last_error_message=f"{failed_ago_s} s")

        async def get_webhook_info(self) -> WebhookInfo:
            return self._info

    ours = "https://bot.example.com/webhook"
    bots: Any = [
        WatchedBot(name="p***01", bot=FakeBot(ours, 90), webhook_url=ours),  # type: ignore[arg-type]
        WatchedBot(name="p***02", bot=FakeBot("", 30), webhook_url=f"{ours}/p2"),  # type: ignore[arg-type]
    ]
    vitals = vitals_of(LocalProvider(clock_ms=lambda: NOW_MS, spool=None), telemetry, bots=bots)

    await vitals.ask_telegram()

    facts = await vitals.telegram()
    assert (facts.bots, facts.strayed, facts.pending) == (2, ("p***02",), 4)
    assert (facts.last_error_age_ms, facts.last_error) == (30_000, "30 s")


async def test_what_waits_is_told(shop: Shop) -> None:
    """Both queues with their limits, empty when all is done."""
    told = await report(shop)

    assert told["sections"]["outbox"]["meta"]["most"] == MAX_WAITING
    assert (await shop.service.vitals.updates()) == QueueFacts(waiting=0, most=10_000, oldest_ms=0)


class Paid(LocalProvider):
    """The local provider, paid from an account."""

    left: float | Exception = 20.0

    async def credit(self) -> float:
        """What is left."""
        if isinstance(self.left, Exception):
            raise self.left
        return self.left


@pytest.fixture
def telemetry() -> CapturedTelemetry:
    return Telemetry.for_tests()


def vitals_of(provider: LocalProvider, telemetry: CapturedTelemetry, **options: Any) -> Vitals:
    """What a service with this provider knows; nothing waits."""
    nothing = QueueFacts(waiting=0, most=1, oldest_ms=0)
    parts: dict[str, Any] = {"bots": [], "updates": lambda: nothing, "outbox": lambda: nothing}
    watched = ObservedProvider(provider, telemetry)
    return Vitals(**parts | options, provider=watched, telemetry=telemetry, clock_ms=lambda: NOW_MS)


async def test_what_had_no_turn_is_no_failing_of_the_provider(telemetry: CapturedTelemetry) -> None:
    """Our own pacing put it off: nobody was called, so neither finding nor log nor metric tells of a call."""
    provider = Paid(clock_ms=lambda: NOW_MS, spool=None)
    provider.left = NotNow("unavailable")
    watched = ObservedProvider(provider, telemetry)
    assert watched.account is not None

    with pytest.raises(NotNow):
        await watched.account.credit()

    counts = watched.outcomes.counts()
    assert (counts.calls, counts.failed, telemetry.events("PROVIDER_CALLED")) == (0, 0, [])
    assert b"NotNow" not in generate_latest(telemetry.metrics.registry)


async def test_what_is_left_with_the_provider_is_known(telemetry: CapturedTelemetry) -> None:
    """A provider that is paid from an account is asked for what is left there."""
    vitals = vitals_of(Paid(clock_ms=lambda: NOW_MS, spool=None), telemetry)

    await vitals.ask_provider()

    assert (await vitals.provider()).credit == 20


async def test_a_credit_that_cannot_be_asked_for_is_not_known(telemetry: CapturedTelemetry) -> None:
    """What was left before says nothing of now, and why it is not known stands in the log."""
    provider = Paid(clock_ms=lambda: NOW_MS, spool=None)
    vitals = vitals_of(provider, telemetry)
    await vitals.ask_provider()

    provider.left = ProviderUnavailable("http_500")
    await vitals.ask_provider()

    assert (await vitals.provider()).credit is None
    (line,) = telemetry.events("PROVIDER_CREDIT_UNKNOWN")
    assert line["error.type"] == "http_500"


async def test_a_provider_that_is_paid_by_nobody_has_no_credit(telemetry: CapturedTelemetry) -> None:
    """The local provider draws for nothing, and is not asked."""
    vitals = vitals_of(LocalProvider(clock_ms=lambda: NOW_MS, spool=None), telemetry)

    await vitals.ask_provider()

    facts = await vitals.provider()
    assert (facts.credit, facts.calls) == (None, 0)


async def test_calls_that_fail_and_calls_that_are_refused_are_told_apart(telemetry: CapturedTelemetry) -> None:
    """A refusal is an answer: only the other errors are the provider's failures."""
    provider = Paid(clock_ms=lambda: NOW_MS, spool=None)
    vitals = vitals_of(provider, telemetry)

    for error in (ProviderUnavailable("http_500"), ProviderRefused("bad_key")):
        provider.left = error
        await vitals.ask_provider()

    facts = await vitals.provider()
    assert (facts.calls, facts.failed, facts.refused) == (2, 1, 0)


def test_refused_submissions_are_counted_and_forgotten() -> None:
    """Counts are of the last five minutes."""
    now_s = 1000.0
    outcomes = Outcomes(lambda: now_s)
    outcomes.note(submitted=True, failed=False, refused=True)
    outcomes.note(submitted=False, failed=True, refused=False)
    before = outcomes.counts()

    now_s += WINDOW_S
    outcomes.note(submitted=True, failed=False, refused=False)
    after = outcomes.counts()

    assert (before.calls, before.failed, before.submits, before.refused) == (2, 1, 1, 1)
    assert (after.calls, after.failed, after.submits, after.refused) == (1, 0, 1, 0)


async def test_both_are_asked_every_minute(telemetry: CapturedTelemetry) -> None:
    """The first time once the webhook has had time to be set, then each minute."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise asyncio.CancelledError

    asked = []

    class FakeBot:
        async def get_webhook_info(self) -> WebhookInfo:
            asked.append(len(pauses))
            return WebhookInfo(url="", has_custom_certificate=False, pending_update_count=3)

    provider = LocalProvider(clock_ms=lambda: NOW_MS, spool=None)
    watched: Any = WatchedBot(name="p***01", bot=FakeBot(), webhook_url="")  # type: ignore[arg-type]
    vitals = vitals_of(provider, telemetry, bots=[watched], sleep=sleep)

    with pytest.raises(asyncio.CancelledError):
        await vitals.watch()

    assert pauses == [5.0, 60.0, 60.0, 60.0]
    assert (asked, telemetry.sample("botflight_webhook_pending_updates")) == ([1, 2, 3], 3)
