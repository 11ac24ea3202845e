"""Stars go back: asked for by users and taken up after whatever befalls, and nobody's wallet is below zero."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from botflight_harness.telegram import Person, Refusal, Telegram
from botflight_harness.telegram.paying import Payment as Paid
from botflight_service.billing.money import credits
from botflight_service.billing.payments import PaymentState
from shop import PARTNER, Shop, open_shop

DAY_S = 24 * 60 * 60


async def buys(shop: Shop, person: Person, pack: str = "small") -> Paid:
    """Pay for a pack."""
    await shop.invoices(person, pack)
    return await person.pays()


async def asks_refund(person: Person) -> None:
    """Ask for the newest payment that can go back."""
    await person.sends("/paysupport")
    await person.taps(next(data for data in person.last.callback_data if data.startswith("ask_refund:")))


async def confirms(person: Person) -> None:
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_refund:")))


async def state(shop: Shop, person: Person) -> PaymentState:
    return (await shop.payments(person))[0].state


@pytest.fixture
async def any_shop(telegram: Telegram, store_url: str) -> AsyncIterator[Shop]:
    """The whole service on each of the stores."""
    async with open_shop(telegram, database_url=store_url) as opened:
        yield opened


async def test_a_user_has_an_unspent_payment_back(any_shop: Shop, alice: Person) -> None:
    """The credits go, the Stars come, and the user reads both; the ledger holds."""
    await buys(any_shop, alice)

    await asks_refund(alice)
    await confirms(alice)

    assert alice.stars == 10_000
    assert await any_shop.balance(alice) == credits(0)
    assert await state(any_shop, alice) is PaymentState.REFUNDED
    assert [seen.text for seen in alice.screen if "⭐ 50 went back" in seen.text]
    assert await any_shop.storage.violations() == []


async def test_the_end_of_a_refund_is_told_once(shop: Shop, alice: Person) -> None:
    """Telegram's own message and our settling end the same refund: one of them tells."""
    await buys(shop, alice)

    await asks_refund(alice)
    await confirms(alice)

    assert len([seen for seen in alice.screen if "went back" in seen.text]) == 1
    assert shop.telemetry.sample("botflight_payments_total", event="refunded") == 1
    assert shop.telemetry.sample("botflight_payments_total", event="refunded_elsewhere") in {None, 0}


async def test_twenty_taps_give_back_once(shop: Shop, alice: Person) -> None:
    """However often it is confirmed, one refund comes of it."""
    await buys(shop, alice)
    await buys(shop, alice)
    await asks_refund(alice)

    button = next(data for data in alice.last.callback_data if data.startswith("confirm_refund:"))
    await alice.taps(button, times=20, together=True)

    assert alice.stars == 10_000 - 50
    assert await shop.balance(alice) == credits(50)
    assert await shop.storage.violations() == []


async def test_spent_credits_cannot_go_back(shop: Shop, alice: Person) -> None:
    """Telegram gives all or nothing: with something spent there is no button, and an old one says why."""
    await buys(shop, alice)
    await asks_refund(alice)
    button = next(data for data in alice.last.callback_data if data.startswith("confirm_refund:"))
    message = shop.telegram.private_chat(alice, shop.harness.bot).visible()[-1]
    await shop.opens_confirmation(alice)
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))

    await shop.harness.carry(alice.tap_data(message, button).updates)
    await alice.sends("/paysupport")

    assert any("a part of its credits is spent" in seen.text for seen in alice.screen)
    assert not [data for data in alice.last.callback_data if data.startswith("ask_refund:")]
    assert await state(shop, alice) is PaymentState.PAID
    assert await shop.balance(alice) == credits(45)
    assert alice.stars == 10_000 - 50


async def test_a_refund_and_a_purchase_at_once_never_pass_zero(any_shop: Shop, alice: Person) -> None:
    """Whichever of the two comes first, the other is refused or finds nothing: no wallet is below zero."""
    await buys(any_shop, alice)
    await asks_refund(alice)
    refund = next(data for data in alice.last.callback_data if data.startswith("confirm_refund:"))
    chat = any_shop.telegram.private_chat(alice, any_shop.harness.bot)
    first = chat.visible()[-1]
    await any_shop.opens_confirmation(alice)
    buy = next(data for data in alice.last.callback_data if data.startswith("confirm_generation:"))
    second = chat.visible()[-1]

    acts = (alice.tap_data(first, refund), alice.tap_data(second, buy))
    await any_shop.harness.together([act.update for act in acts])

    refunded = await state(any_shop, alice) is PaymentState.REFUNDED
    assert await any_shop.balance(alice) == (credits(0) if refunded else credits(45))
    assert len(await any_shop.history(alice)) == (0 if refunded else 1)
    assert await any_shop.storage.violations() == []


async def test_after_its_time_a_payment_stays(impatient_shop: Shop, alice: Person) -> None:
    """After fourteen days there is no button any more."""
    shop = impatient_shop
    await buys(shop, alice)
    shop.telegram.clock.move(seconds=14 * DAY_S + 1)

    await alice.sends("/paysupport")

    assert not [data for data in alice.last.callback_data if data.startswith("ask_refund:")]
    assert "⭐ 50" in alice.last.text


