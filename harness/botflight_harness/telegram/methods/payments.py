"""Invoices, the answers to shipping and pre-checkout queries, and the Star account."""

from collections.abc import Sequence
from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.errors import Refusal, bad_request
from botflight_harness.telegram.keyboards import Markup, read_markup
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.parameters import missing
from botflight_harness.telegram.payments import MONTH_S, STARS, SUBSCRIPTION_STARS_MOST, Charge, Invoice, Query

PAYLOAD_BYTES_MOST = 128
TITLE_CHARACTERS_MOST = 32
DESCRIPTION_CHARACTERS_MOST = 255
STARS_MOST = 1_000_000
TIPS_MOST = 4
AMOUNT_MOST = 999_999_999_999
TRANSACTIONS_AT_ONCE_MOST = 100

_CURRENCY_LETTERS = 3
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_NEEDS = ("name", "phone_number", "email", "shipping_address")
_INVOICE = (
    "title description payload provider_token currency prices max_tip_amount suggested_tip_amounts provider_data "
    "photo_url photo_size photo_width photo_height need_name need_phone_number need_email need_shipping_address "
    "send_phone_number_to_provider send_email_to_provider is_flexible"
)


def send_invoice(request: Request) -> dict[str, Any]:
    """Send an invoice."""
    invoice = _invoice(request)
    markup = read_markup(request.arguments.get("reply_markup"))
    _check_buttons(markup)
    message = deliver(request, {"invoice": invoice.as_json()}, markup)
    message.behind = invoice
    return message.as_json()


def create_invoice_link(request: Request) -> str:
    """Return a link that opens an invoice for whoever follows it."""
    return request.world.cashier.till.link(_invoice(request))


def _invoice(request: Request) -> Invoice:
    arguments = request.arguments
    _check_required(request)
    payload, currency = arguments.text("payload"), arguments.text("currency")
    total = _total(_amounts(arguments.get("prices")))
    _check_tips(arguments.integer("max_tip_amount"), arguments.get("suggested_tip_amounts"))
    if len(arguments.text("title")) > TITLE_CHARACTERS_MOST:
        raise bad_request("INVOICE_TITLE_INVALID")
    if len(arguments.text("description")) > DESCRIPTION_CHARACTERS_MOST:
        raise bad_request("INVOICE_DESCRIPTION_INVALID")
    if len(payload.encode()) > PAYLOAD_BYTES_MOST:
        raise bad_request("INVOICE_PAYLOAD_INVALID")
    if len(currency) != _CURRENCY_LETTERS or not currency.isupper():
        raise bad_request("CURRENCY_INVALID")
    subscription_s = arguments.integer("subscription_period")
    if currency == STARS:
        _check_stars(request, total, subscription_s)
    elif not arguments.text("provider_token"):
        raise bad_request("PAYMENT_PROVIDER_INVALID")
    elif subscription_s:
        raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
    return Invoice(
        request.bot,
        arguments.text("title"),
        arguments.text("description"),
        payload,
        currency,
        total,
        start_parameter=arguments.text("start_parameter"),
        is_flexible=arguments.flag("is_flexible"),
        needs=tuple(need for need in _NEEDS if arguments.flag(f"need_{need}")),
        tip_most=arguments.integer("max_tip_amount"),
        subscription_s=subscription_s,
    )


def _check_required(request: Request) -> None:
    for name in ("title", "description", "payload", "currency"):
        if not request.arguments.text(name):
            raise missing(name)


def _amounts(prices: object) -> list[int]:
    if not isinstance(prices, list):
        raise bad_request("expected an Array of labeled prices")
    if not prices:
        raise bad_request("there must be at least one price")
    return [_amount(price) for price in prices]


def _total(amounts: Sequence[int]) -> int:
    if not all(abs(amount) <= AMOUNT_MOST for amount in amounts):
        raise bad_request("too big amount of the currency specified")
    total = sum(amounts)
    if total <= 0:
        raise bad_request("total price must be positive")
    if total > AMOUNT_MOST:
        raise bad_request("total price is too big")
    return total


