"""kill -9 of the real process while money is on its way: what the next run makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import BotAccount, Person, Refusal, Telegram
from botflight_service.billing import packs
from botflight_service.billing.money import Credits, credits
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.storage import open_storage
from running import free_port, serving_process

pytestmark = pytest.mark.process


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    return telegram.bot()


@pytest.fixture
async def telegram_url(telegram: Telegram, bot: BotAccount) -> AsyncIterator[str]:
    """The simulated Telegram over HTTP, which brings nothing by itself: the test posts the updates."""
    async with serving(application(bot_api(telegram))) as address:
        yield address.url


def pays(telegram: Telegram, bot: BotAccount, person: Person) -> bytes:
    """A person pays for the smallest pack; the receipt as Telegram posts it."""
    pack = packs.load().packs[0]
    invoice = {
        "title": "Credits",
        "description": "Credits",
        "payload": packs.terms_of(pack, person.user_id).payload(),
        "currency": "XTR",
        "prices": [{"label": "Credits", "amount": pack.stars}],
    }
    payment = person.open_payment(telegram.call(bot.token, "createInvoiceLink", invoice), where=bot)
    answer = {"pre_checkout_query_id": payment.query.query_id, "ok": True}
    telegram.call(bot.token, "answerPreCheckoutQuery", answer)
    person.continue_payment(payment)
    assert payment.receipt is not None
    return orjson.dumps(payment.receipt.as_json())


async def kept(folder: Path, bot: BotAccount, person: Person) -> tuple[Payment, Credits]:
    """The payment and the wallet that the process left on the disk."""
    storage = open_storage(f"sqlite:///{folder}/service.sqlite", clock=lambda: 0)
    await storage.open()
    partner = f"bot{bot.user_id}"
    (payment,) = await storage.payments_of(partner, person.user_id, limit=9)
    balance = await storage.balance(partner, person.user_id)
    assert await storage.violations() == []
    await storage.close()
    return payment, balance.available


async def test_killed_after_the_200_for_a_receipt_the_next_run_credits_it(
    telegram: Telegram, telegram_url: str, bot: BotAccount, alice: Person, tmp_path: Path
) -> None:
    """Telegram will not bring it again: it was durable before it was acknowledged."""
    alice.send_text("/start", where=bot)
    receipt = pays(telegram, bot, alice)
    unreachable = f"http://127.0.0.1:{free_port()}"
    async with serving_process(tmp_path, token=bot.token, telegram_url=unreachable) as first:
        await first.told("TELEGRAM_UNREACHABLE")  # the store is open, the handlers are not
        status = await first.post(receipt)
        await first.kill()

    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as second:
        await second.told("PAYMENT_CREDITED")
        again = await second.post(receipt)
        await second.terminate()

    payment, available = await kept(tmp_path, bot, alice)
    assert (status, again) == (200, 200)
    assert (payment.state, available) == (PaymentState.PAID, credits(50))


async def test_killed_while_telegram_is_asked_for_a_refund_the_next_run_ends_it(
    telegram: Telegram, telegram_url: str, bot: BotAccount, alice: Person, tmp_path: Path
) -> None:
    """The credits have left, Telegram was asked and gave no good answer: the Stars come back once."""
    alice.send_text("/start", where=bot)
    telegram.faults.refuse("refundStarPayment", Refusal(500, "Internal Server Error"), times=100)
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as first:
        # Paid after the start's comparison with Telegram's account, which would find the payment by itself.
        await first.told("RECONCILED")
        await first.post(pays(telegram, bot, alice))
        await first.told("PAYMENT_CREDITED")
        await first.post(orjson.dumps(alice.send_text("/paysupport", where=bot).update.as_json()))
        for kind in ("ask_refund:", "confirm_refund:"):
            button = await offered(alice, bot, kind)
            await first.post(orjson.dumps(alice.tap(button, where=bot).update.as_json()))
        await first.told("REFUND_DELAYED")
        await first.kill()
    left, between = await kept(tmp_path, bot, alice)

    telegram.faults.clear()
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as second:
        await second.told("PAYMENT_REFUNDED")
        await second.terminate()

    payment, available = await kept(tmp_path, bot, alice)
    assert (left.state, between) == (PaymentState.REFUNDING, credits(0))
    assert (payment.state, available) == (PaymentState.REFUNDED, credits(0))
    assert alice.stars == 10_000


async def offered(person: Person, bot: BotAccount, kind: str) -> str:
    """Wait for a button whose data begins so."""
    async with asyncio.timeout(20):
        while True:
            for seen in reversed(person.screen_in(bot)):
                for data in seen.callback_data:
                    if data.startswith(kind):
                        return data
            await asyncio.sleep(0.02)
