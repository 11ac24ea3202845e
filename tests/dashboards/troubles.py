"""What can go wrong, made for the time of a block, and the alerts that are to fire on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.dashboards.prometheus_server import Prometheus
from tests.dashboards.stage import Stage, repeated, store_error

from botflight_harness.telegram import Refusal
from botflight_service.provider.interface import ProviderRefused
from botflight_service.provider.mischief import Mischief

#: So many people meet a trouble: more than the least number of bad events.
PEOPLE = 8


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, and what fires on it."""

    alerts: tuple[str, ...]
    made: Callable[[Stage], AbstractAsyncContextManager[None]]
    #: May fire as well: a consequence that users feel too.
    also: tuple[str, ...] = ()


@contextlib.asynccontextmanager
async def handlers_fail(on: Stage) -> AsyncIterator[None]:
    """A defect: the page of the balance raises."""
    on.saboteur.errors["balance"] = ValueError("a defect")
    await _all_tap(on, "balance")
    yield
    on.saboteur.errors.clear()


@contextlib.asynccontextmanager
async def taps_stay_unanswered(on: Stage) -> AsyncIterator[None]:
    """Telegram takes no answer to taps."""
    too_old = Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    on.telegram.faults.refuse("answerCallbackQuery", too_old, times=PEOPLE)
    await _all_tap(on, "models")
    yield


@contextlib.asynccontextmanager
async def generations_fail(on: Stage) -> AsyncIterator[None]:
    """The provider takes every job and makes nothing."""
    on.shop.provider.fails(times=PEOPLE)
    await asyncio.gather(*(on.somebody_buys() for _ in range(PEOPLE)))
    yield


@contextlib.asynccontextmanager
async def the_ledger_drifts(on: Stage) -> AsyncIterator[None]:
    """Somebody edits an account by hand."""
    await on.somebody_buys()
    on.break_the_ledger()
    yield
    on.break_the_ledger()


@contextlib.asynccontextmanager
async def the_webhook_is_elsewhere(on: Stage) -> AsyncIterator[None]:
    """Another process with the same token takes the updates."""
    ours = on.telegram.call(on.shop.harness.bot.token, "getWebhookInfo", {})["url"]
    secret = {"secret_token": "another-secret-of-somebody"}
    on.telegram.call(on.shop.harness.bot.token, "setWebhook", {"url": "https://elsewhere.example/hook", **secret})
    await on.shop.service.vitals.ask_telegram()
    yield
    on.telegram.call(on.shop.harness.bot.token, "setWebhook", {"url": ours})
    await on.shop.service.vitals.ask_telegram()


@contextlib.asynccontextmanager
async def scratch_rows_stay(on: Stage) -> AsyncIterator[None]:
    """The store deletes nothing."""
    on.saboteur.sticky = True
    yield
    on.saboteur.sticky = False


@contextlib.asynccontextmanager
async def the_account_is_empty(on: Stage) -> AsyncIterator[None]:
    """The provider wants to be paid first."""
    on.shop.provider._plans.add(Mischief(error=ProviderRefused("no_credit", alarm="402"), taken=False), 1)
    await on.somebody_buys()
    yield


@contextlib.asynccontextmanager
async def the_service_is_down(on: Stage) -> AsyncIterator[None]:
    """It answers nobody over HTTP."""
    await on.door.aclose()
    yield
    await on.open_door()


@contextlib.asynccontextmanager
async def telegram_floods(on: Stage) -> AsyncIterator[None]:
    """Telegram asks to wait."""
    on.telegram.faults.flood("sendMessage", retry_after_s=1, times=PEOPLE)
    await asyncio.gather(*(on.somebody_comes() for _ in range(PEOPLE)))
    yield


@contextlib.asynccontextmanager
async def telegram_is_away(on: Stage) -> AsyncIterator[None]:
    """Calls to Telegram are lost on their way."""
    on.telegram.faults.lose_call("sendMessage", times=PEOPLE)
    await asyncio.gather(*(on.somebody_comes() for _ in range(PEOPLE)))
    yield


@contextlib.asynccontextmanager
async def the_store_fails(on: Stage) -> AsyncIterator[None]:
    """The store is away for what people ask of it."""
    people = [await on.somebody_comes() for _ in range(PEOPLE)]
    on.saboteur.errors["balance"] = store_error()
    tapping = asyncio.gather(*(person.taps("balance") for person in people))
    yield
    on.saboteur.errors.clear()
    await tapping


@contextlib.asynccontextmanager
async def the_store_is_slow(on: Stage) -> AsyncIterator[None]:
    """Every call to the store takes long."""
    on.saboteur.delay_s = 0.7
    coming = asyncio.gather(*(on.somebody_comes() for _ in range(PEOPLE)))
    yield
    on.saboteur.delay_s = 0
    await coming


@contextlib.asynccontextmanager
async def spans_are_dropped(on: Stage) -> AsyncIterator[None]:
    """Traces have more spans than are kept."""
    async with repeated(on.overfill_a_trace, every_s=0.2):
        yield


async def alarmed(on: Stage, server: Prometheus, trouble: Trouble) -> dict[str, dict[str, str]]:
    """Make trouble, wait until its alerts fire, and mend it; what the alerts say. Before, none of them may fire."""
    before = set(await server.firing()) & set(trouble.alerts)
    assert before == set(), f"fires before anything is wrong: {before}"
    async with trouble.made(on):
        return {alert: (await server.fires(alert))["annotations"] for alert in trouble.alerts}


async def _all_tap(on: Stage, button: str) -> None:
    people = [await on.somebody_comes() for _ in range(PEOPLE)]
    await asyncio.gather(*(person.taps(button) for person in people))


_TAPS = ("BotflightTapsUnansweredFast", "BotflightTapsUnansweredSlowly")
_PICTURES = ("BotflightPicturesLateFast", "BotflightPicturesLateSlowly")

TROUBLES = (
    Trouble(("BotflightDown",), the_service_is_down),
    Trouble(("BotflightLedgerBroken",), the_ledger_drifts),
    # The defect is made where the store is called.
    Trouble(
        ("BotflightUpdatesFailingFast", "BotflightUpdatesFailingSlowly"), handlers_fail, ("BotflightStoreFailing",)
    ),
    Trouble(_TAPS, taps_stay_unanswered),
    Trouble(_PICTURES, generations_fail),
    Trouble(("BotflightPreflightCritical",), the_webhook_is_elsewhere),
    Trouble(("BotflightPreflightWarning",), scratch_rows_stay),
    Trouble(("BotflightProviderAlarm",), the_account_is_empty),
    Trouble(("BotflightTelegramFlood",), telegram_floods),
    Trouble(("BotflightTelegramFailing",), telegram_is_away),
    Trouble(("BotflightStoreFailing",), the_store_fails),
    Trouble(("BotflightStoreSlow",), the_store_is_slow),
    Trouble(("BotflightEventLoopLate",), lambda on: on.blocking()),
    Trouble(("BotflightTelemetryDropped",), spans_are_dropped),
)
