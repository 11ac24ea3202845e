from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from telegram import LabeledPrice, ShippingOption, Update
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    PreCheckoutQueryHandler,
    ShippingQueryHandler,
    filters,
)

from botflight_harness import BotAccount, ImpossibleAct, Person, PTBHarness, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]
Context = ContextTypes.DEFAULT_TYPE
TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"
MONTH_S = 2_592_000
STARS = {"title": "Credits", "description": "Ten credits", "payload": "ten", "currency": "XTR"}
STARS |= {"prices": [{"label": "Ten", "amount": 10}]}


@pytest.fixture(autouse=True)
def _acquainted(alice: Person, bot: BotAccount) -> None:
    alice.send_text("/start", where=bot)


@pytest.fixture
def invoice(call: Call, alice: Person) -> dict[str, Any]:
    """An invoice over ten Stars."""
    sent: dict[str, Any] = call("sendInvoice", chat_id=alice.user_id, **STARS)
    return sent


@pytest.fixture
def paid(call: Call, invoice: dict[str, Any], alice: Person) -> Any:
    """A payment of ten Stars."""
    payment = alice.open_payment()
    call("answerPreCheckoutQuery", pre_checkout_query_id=payment.query.query_id, ok=True)
    return alice.continue_payment(payment)


def test_an_invoice_shows_what_is_asked_for(invoice: dict[str, Any]) -> None:
    """The payload is the bot's own business and is not shown."""
    shown = {"title": "Credits", "description": "Ten credits", "start_parameter": ""}
    assert invoice["invoice"] == {**shown, "currency": "XTR", "total_amount": 10}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prices": []}, "there must be at least one price"),
        ({"prices": [{"label": "x"}]}, "can't parse labeled price: Can't find field \"amount\""),
        ({"prices": [{"label": "x", "amount": 1}] * 2}, "STARS_INVOICE_INVALID"),
        ({"prices": [{"label": "x", "amount": 0}]}, "total price must be positive"),
        ({"provider_token": "1:TEST:2"}, "PAYMENT_PROVIDER_INVALID"),
        ({"currency": "EUR"}, "PAYMENT_PROVIDER_INVALID"),
        ({"currency": "euro"}, "CURRENCY_INVALID"),
        ({"payload": "й" * 65}, "INVOICE_PAYLOAD_INVALID"),
        ({"reply_markup": {"inline_keyboard": [[{"text": "x", "url": "https://a.b"}]]}}, "REPLY_MARKUP_BUY_EMPTY"),
        (
            {"reply_markup": {"inline_keyboard": [[{"text": "x", "url": "https://a.b"}, {"text": "y", "pay": True}]]}},
            "BUTTON_POS_INVALID",
        ),
    ],
)
def test_a_wrong_invoice_is_refused(refusal: Words, alice: Person, change: dict[str, Any], words: str) -> None:
    """In Telegram's words."""
    assert refusal("sendInvoice", chat_id=alice.user_id, **(STARS | change)) == f"400 Bad Request: {words}"


def test_a_pre_checkout_query_tells_what_is_to_be_paid(invoice: dict[str, Any], alice: Person) -> None:
    """It goes in a lane of its own, and waits for the bot."""
    payment = alice.open_payment()

    assert payment.update.kind == "pre_checkout_query"
    assert payment.update.lane.kind == "payment"
    assert payment.update.payload == {
        "id": payment.query.query_id,
        "from": alice.as_json(),
        "currency": "XTR",
        "total_amount": 10,
        "invoice_payload": "ten",
    }


def test_money_counts_with_the_receipt(call: Call, paid: Any, alice: Person) -> None:
    """Stars go from the person to the bot, and the receipt carries an id that the account shows too."""
    receipt = paid.receipt.payload["successful_payment"]

    assert (paid.stage, receipt["total_amount"], receipt["invoice_payload"]) == ("paid", 10, "ten")
    assert receipt["telegram_payment_charge_id"] == paid.charge_id
    assert alice.stars == 9_990
    assert call("getMyStarBalance") == {"amount": 10}
    (line,) = call("getStarTransactions")["transactions"]
    assert (line["id"], line["amount"], line["source"]["invoice_payload"]) == (paid.charge_id, 10, "ten")


def test_an_answer_must_come_within_ten_seconds(
    refusal: Words, telegram: Telegram, invoice: dict[str, Any], alice: Person
) -> None:
    """Otherwise the payment is voided, and the late answer is refused."""
    payment = alice.open_payment()

    telegram.clock.move(seconds=10)

    answer = {"pre_checkout_query_id": payment.query.query_id, "ok": True}
    assert refusal("answerPreCheckoutQuery", **answer) == TOO_OLD
    assert alice.continue_payment(payment).stage == "voided"
    assert alice.stars == 10_000