async def test_nobody_has_somebody_elses_payment_back(shop: Shop, alice: Person, bob: Person) -> None:
    """A button that was passed on names a payment that is not the tapper's."""
    await buys(shop, alice)
    await asks_refund(alice)
    button = next(data for data in alice.last.callback_data if data.startswith("confirm_refund:"))
    await bob.sends("/start")
    message = shop.telegram.private_chat(bob, shop.harness.bot).visible()[-1]

    await shop.harness.carry(bob.tap_data(message, button).updates)

    assert await state(shop, alice) is PaymentState.PAID
    assert (alice.stars, bob.stars) == (10_000 - 50, 10_000)


async def test_what_telegram_refuses_returns_to_the_wallet(shop: Shop, alice: Person) -> None:
    """The bot's Stars were withdrawn, say: the credits are back, the user and the log know."""
    await buys(shop, alice)
    shop.telegram.faults.refuse("refundStarPayment", Refusal(400, "Bad Request: BALANCE_TOO_LOW"))

    await asks_refund(alice)
    await confirms(alice)

    assert await state(shop, alice) is PaymentState.PAID
    assert await shop.balance(alice) == credits(50)
    assert "did not give the ⭐ 50 back" in alice.last.text
    assert len(shop.telemetry.events("REFUND_REFUSED")) == 1
    await asks_refund(alice)
    await confirms(alice)
    assert await state(shop, alice) is PaymentState.REFUNDED
    assert await shop.storage.violations() == []


@pytest.mark.parametrize("fault", ["lose_call", "lose_answer", "flood"])
async def test_a_refund_gets_through(impatient_shop: Shop, alice: Person, fault: str) -> None:
    """A call that never arrived, an answer that was lost (it is done already), a 429: in the end it is done once."""
    shop = impatient_shop
    await buys(shop, alice)
    if fault == "flood":
        shop.telegram.faults.flood("refundStarPayment", retry_after_s=3)
    else:
        getattr(shop.telegram.faults, fault)("refundStarPayment")

    await asks_refund(alice)
    await confirms(alice)

    assert await state(shop, alice) is PaymentState.REFUNDED
    assert alice.stars == 10_000
    assert await shop.balance(alice) == credits(0)


@pytest.mark.parametrize("when", ["before the call", "after the call"])
async def test_killed_while_a_refund_is_under_way_the_next_run_ends_it(
    telegram: Telegram, alice: Person, kept_url: str, when: str
) -> None:
    """The intent was committed: the next run asks Telegram, or hears that it is done, and settles once."""
    async with open_shop(telegram, database_url=kept_url) as shop:
        payment = await buys(shop, alice)
        shop.service.refunds.start = lambda _: None  # type: ignore[method-assign]  # the process ends here
        await asks_refund(alice)
        await confirms(alice)
        if when == "after the call":
            shop.service.inbox._worker.put = lambda *_, **__: None  # type: ignore[method-assign]
            await shop.service.bot.refund_star_payment(alice.user_id, payment.charge_id)
        left = await state(shop, alice)
    async with open_shop(telegram, database_url=kept_url) as shop:
        async with asyncio.timeout(5):
            while await state(shop, alice) is not PaymentState.REFUNDED:  # noqa: ASYNC110 - the store calls nobody
                await asyncio.sleep(0.01)
        # On a shared store the chat is gained before it is written to, which idle() knows nothing of.
        await alice.sees("went back")
        await shop.service.service.idle()

        assert left is PaymentState.REFUNDING
        assert alice.stars == 10_000
        assert await shop.balance(alice) == credits(0)
        assert len([seen for seen in alice.screen if "went back" in seen.text]) == 1
        assert await shop.storage.violations() == []


async def test_a_refund_that_was_made_elsewhere_is_taken_note_of(any_shop: Shop, alice: Person) -> None:
    """Somebody used the token: what is in the wallet goes, the house bears the rest, and it is reported."""
    payment = await buys(any_shop, alice)
    await any_shop.opens_confirmation(alice)
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))

    await any_shop.service.bot.refund_star_payment(alice.user_id, payment.charge_id)
    await any_shop.harness.courier.drain()
    await any_shop.harness.idle()

    assert await state(any_shop, alice) is PaymentState.REFUNDED
    assert await any_shop.balance(alice) == credits(0)
    assert (await any_shop.storage.house(PARTNER)).adjustments == -credits(5)
    assert any_shop.telemetry.events("PAYMENT_REFUNDED")[0]["elsewhere"] is True
    assert await any_shop.storage.violations() == []


async def test_a_refund_is_heard_of_once(shop: Shop, alice: Person) -> None:
    """Telegram's message that comes again, under whatever id, takes nothing more."""
    payment = await buys(shop, alice)
    await buys(shop, alice)
    await shop.service.bot.refund_star_payment(alice.user_id, payment.charge_id)
    update = list(shop.harness.bot.updates)[-1]
    await shop.harness.courier.drain()
    await shop.harness.idle()

    await shop.harness.repeat(replace(update, update_id=update.update_id + 1_000_000))

    assert await shop.balance(alice) == credits(50)
    assert shop.updates()[-1]["outcome"] == "ALREADY_REFUNDED"


async def test_who_blocked_the_bot_has_their_stars_back_all_the_same(shop: Shop, alice: Person) -> None:
    """The message cannot be delivered; the refund is done."""
    await buys(shop, alice)
    await asks_refund(alice)
    shop.telegram.faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))

    await confirms(alice)

    assert alice.stars == 10_000
    assert await state(shop, alice) is PaymentState.REFUNDED
