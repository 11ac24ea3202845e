"""Somebody buys credits for Stars: from the invoice to the wallet, whatever happens on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from telegram import LabeledPrice

from botflight_harness.telegram import ImpossibleAct, Person, Telegram
from botflight_service.billing import packs
from botflight_service.billing.money import credits
from botflight_service.billing.payments import PaymentState
from botflight_service.updates.worker import MAX_ACTIVE
from shop import PARTNER, Shop, open_shop


@pytest.fixture
async def any_shop(telegram: Telegram, store_url: str) -> AsyncIterator[Shop]:
    """The whole service on each of the stores."""
    async with open_shop(telegram, database_url=store_url) as opened:
        yield opened


async def test_a_user_buys_a_pack(any_shop: Shop, alice: Person) -> None:
    """The invoice comes, Telegram is told yes, the credits are there, and the user sees what they have."""
    await any_shop.invoices(alice)

    payment = await alice.pays()

    (kept,) = await any_shop.payments(alice)
    assert (payment.stage, kept.charge_id, kept.state) == ("paid", payment.charge_id, PaymentState.PAID)
    assert await any_shop.balance(alice) == credits(50)
    assert "Credited: 50 credits" in alice.last.text
    assert "You have now: 50 credits" in alice.last.text
    assert await any_shop.storage.violations() == []


async def test_twenty_people_pay_together(any_shop: Shop, telegram: Telegram) -> None:
    """Everybody has their own credits, once."""
    people = [telegram.user(f"Person {number}") for number in range(20)]
    for person in people:
        await any_shop.invoices(person)

    paid = await asyncio.gather(*(person.pays() for person in people))

    assert {payment.stage for payment in paid} == {"paid"}
    assert [await any_shop.balance(person) for person in people] == [credits(50)] * 20
    assert await any_shop.storage.violations() == []


async def test_a_receipt_that_comes_again_credits_once(any_shop: Shop, alice: Person) -> None:
    """A redelivery is no second payment, before and after others."""
    await any_shop.invoices(alice)
    payment = await alice.pays()
    assert payment.receipt is not None

    await any_shop.harness.repeat(payment.receipt, times=5)

    assert await any_shop.balance(alice) == credits(50)
    assert len(await any_shop.payments(alice)) == 1


async def test_the_same_charge_under_another_update_credits_once(shop: Shop, alice: Person) -> None:
    """Telegram's update ids may start anew: the charge id is what a payment is known by, and nobody is told twice."""
    await shop.invoices(alice)
    payment = await alice.pays()
    assert payment.receipt is not None
    told = len(alice.screen)

    again = replace(payment.receipt, update_id=payment.receipt.update_id + 1_000_000)
    await shop.harness.repeat(again)

    assert await shop.balance(alice) == credits(50)
    assert len(alice.screen) == told
    assert shop.updates()[-1]["outcome"] == "ALREADY_CREDITED"


async def test_paying_one_invoice_twice_is_two_payments(shop: Shop, alice: Person) -> None:
    """Telegram lets an invoice be paid again; each time has its own charge, and its own credits."""
    await shop.invoices(alice)

    await alice.pays()
    await alice.pays()

    assert await shop.balance(alice) == credits(100)
    assert len({payment.charge_id for payment in await shop.payments(alice)}) == 2


async def test_who_backs_out_has_paid_nothing(shop: Shop, alice: Person) -> None:
    """The bot consents, the bank does not: there is no payment and no credit."""
    await shop.invoices(alice)

    payment = await alice.refuses_to_pay()

    assert payment.stage == "canceled"
    assert await shop.balance(alice) == credits(0)
    assert await shop.payments(alice) == []


async def test_who_has_too_few_stars_is_told_by_telegram(shop: Shop, alice: Person) -> None:
    """The bot hears nothing of it."""
    await shop.invoices(alice)
    alice.stars = 1

    with pytest.raises(ImpossibleAct):
        await alice.pays()

    assert await shop.payments(alice) == []


