"""The real `botflight serve` between a Telegram and a KIE that are simulated, all by HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import BotAccount, Person, Telegram
from botflight_service.app import system_clock_ms
from botflight_service.billing.money import credits
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Balance
from kie_shop import buys, kie_settings
from running import serving_process

pytestmark = pytest.mark.process

#: In real seconds.
PATIENCE_S = 20.0


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    return telegram.bot()


@pytest.fixture
async def telegram_url(telegram: Telegram, bot: BotAccount) -> AsyncIterator[str]:
    """The simulated Telegram over HTTP, which delivers to whatever webhook it is told."""
    async with serving(application(bot_api(telegram))) as address:
        yield address.url


@pytest.fixture
async def kie() -> AsyncIterator[FakeKie]:
    """A simulated KIE that takes a second, over HTTP, which calls back over HTTP."""
    kie = FakeKie(waits_ms=50, queues_ms=50, takes_ms=1_000)
    async with serving(kie_app(kie)) as address:
        kie.files_url = f"{address.url}/files"
        yield kie
        await kie.close()
    kie.check()


async def test_killed_while_kie_is_under_maintenance_the_next_run_orders(
    telegram: Telegram, telegram_url: str, bot: BotAccount, kie: FakeKie, alice: Person, tmp_path: Path
) -> None:
    """KIE said that it took nothing: nobody waits a quarter of an hour for a sign of what was never ordered."""
    partner, url = f"bot{bot.user_id}", f"sqlite:///{tmp_path}/service.sqlite"
    storage = open_storage(url, clock=system_clock_ms)
    await storage.open()
    await storage.credit_balance_once(partner, alice.user_id, 20, "gift")
    await storage.close()
    more = {**kie_settings(kie), "DAILY_FREE_LIMIT": "0"}
    kie.refuses(455)

    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url, more=more) as first:
        await first.told("READY")
        await buys(alice)
        while (await first.told("ATTEMPT_MOVED"))["state"] != "confirmed":
            pass
        await first.kill()
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url, more=more) as second:
        await second.told("READY")
        await alice.sees("Charged: 5 credits", timeout=PATIENCE_S)
        await second.terminate()

    await storage.open()
    balance, violations = await storage.balance(partner, alice.user_id), await storage.violations()
    await storage.close()
    assert (balance, violations) == (Balance(credits(15), credits(0)), [])
    assert (kie.creates, len(kie.tasks)) == (2, 1)


async def test_killed_while_kie_works_and_then_left_without_an_answer_all_is_delivered_and_paid_once(
    telegram: Telegram, telegram_url: str, bot: BotAccount, kie: FakeKie, alice: Person, tmp_path: Path
) -> None:
    """Kill -9 with a task under way; the next run finds it by its id, and a lost answer by the call of KIE."""
    carol = telegram.user("Carol", language="en")
    partner, url = f"bot{bot.user_id}", f"sqlite:///{tmp_path}/service.sqlite"
    storage = open_storage(url, clock=system_clock_ms)
    await storage.open()
    for person in (alice, carol):
        await storage.credit_balance_once(partner, person.user_id, 20, f"gift {person.user_id}")
    await storage.close()
    more = {**kie_settings(kie), "DAILY_FREE_LIMIT": "0"}

    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url, more=more) as first:
        picked = await first.told("PROVIDER_PICKED")
        await first.told("READY")
        await buys(alice)
        while (await first.told("ATTEMPT_MOVED"))["state"] != "running":
            pass
        await first.kill()
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url, more=more) as second:
        await second.told("READY")
        await alice.sees("Charged: 5 credits", timeout=PATIENCE_S)
        kie.loses_answer(taken=True)
        await buys(carol)
        await carol.sees("Charged: 5 credits", timeout=PATIENCE_S)
        code = await second.terminate()

    await storage.open()
    balances = [await storage.balance(partner, person.user_id) for person in (alice, carol)]
    violations = await storage.violations()
    await storage.close()
    outcomes = [line["outcome"] for line in second.lines if line["event"] == "PROVIDER_CALLBACK"]
    assert (picked["provider"], picked["callbacks"], code) == ("kie", True, 0)
    assert balances == [Balance(credits(15), credits(0))] * 2
    assert (kie.creates, len(kie.tasks), violations) == (2, 2, [])
    assert outcomes == ["TAKEN"]
    assert kie.key not in repr((first.lines, second.lines))