def _amount(price: object) -> int:
    with objects.parsing("labeled price"):
        fields = objects.an_object(price, "LabeledPrice")
        if not objects.text(fields, "label", required=True):
            raise objects.Unreadable("LabeledPrice label must be non-empty")
        return objects.integer(fields, "amount", required=True)


def _check_tips(most: int, suggested: object) -> None:
    """Check the tips that an invoice asks for. Raises Refusal."""
    if suggested is None:
        suggested = []
    if not isinstance(suggested, list):
        raise bad_request("expected an Array of suggested tip amounts")
    if not all(isinstance(amount, int | str) and not isinstance(amount, bool) for amount in suggested):
        raise bad_request("suggested tip amount must be of type Number or String")
    if not all(str(amount).removeprefix("-").isdecimal() for amount in suggested):
        raise bad_request("can't parse suggested tip amount as Number")
    if not 0 <= most <= AMOUNT_MOST:
        raise bad_request("invalid max_tip_amount of the currency specified")
    for amount in map(int, suggested):
        if amount <= 0:
            raise bad_request("suggested tip amount must be positive")
        if amount > most:
            raise bad_request("suggested tip amount can't be bigger than max_tip_amount")
    if len(suggested) > TIPS_MOST:
        raise bad_request("there can be at most 4 suggested tip amounts")


def _check_stars(request: Request, total: int, subscription_s: int) -> None:
    """Check what Stars ask for beside: one price, no provider, no tips, nothing to be shipped."""
    arguments = request.arguments
    if len(arguments.get("prices")) != 1 or arguments.integer("max_tip_amount") or arguments.flag("is_flexible"):
        raise bad_request("STARS_INVOICE_INVALID")
    if arguments.text("provider_token"):
        raise bad_request("PAYMENT_PROVIDER_INVALID")
    if subscription_s not in {0, MONTH_S}:
        raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
    if total > (SUBSCRIPTION_STARS_MOST if subscription_s else STARS_MOST):
        raise bad_request("CURRENCY_TOTAL_AMOUNT_INVALID")


def _check_buttons(markup: Markup) -> None:
    """Check that the first button pays, when there are buttons at all."""
    if markup.inline is None:
        return
    rows = markup.inline["inline_keyboard"]
    if not any(button.get("pay") for row in rows for button in row):
        raise bad_request("REPLY_MARKUP_BUY_EMPTY")
    if not rows[0][0].get("pay"):
        raise bad_request("BUTTON_POS_INVALID")


def answer_shipping_query(request: Request) -> bool:
    """Say how the goods can be shipped, or that they cannot."""
    if not request.arguments.flag("ok"):
        return _refuse(request, "shipping_query")
    options = request.arguments.get("shipping_options")
    if options is None:
        raise missing("shipping_options")
    if not isinstance(options, list):
        raise bad_request("expected an Array of shipping options")
    with objects.parsing("shipping option"):
        for option in options:
            _check_shipping(option)
    if not options:
        raise bad_request("there must be at least one shipping option")
    query = _query(request, "shipping_query")
    query.shipping_options, query.state = options, "accepted"
    request.world.cashier.settled(query)
    return True


def _check_shipping(option: object) -> None:
    """Check a way to ship. Raises Unreadable."""
    fields = objects.an_object(option, "ShippingOption")
    for name, what in (("id", "identifier"), ("title", "title")):
        if not objects.text(fields, name, required=True):
            raise objects.Unreadable(f"ShippingOption {what} must be non-empty")
    prices = objects.array(fields, "prices")
    try:
        _amounts(prices)
    except Refusal as refused:
        words = refused.description.removeprefix("Bad Request: ")
        raise objects.Unreadable(f"Can't parse shipping option prices: {words[0].upper()}{words[1:]}") from None