async def test_somebody_elses_invoice_is_refused_with_a_reason(shop: Shop, alice: Person, boris: Person) -> None:
    """A passed on link cannot credit the wrong wallet: the payer reads why, in their language."""
    terms = packs.terms_of(packs.load().packs[0], alice.user_id)
    link = await shop.service.bot.create_invoice_link(
        "Credits", "Credits", terms.payload(), "XTR", [LabeledPrice("Credits", terms.stars)], provider_token=""
    )
    await boris.sends("/start")

    payment = await boris.pays(link)

    assert payment.stage == "refused"
    assert payment.error_message.startswith("Это чужой счёт")
    assert await shop.balance(alice) == await shop.balance(boris) == credits(0)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("p1:small:40:5000:{user}", "has changed"),
        ("p1:gone:50:5000:{user}", "has changed"),
        ("p1:small:50:999900:{user}", "has changed"),
        ("something else", "do not know this invoice"),
    ],
)
async def test_an_invoice_that_no_longer_holds_is_refused(shop: Shop, alice: Person, payload: str, told: str) -> None:
    """What was offered once and is not any more: nothing is charged, and the user reads what to do."""
    link = await shop.service.bot.create_invoice_link(
        "Credits",
        "Credits",
        payload.format(user=alice.user_id),
        "XTR",
        [LabeledPrice("Credits", 50)],
        provider_token="",
    )
    await alice.sends("/start")

    payment = await alice.pays(link)

    assert payment.stage == "refused"
    assert told in payment.error_message
    assert "Nothing was charged" in payment.error_message


async def test_a_pack_that_is_gone_is_not_invoiced(shop: Shop, alice: Person) -> None:
    """An old button leads to what is sold now."""
    await shop.invoices(alice)
    message = shop.telegram.private_chat(alice, shop.harness.bot).visible()[-2]

    await shop.harness.carry(alice.tap_data(message, "buy:gone").updates)

    assert "no longer on offer" in alice.screen[-2].text + alice.last.text


def holding(shop: Shop, monkeypatch: pytest.MonkeyPatch, released: asyncio.Event, *names: str) -> list[str]:
    """Let these calls of the service's store wait until it is released; the calls that wait, as they come."""
    store = shop.service.inbox._storage
    held: list[str] = []

    def slow(name: str) -> Callable[..., Awaitable[object]]:
        call = getattr(store, name)

        async def wait(*given: object, **named: object) -> object:
            held.append(name)
            await released.wait()
            return await call(*given, **named)

        return wait

    for name in names:
        monkeypatch.setattr(store, name, slow(name))
    return held


