"""How many series Prometheus is given, with everything that users, Telegram and providers can bring about."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import astuple

import orjson
import pytest
from tests.buying import chooses, confirms
from tests.shop import SECRET, Shop, open_shop, posted

from botflight_harness.telegram import Refusal, Telegram
from botflight_harness.telegram.schema import load
from botflight_service.generation.catalog import load as models

#: With everything below there are fewer: what is left to a thousand is the room of whoever adds a metric.
COMFORTABLE = 700


async def scraped(shop: Shop) -> Counter[str]:
    """How many series Prometheus would take from the page, by their names."""
    page = (await shop.harness.request("GET", "/metrics")).body.decode()
    return Counter(re.split(r"[{ ]", line)[0] for line in page.splitlines() if not line.startswith("#"))


async def everything_is_bought(shop: Shop, telegram: Telegram) -> None:
    """Each model, with success, with a failure, and refused; credits by Stars, and the Stars back."""
    for place, model in enumerate(models().models):
        buyer = telegram.user(f"buyer of {model.key}")
        await shop.gives(buyer, 300)
        for mishap in (None, shop.provider.fails, shop.provider.refuses):
            if mishap:
                mishap()
            await chooses(buyer, model, words=f"a lighthouse, {place}")
            await confirms(buyer)
    payer = telegram.user("payer")
    await shop.invoices(payer)
    await payer.pays()
    await payer.sends("/paysupport")
    for button in ("ask_refund:", "confirm_refund:"):
        await payer.taps(next(data for data in payer.last.callback_data if data.startswith(button)))


async def every_kind_of_update_comes(shop: Shop) -> None:
    """All kinds that Telegram has, and some that it may have one day."""
    kinds = [name for name in load().fields("Update") if name != "update_id"]
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    for place, kind in enumerate([*kinds, *(f"kind_of_tomorrow_{number}" for number in range(20))]):
        body = orjson.dumps({"update_id": 7_000_000 + place, kind: {"id": "1", "from": {"id": 7, "is_bot": False}}})
        await posted(shop.service.asgi, "http://here/webhook", body, headers)
    await shop.harness.idle()


async def every_method_is_refused(shop: Shop, telegram: Telegram) -> None:
    """Whatever the bot may call, with a status of its own."""
    for place, method in enumerate(load().methods):
        telegram.faults.refuse(method, Refusal(400 + place, f"Bad Request: of kind {place}"))
        with pytest.raises(Exception, match=f"(?i)of kind {place}"):
            await shop.service.bot.request.post(f"{shop.service.bot.base_url}/{method}")


def everything_fails(shop: Shop) -> None:
    """The store and the provider, at each of their methods, in many ways."""
    metrics = shop.telemetry.metrics
    for outcome in ("OK", "FAILED", "REFUSED", *(f"Error{number}" for number in range(20))):
        for method in (name for name in dir(shop.storage) if not name.startswith("_")):
            metrics.storage_called(method, outcome, duration_ms=1)
        for operation in astuple(shop.provider.operations):
            metrics.provider_called(operation, outcome, duration_ms=1)


async def test_series_stay_few_under_load(telegram: Telegram) -> None:
    """All models, kinds of updates, methods, outcomes and findings together leave room; nothing more comes later."""
    async with open_shop(telegram, daily_free_limit=1) as shop:
        await everything_is_bought(shop, telegram)
        await every_kind_of_update_comes(shop)
        await every_method_is_refused(shop, telegram)
        everything_fails(shop)
        for preflight in (shop.service.diagnosis.preflight, shop.service.diagnosis.service_preflight):
            await preflight.report_anew()
        series = await scraped(shop)
        for number in range(30):
            await telegram.user(f"user {number}").sends("/start")
        later = await scraped(shop)

    assert 400 < series.total() <= COMFORTABLE, series.most_common(12)
    assert later == series