def test_an_answer_is_given_once(call: Call, refusal: Words, invoice: dict[str, Any], alice: Person) -> None:
    """The second is refused."""
    answer = {"pre_checkout_query_id": alice.open_payment().query.query_id, "ok": True}
    call("answerPreCheckoutQuery", **answer)

    assert refusal("answerPreCheckoutQuery", **answer) == TOO_OLD


def test_a_bot_can_refuse_with_words(call: Call, refusal: Words, invoice: dict[str, Any], alice: Person) -> None:
    """The person reads why; a refusal without words is none."""
    payment = alice.open_payment()
    answer = {"pre_checkout_query_id": payment.query.query_id, "ok": False}

    without_words = refusal("answerPreCheckoutQuery", **answer)
    call("answerPreCheckoutQuery", **answer, error_message="Sold out")
    alice.continue_payment(payment)

    assert without_words == '400 Bad Request: parameter "error_message" is required'
    assert (payment.stage, payment.error_message, alice.stars) == ("refused", "Sold out", 10_000)
    with pytest.raises(ImpossibleAct, match="nothing was paid"):
        _ = payment.charge_id


def test_who_has_too_few_stars_cannot_pay(invoice: dict[str, Any], alice: Person) -> None:
    """The client offers to buy some first; the bot hears nothing."""
    alice.stars = 9

    with pytest.raises(ImpossibleAct, match="has 9 Stars"):
        alice.open_payment()


def test_a_refund_gives_the_stars_back_once(call: Call, refusal: Words, paid: Any, alice: Person) -> None:
    """The account shows both lines under one id, the person is told, and a second refund is refused."""
    refund = {"user_id": alice.user_id, "telegram_payment_charge_id": paid.charge_id}

    assert call("refundStarPayment", **refund) is True

    assert refusal("refundStarPayment", **refund) == "400 Bad Request: CHARGE_ALREADY_REFUNDED"
    assert (alice.stars, call("getMyStarBalance")) == (10_000, {"amount": 0})
    lines = call("getStarTransactions")["transactions"]
    assert [(line["id"], "receiver" in line) for line in lines] == [(paid.charge_id, False), (paid.charge_id, True)]
    told = call("getUpdates")[-1]["message"]["refunded_payment"]
    assert (told["telegram_payment_charge_id"], told["total_amount"]) == (paid.charge_id, 10)


def test_a_charge_belongs_to_who_paid(refusal: Words, paid: Any, bob: Person) -> None:
    """Others' ids and made-up charges are refused."""
    wrong_user = {"user_id": bob.user_id, "telegram_payment_charge_id": paid.charge_id}
    made_up = {"user_id": bob.user_id, "telegram_payment_charge_id": "st1"}

    assert refusal("refundStarPayment", **wrong_user) == "400 Bad Request: USER_ID_INVALID"
    assert refusal("refundStarPayment", **made_up) == "400 Bad Request: CHARGE_ID_INVALID"


def test_the_account_is_read_in_pages(call: Call, refusal: Words, paid: Any) -> None:
    """With an offset and a limit of at most a hundred."""
    assert call("getStarTransactions", offset=1)["transactions"] == []
    assert len(call("getStarTransactions", limit=1)["transactions"]) == 1
    assert refusal("getStarTransactions", limit=101) == "400 Bad Request: limit is invalid"


def test_a_link_opens_an_invoice_for_anybody(call: Call, alice: Person, bob: Person) -> None:
    """Whoever follows it pays in their own chat."""
    link = call("createInvoiceLink", **STARS)
    payment = bob.open_payment(link)
    call("answerPreCheckoutQuery", pre_checkout_query_id=payment.query.query_id, ok=True)

    bob.continue_payment(payment)

    assert payment.receipt.payload["chat"]["id"] == bob.user_id
    with pytest.raises(ImpossibleAct, match="no invoice"):
        alice.open_payment("https://t.me/$made-up")


