"""Telegram's account of our Stars is the truth: what it has and we lack is credited, told and counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from botflight_harness.telegram import Person, Telegram, Update
from botflight_service.billing.money import credits
from botflight_service.billing.payments import PaymentState
from botflight_service.stars import reconciliation
from botflight_service.stars.reconciliation import EVERY_MS, GRACE_MS
from botflight_service.storage.interface import StorageError
from shop import PARTNER, Shop, open_shop


@pytest.fixture
async def any_shop(telegram: Telegram, store_url: str) -> AsyncIterator[Shop]:
    """The whole service on each of the stores, on Telegram's clock."""
    async with open_shop(telegram, database_url=store_url, impatient=True) as opened:
        yield opened


async def pays_unheard(shop: Shop, person: Person, pack: str = "small") -> Update:
    """Pay, and let the receipt be lost; the receipt."""
    await shop.invoices(person, pack)
    payment = person.open_payment()
    await shop.harness.carry([payment.update])
    person.continue_payment(payment)
    assert payment.receipt is not None
    shop.harness.bot.updates.done(payment.receipt)
    return payment.receipt


def passes(shop: Shop, ms: int = GRACE_MS + 1000) -> None:
    """Let the grace go by in which a receipt may still come."""
    shop.telegram.clock.move(ms=ms)


async def compares(shop: Shop) -> reconciliation.Found:
    """One pass, and what it has to say."""
    found = await shop.service.reconciliation.compare()
    await shop.service.service.idle()
    return found


async def test_a_payment_that_the_ledger_lacks_is_credited_and_told(any_shop: Shop, alice: Person) -> None:
    """Once: with a message to the user, a line and a metric."""
    await pays_unheard(any_shop, alice)
    passes(any_shop)

    found, again = await compares(any_shop), await compares(any_shop)

    assert (found.payments, again.payments, again.compared) == (1, 0, 0)
    assert await any_shop.balance(alice) == credits(50)
    assert "Your payment was found" in alice.last.text
    assert len(any_shop.telemetry.events("PAYMENT_FOUND")) == 1
    assert any_shop.telemetry.sample("botflight_payments_total", event="found") == 1
    assert await any_shop.storage.violations() == []


async def test_the_receipt_that_comes_after_all_credits_nothing_more(any_shop: Shop, alice: Person) -> None:
    """Telegram may deliver it a day later."""
    receipt = await pays_unheard(any_shop, alice)
    passes(any_shop)
    await compares(any_shop)
    told = len(alice.screen)

    await any_shop.harness.repeat(receipt)

    assert await any_shop.balance(alice) == credits(50)
    assert any_shop.updates()[-1]["outcome"] == "ALREADY_CREDITED"
    assert len(alice.screen) == told


async def test_a_receipt_and_a_comparison_at_once_credit_once(any_shop: Shop, alice: Person) -> None:
    """Both find that it is missing; one of them credits it."""
    receipt = await pays_unheard(any_shop, alice)
    passes(any_shop)

    await asyncio.gather(compares(any_shop), compares(any_shop), any_shop.harness.repeat(receipt))

    assert await any_shop.balance(alice) == credits(50)
    assert len(await any_shop.payments(alice)) == 1
    assert await any_shop.storage.violations() == []


async def test_a_payment_of_this_moment_is_left_to_its_receipt(impatient_shop: Shop, alice: Person) -> None:
    """It may be on its way: nothing is reported, and the next pass looks at it again."""
    shop = impatient_shop
    await pays_unheard(shop, alice)

    at_once = await compares(shop)
    passes(shop)
    later = await compares(shop)

    assert (at_once.compared, at_once.payments) == (0, 0)
    assert (later.compared, later.payments) == (1, 1)