def answer_pre_checkout_query(request: Request) -> bool:
    """Let the payment go on, or refuse it, within ten seconds."""
    if not request.arguments.flag("ok"):
        return _refuse(request, "pre_checkout_query")
    query = _query(request, "pre_checkout_query")
    query.state = "accepted"
    request.world.cashier.settled(query)
    return True


def _query(request: Request, kind: str) -> Query:
    query = request.world.cashier.till.queries.get(request.arguments.text(f"{kind}_id"))
    if query is None or query.kind != kind or query.bot is not request.bot or query.state != "waiting":
        raise bad_request(_TOO_OLD)
    return query


def _refuse(request: Request, kind: str) -> bool:
    words = request.arguments.text("error_message")
    if not words:
        raise missing("error_message")
    query = _query(request, kind)
    query.error_message, query.state = words, "refused"
    request.world.cashier.settled(query)
    return True


def get_my_star_balance(request: Request) -> dict[str, int]:
    """Return how many Stars the bot has."""
    return {"amount": request.world.cashier.till.stars(request.bot)}


def get_star_transactions(request: Request) -> dict[str, Any]:
    """Return the bot's Star transactions, the oldest first."""
    offset = max(request.arguments.integer("offset"), 0)
    limit = request.arguments.integer("limit", TRANSACTIONS_AT_ONCE_MOST)
    if not 1 <= limit <= TRANSACTIONS_AT_ONCE_MOST:
        raise bad_request("limit is invalid")
    lines = request.world.cashier.till.of(request.bot)[offset : offset + limit]
    return {"transactions": [line.as_json() for line in lines]}


def refund_star_payment(request: Request) -> bool:
    """Give the Stars of a payment back, once."""
    if request.arguments.integer("user_id") <= 0:
        raise bad_request("invalid user_id specified")
    if not request.arguments.text("telegram_payment_charge_id"):
        raise missing("telegram_payment_charge_id")
    charge = _charge(request)
    if charge.is_refunded:
        raise bad_request("CHARGE_ALREADY_REFUNDED")
    if request.world.cashier.till.stars(request.bot) < charge.total:
        raise bad_request("BALANCE_TOO_LOW")
    request.world.cashier.refund(charge)
    return True


def edit_user_star_subscription(request: Request) -> bool:
    """Stop a subscription from being renewed, or let it be renewed again."""
    charge = _charge(request)
    if not charge.invoice.subscription_s:
        raise bad_request("SUBSCRIPTION_NOT_FOUND")
    charge.is_canceled = request.arguments.flag("is_canceled")
    return True


def _charge(request: Request) -> Charge:
    charge_id = request.arguments.text("telegram_payment_charge_id")
    if not charge_id:
        raise bad_request("CHARGE_ID_EMPTY")
    charge = request.world.cashier.till.charges.get(charge_id)
    if charge is None or charge.bot is not request.bot or charge.invoice.currency != STARS:
        raise bad_request("CHARGE_ID_INVALID")
    if charge.user_id != request.arguments.integer("user_id"):
        raise _no_such_user()
    return charge


def _no_such_user() -> Refusal:
    return bad_request("USER_ID_INVALID")


METHODS = {
    "sendInvoice": handler(send_invoice, f"{SENDING} {_INVOICE} start_parameter"),
    "createInvoiceLink": handler(create_invoice_link, f"{_INVOICE} subscription_period"),
    "answerShippingQuery": handler(answer_shipping_query, "shipping_query_id ok shipping_options error_message"),
    "answerPreCheckoutQuery": handler(answer_pre_checkout_query, "pre_checkout_query_id ok error_message"),
    "getMyStarBalance": handler(get_my_star_balance),
    "getStarTransactions": handler(get_star_transactions, "offset limit"),
    "refundStarPayment": handler(refund_star_payment, "user_id telegram_payment_charge_id"),
    "editUserStarSubscription": handler(edit_user_star_subscription, "user_id telegram_payment_charge_id is_canceled"),
}