def test_a_subscription_is_renewed_every_month_until_it_is_canceled(
    telegram: Telegram, call: Call, alice: Person
) -> None:
    """Renewals come by themselves; who cancels is not charged again, and the bot hears of it."""
    payment = alice.open_payment(call("createInvoiceLink", **STARS, subscription_period=MONTH_S))
    call("answerPreCheckoutQuery", pre_checkout_query_id=payment.query.query_id, ok=True)
    first = alice.continue_payment(payment).receipt.payload["successful_payment"]

    telegram.clock.move(seconds=MONTH_S)
    renewal = call("getUpdates")[-1]["message"]["successful_payment"]
    canceled = alice.cancel_subscription(renewal["telegram_payment_charge_id"]).update
    telegram.clock.move(seconds=3 * MONTH_S)

    assert (first["is_first_recurring"], "is_first_recurring" in renewal) == (True, False)
    assert renewal["subscription_expiration_date"] == first["subscription_expiration_date"] + MONTH_S
    assert (canceled.kind, canceled.payload["state"]) == ("subscription", "canceled")
    assert alice.stars == 10_000 - 20


def test_a_subscription_that_cannot_be_paid_fails(telegram: Telegram, call: Call, alice: Person) -> None:
    """The bot is told so."""
    payment = alice.open_payment(call("createInvoiceLink", **STARS, subscription_period=MONTH_S))
    call("answerPreCheckoutQuery", pre_checkout_query_id=payment.query.query_id, ok=True)
    alice.continue_payment(payment)
    alice.stars = 0

    telegram.clock.move(seconds=MONTH_S)

    assert list(telegram.sole_bot().updates)[-1].payload["state"] == "failed"


class Shop:
    """A PTB bot that sells."""

    def __init__(self) -> None:
        self.paid: list[str] = []
        self.refusal: str | None = None

    def add_to(self, application: Application) -> None:
        application.add_handler(CommandHandler("buy", self.offer))
        application.add_handler(ShippingQueryHandler(self.ship))
        application.add_handler(PreCheckoutQueryHandler(self.check_out))
        application.add_handler(MessageHandler(filters.SUCCESSFUL_PAYMENT, self.thank))

    async def offer(self, update: Update, _: Context) -> None:
        await update.message.reply_invoice(
            "Cup",
            "A cup",
            "cup",
            currency="EUR",
            provider_token="1:TEST:2",
            prices=[LabeledPrice("Cup", 900), LabeledPrice("Tax", 100)],
            need_email=True,
            need_shipping_address=True,
            is_flexible=True,
        )

    async def ship(self, update: Update, _: Context) -> None:
        options = [ShippingOption("post", "Post", [LabeledPrice("Post", 200)])]
        options.append(ShippingOption("drone", "Drone", [LabeledPrice("Drone", 500)]))
        await update.shipping_query.answer(ok=True, shipping_options=options)

    async def check_out(self, update: Update, _: Context) -> None:
        query = update.pre_checkout_query
        await query.answer(ok=self.refusal is None, error_message=self.refusal)

    async def thank(self, update: Update, _: Context) -> None:
        self.paid.append(update.message.successful_payment.telegram_payment_charge_id)
        await update.message.reply_text("Thank you!")


@pytest.fixture
async def shop(telegram: Telegram) -> AsyncIterator[Shop]:
    shop = Shop()
    async with PTBHarness(Application.builder(), telegram) as harness:
        shop.add_to(harness.application)
        yield shop


async def test_a_person_pays_with_shipping(shop: Shop, alice: Person) -> None:
    """The address, the way of shipping, the consent, the money and the thanks, in one line of a test."""
    await alice.sends("/buy")

    payment = await alice.pays(shipping="drone")

    assert (payment.stage, payment.total, payment.shipping_option_id) == ("paid", 1_500, "drone")
    assert shop.paid == [payment.charge_id]
    receipt = payment.receipt.payload["successful_payment"]
    assert receipt["order_info"]["shipping_address"]["city"] == "Delft"
    assert alice.last.text == "Thank you!"


async def test_a_person_refuses_to_pay(shop: Shop, alice: Person) -> None:
    """The bot consents, and no money comes."""
    await alice.sends("/buy")

    payment = await alice.refuses_to_pay()

    assert (payment.stage, shop.paid) == ("canceled", [])


async def test_a_bot_that_refuses_is_heard(shop: Shop, alice: Person) -> None:
    """Its words are the payment's."""
    shop.refusal = "Sold out"
    await alice.sends("/buy")

    payment = await alice.pays()

    assert (payment.stage, payment.error_message, shop.paid) == ("refused", "Sold out", [])


async def test_a_bot_that_does_not_answer_fails_the_test(
    monkeypatch: pytest.MonkeyPatch, invoice: dict[str, Any], alice: Person
) -> None:
    """Nothing of it is silent."""
    monkeypatch.setattr("botflight_harness.telegram.paying.ANSWER_PATIENCE_S", 0.001)

    with pytest.raises(AssertionError, match="did not answer the pre_checkout_query of Alice"):
        await alice.pays()