async def test_what_was_compared_is_not_read_again(
    impatient_shop: Shop, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of two, at most two a pass: the next pass goes on where this one was left."""
    shop = impatient_shop
    monkeypatch.setattr(reconciliation, "PAGE", 2)
    monkeypatch.setattr(reconciliation, "MAX_PAGES", 2)
    for _ in range(5):
        await pays_unheard(shop, alice)
    passes(shop)

    first, second, third = [await compares(shop) for _ in range(3)]

    assert (first.payments, first.ended) == (4, False)
    assert (second.payments, second.ended) == (1, True)
    assert third.compared == 0
    assert await shop.balance(alice) == credits(250)


async def test_a_pass_that_breaks_off_is_made_up_for(
    impatient_shop: Shop, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store fails between the credit and the note of how far we are: nothing is credited twice."""
    shop = impatient_shop
    await pays_unheard(shop, alice)
    passes(shop)

    async def fails(*_: object) -> None:
        raise StorageError("on purpose")

    with monkeypatch.context() as broken:
        broken.setattr(shop.service.reconciliation, "_note", fails)
        with pytest.raises(StorageError):
            await shop.service.reconciliation.compare()
    again = await compares(shop)

    assert (again.compared, again.payments) == (1, 0)
    assert await shop.balance(alice) == credits(50)


async def test_a_payment_that_the_ledger_contradicts_holds_up_no_other(impatient_shop: Shop, alice: Person) -> None:
    """Other terms under its charge: it is told, nothing moves, and the next payment is credited."""
    shop = impatient_shop
    receipt = await pays_unheard(shop, alice)
    charge_id = receipt.payload["successful_payment"]["telegram_payment_charge_id"]
    await shop.storage.credit_balance_once(PARTNER, alice.user_id, 1, f"stars:{charge_id}")
    await pays_unheard(shop, alice)
    passes(shop)

    found = await compares(shop)

    assert (found.compared, found.payments) == (2, 1)
    assert [line["charge_id"] for line in shop.telemetry.events("PAYMENT_NOT_RECONCILED")] == [charge_id]
    assert await shop.balance(alice) == credits(51)


async def test_a_refund_that_nobody_heard_of_is_found(any_shop: Shop, alice: Person) -> None:
    """Made elsewhere, and Telegram's message was lost: the credits go, and it is reported."""
    await any_shop.invoices(alice)
    payment = await alice.pays()
    await any_shop.service.bot.refund_star_payment(alice.user_id, payment.charge_id)
    any_shop.harness.bot.updates.clear()
    passes(any_shop)

    found, again = await compares(any_shop), await compares(any_shop)

    assert (found.refunds, again.refunds) == (1, 0)
    assert (await any_shop.payments(alice))[0].state is PaymentState.REFUNDED
    assert await any_shop.balance(alice) == credits(0)
    assert any_shop.telemetry.events("PAYMENT_REFUNDED")[0]["elsewhere"] is True
    assert any_shop.telemetry.sample("botflight_payments_total", event="refunded_elsewhere") == 1
    assert "went back" in alice.last.text


async def test_a_payment_and_its_refund_that_both_were_missed_end_even(any_shop: Shop, alice: Person) -> None:
    """In their order: credited, and taken back."""
    receipt = await pays_unheard(any_shop, alice)
    charge_id = receipt.payload["successful_payment"]["telegram_payment_charge_id"]
    await any_shop.service.bot.refund_star_payment(alice.user_id, charge_id)
    any_shop.harness.bot.updates.clear()
    passes(any_shop)

    found = await compares(any_shop)

    assert (found.payments, found.refunds) == (1, 1)
    assert await any_shop.balance(alice) == credits(0)
    assert await any_shop.storage.violations() == []


async def test_a_start_compares_what_was_missed_while_the_service_was_down(
    telegram: Telegram, alice: Person, tmp_path: Path
) -> None:
    """Killed for a day, the update expired at Telegram's end: the next start credits."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    async with open_shop(telegram, database_url=url, impatient=True) as shop:
        await pays_unheard(shop, alice)
    telegram.clock.move(hours=25)

    async with open_shop(telegram, database_url=url, impatient=True) as shop:
        async with asyncio.timeout(5):
            while not shop.telemetry.events("RECONCILED"):  # noqa: ASYNC110 - a log calls nobody
                await asyncio.sleep(0.01)
        await shop.service.service.idle()

        assert await shop.balance(alice) == credits(50)
        assert "Your payment was found" in alice.last.text


async def test_an_hour_later_it_is_compared_again(
    telegram: Telegram, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock that the service lives by."""
    monkeypatch.setattr(reconciliation, "LOOK_S", 0.01)
    async with open_shop(telegram, impatient=True) as shop:
        await reconciled(shop, times=1)
        await pays_unheard(shop, alice)
        passes(shop, ms=EVERY_MS)

        await reconciled(shop, times=2)
        await shop.service.service.idle()

        assert await shop.balance(alice) == credits(50)


async def reconciled(shop: Shop, *, times: int) -> None:
    """Wait until so many passes were made."""
    async with asyncio.timeout(5):
        while len(shop.telemetry.events("RECONCILED")) < times:  # noqa: ASYNC110 - a log calls nobody
            await asyncio.sleep(0.01)


async def test_a_telegram_that_cannot_be_asked_is_told(telegram: Telegram, alice: Person) -> None:
    """It fails nothing else: the bot answers."""
    telegram.faults.lose_call("getStarTransactions")

    async with open_shop(telegram, impatient=True) as shop:
        async with asyncio.timeout(5):
            while not shop.telemetry.events("RECONCILIATION_FAILED"):  # noqa: ASYNC110 - a log calls nobody
                await asyncio.sleep(0.01)
        await alice.sends("/start")

        assert alice.last.from_bot


async def test_what_is_no_payment_of_an_invoice_is_left_alone(impatient_shop: Shop, alice: Person) -> None:
    """Paid media, gifts and withdrawals are in the same account; they are counted as compared, and credit nothing."""
    shop = impatient_shop
    await alice.sends("/start")
    till, now_ms = shop.telegram.cashier.till, shop.telegram.clock.now_ms()
    till.sell_media(shop.harness.bot, alice.as_json(), 30, "", now_ms=now_ms)
    passes(shop)

    found = await compares(shop)

    assert (found.compared, found.payments) == (1, 0)
    assert (await shop.storage.house(PARTNER)).top_up_clearing == credits(0)
