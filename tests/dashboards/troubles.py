"""What can go wrong, made for the time of a block, and the alerts that are to fire on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.dashboards.prometheus_server import Prometheus
from tests.dashboards.stage import Stage, repeated, store_error

from botflight_harness.telegram import Refusal
from botflight_service.provider.interface import ProviderRefused
from botflight_service.provider.mischief import Mischief

#: Fires on a burn over days, and goes on for as long.
LASTS = "Slowly"
#: What takes minutes takes a second or less in the tests, and so does a look on a busy machine.
HURRIED = {"BotflightPreflightSilent", "BotflightDown"}
#: Fire where everything is late.
LATE = {
    *("BotflightEventLoopLate", "BotflightStoreSlow", "BotflightPreflightWarning"),
    *("BotflightTapsUnansweredFast", "BotflightTapsUnansweredSlowly"),
    *("BotflightPicturesLateFast", "BotflightPicturesLateSlowly"),
}
#: So many people meet a trouble: more than the least number of bad events.
PEOPLE = 8


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, and what fires on it."""

    alerts: tuple[str, ...]
    made: Callable[[Stage], AbstractAsyncContextManager[None]]
    #: May fire as well: a consequence that users feel too.
    also: tuple[str, ...] = ()
    #: Those of one shift meet one service, one after the other.
    shift: int = 1


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
    # No recount is under way as it is mended: that would write down afterwards what it saw before.
    on.saboteur.errors["audit"] = store_error()
    on.break_the_ledger()
    yield
    on.break_the_ledger()
    await on.audits()
    on.saboteur.errors.clear()


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
    """Make trouble, wait until its alerts fire and no others, mend it, and wait until they end; what they say.

    Those on a burn over days go on for as long: nobody waits for their end, and another trouble may have left them.
    """
    await server.quiet(lambda alert: alert.endswith(LASTS) or alert in HURRIED)
    lasting = {name for name in await server.firing() if name.endswith(LASTS)}
    expected = {*trouble.alerts, *trouble.also, *lasting, *HURRIED}
    assert not lasting & set(trouble.alerts), f"another trouble left {lasting & set(trouble.alerts)}"
    async with trouble.made(on):
        told = {alert: (await server.fires(alert))["annotations"] for alert in trouble.alerts}
        beside = set(await server.firing()) - expected - (LATE if _is_overloaded() else set())
    assert beside == set(), f"fires beside {trouble.alerts}: {beside}"
    for alert, said in told.items():
        assert "no value" not in " ".join(said.values()), f"{alert} says: {said}"
    for alert in (*trouble.alerts, *trouble.also):
        if not alert.endswith(LASTS):
            await server.ends(alert)
    return told


def _is_overloaded() -> bool:
    """Whether the machine has more than twice as much to do as it can: then everything is late, and alerts say so."""
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


async def _all_tap(on: Stage, button: str) -> None:
    people = [await on.somebody_comes() for _ in range(PEOPLE)]
    await asyncio.gather(*(person.taps(button) for person in people))


_TAPS = ("BotflightTapsUnansweredFast", "BotflightTapsUnansweredSlowly")
_PICTURES = ("BotflightPicturesLateFast", "BotflightPicturesLateSlowly")

TROUBLES = (
    Trouble(("BotflightDown",), the_service_is_down),
    Trouble(("BotflightLedgerBroken",), the_ledger_drifts),
    Trouble(("BotflightPreflightCritical",), the_webhook_is_elsewhere, shift=4),
    Trouble(("BotflightPreflightWarning",), scratch_rows_stay, shift=4),
    Trouble(("BotflightEventLoopLate",), lambda on: on.blocking(), shift=4),
    Trouble(("BotflightTelemetryDropped",), spans_are_dropped, shift=2),
    Trouble(("BotflightProviderAlarm",), the_account_is_empty, shift=2),
    Trouble(("BotflightTelegramFlood",), telegram_floods, shift=2),
    Trouble(("BotflightTelegramFailing",), telegram_is_away, shift=2),
    Trouble(_TAPS, taps_stay_unanswered, shift=2),
    Trouble(_PICTURES, generations_fail, shift=2),
    # A store that is away or slow makes taps wait, and the preflight says that it is slow.
    Trouble(("BotflightStoreFailing",), the_store_fails, (*_TAPS, "BotflightPreflightWarning"), shift=3),
    Trouble(("BotflightStoreSlow",), the_store_is_slow, (*_TAPS, "BotflightPreflightWarning"), shift=3),
    # The defect is made where the store is called.
    Trouble(
        ("BotflightUpdatesFailingFast", "BotflightUpdatesFailingSlowly"),
        handlers_fail,
        ("BotflightStoreFailing",),
        shift=3,
    ),
)