async def test_the_answer_does_not_wait_for_the_store(
    shop: Shop, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store hangs the pre-checkout query is answered, within a second; the receipt waits, and is credited."""
    await shop.invoices(alice)
    released = asyncio.Event()
    holding(shop, monkeypatch, released, "accept", "commit")
    payment = alice.open_payment()
    answered = asyncio.Event()
    shop.telegram.cashier.when_settled(payment.query, answered.set)

    began = time.monotonic()
    carrying = asyncio.create_task(shop.harness.carry([payment.update]))
    async with asyncio.timeout(1.0):
        await answered.wait()
    took_s = time.monotonic() - began
    released.set()
    await carrying

    assert payment.query.state == "accepted"
    assert took_s < 1.0
    assert shop.updates()[-1]["outcome"] == "OK"
    assert list(await shop.storage.undone(PARTNER)) == []


async def test_slow_updates_do_not_take_the_place_of_a_payment(
    shop: Shop, telegram: Telegram, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every place of the worker taken by updates that hang, the query is answered in a lane of its own."""
    await shop.invoices(alice)
    released = asyncio.Event()
    held = holding(shop, monkeypatch, released, "balance")
    people = [telegram.user(f"Person {number}") for number in range(70)]
    acts = [person.send_text("/balance", where=shop.harness.bot) for person in people]
    crowd = asyncio.create_task(shop.harness.together([act.update for act in acts]))
    async with asyncio.timeout(5):
        while len(held) < MAX_ACTIVE:  # noqa: ASYNC110 - what is held calls nobody
            await asyncio.sleep(0.01)
    payment = alice.open_payment()
    answered = asyncio.Event()
    shop.telegram.cashier.when_settled(payment.query, answered.set)

    carrying = asyncio.create_task(shop.harness.carry([payment.update]))
    async with asyncio.timeout(1.0):
        await answered.wait()
    released.set()
    await asyncio.gather(crowd, carrying)

    assert payment.query.state == "accepted"


async def test_a_query_that_comes_again_is_answered_once(shop: Shop, alice: Person) -> None:
    """A lost acknowledgement brings it again; Telegram hears one answer."""
    await shop.invoices(alice)
    shop.harness.lose_acknowledgement()

    payment = await alice.pays()

    assert payment.stage == "paid"
    assert len([call for call in shop.telegram.calls if call.method == "answerPreCheckoutQuery"]) == 1


async def test_an_answer_that_is_lost_on_the_way_is_given_again(shop: Shop, alice: Person) -> None:
    """A reset connection does not cost the user their payment."""
    await shop.invoices(alice)
    shop.telegram.faults.lose_call("answerPreCheckoutQuery", times=2)

    payment = await alice.pays()

    assert payment.stage == "paid"
    assert await shop.balance(alice) == credits(50)


async def test_a_payment_is_credited_to_a_user_who_blocks_the_bot(shop: Shop, alice: Person) -> None:
    """The money is here: the credits are as well, and they are told once they come back."""
    await shop.invoices(alice)
    payment = alice.open_payment()
    await shop.harness.carry([payment.update])
    alice.continue_payment(payment)
    assert payment.receipt is not None
    await alice.blocks()

    await shop.harness.carry([payment.receipt])

    assert await shop.balance(alice) == credits(50)


async def test_killed_between_payment_and_credit_the_next_run_credits(
    telegram: Telegram, alice: Person, kept_url: str
) -> None:
    """The receipt was acknowledged and not handled: the next run handles it, once."""
    async with open_shop(telegram, database_url=kept_url) as shop:
        await shop.invoices(alice)
        payment = alice.open_payment()
        await shop.harness.carry([payment.update])
        alice.continue_payment(payment)
        await dies_before_handling(shop)
        assert payment.receipt is not None
        await shop.harness.courier.repeat(payment.receipt, times=1)
    async with open_shop(telegram, database_url=kept_url) as shop:
        # On a shared store the chat is gained first, which idle() knows nothing of.
        await alice.sees("Credited: 50 credits")
        await shop.service.service.idle()

        assert await shop.balance(alice) == credits(50)
        assert len(await shop.payments(alice)) == 1
        assert "Credited: 50 credits" in alice.last.text


async def dies_before_handling(shop: Shop) -> None:
    """From here on what is acknowledged is stored, and nothing is done with it any more."""
    shop.service.inbox._worker.put = lambda *_, **__: None  # type: ignore[method-assign]


async def test_a_forwarded_invoice_leads_to_a_top_up_of_ones_own(shop: Shop, alice: Person) -> None:
    """Telegram shows a button there that opens the bot instead of letting somebody else pay."""
    await alice.sends("/start top_up")

    assert "Top up" in alice.last.text
    assert "buy:small" in alice.last.callback_data


async def test_the_credits_pay_for_the_order_that_waited(shop: Shop, alice: Person) -> None:
    """Short of credits, one buys a pack and goes on where one was."""
    await shop.opens_confirmation(alice)
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))
    await alice.taps("buy:small")

    await alice.pays()
    await alice.taps("resume")
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))

    assert await shop.balance(alice) == credits(45)
    assert len(await shop.history(alice)) == 1


async def test_money_for_an_unknown_invoice_is_kept_and_told(shop: Shop, alice: Person) -> None:
    """A receipt whose invoice is none of ours credits nothing, is written down, and can be had back."""
    await shop.invoices(alice)
    payment = alice.open_payment()
    await shop.harness.carry([payment.update])
    payment.invoice = replace(payment.invoice, payload="of another program")
    alice.continue_payment(payment)
    assert payment.receipt is not None

    await shop.harness.carry([payment.receipt])

    (kept,) = await shop.payments(alice)
    assert kept.credited == credits(0)
    assert "/paysupport" in alice.last.text
    assert await shop.balance(alice) == credits(0)


@pytest.mark.parametrize("command", ["/terms", "/support", "/paysupport"])
async def test_what_telegram_asks_of_sellers_is_there(shop: Shop, alice: Person, boris: Person, command: str) -> None:
    """Terms and both ways to help, in both languages."""
    await alice.sends(command)
    await boris.sends(command)

    assert alice.last.from_bot
    assert boris.last.from_bot
    assert alice.last.text != boris.last.text
    assert shop.updates()[-1]["outcome"] == "OK"
