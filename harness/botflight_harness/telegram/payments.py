"""Money between people and bots: invoices, check-outs that wait for their answer, charges, and Stars.

The rules are those of https://core.telegram.org/bots/payments and https://core.telegram.org/bots/payments-stars.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.accounts import BotAccount

#: Telegram voids a payment whose pre-checkout query has no answer by then.
ANSWERED_WITHIN_MS = 10 * SECOND_MS
#: The only length of a subscription.
MONTH_S = 2_592_000
#: What a month of a subscription may cost.
SUBSCRIPTION_STARS_MOST = 10_000
STARS = "XTR"

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

State = Literal["waiting", "accepted", "refused", "voided"]


@dataclass(frozen=True, slots=True, eq=False)
class Invoice:
    """What a bot asks money for. Amounts are in the currency's smallest unit."""

    bot: BotAccount
    title: str
    description: str
    payload: str
    currency: str
    total: int
    start_parameter: str = ""
    is_flexible: bool = False
    #: name, phone_number, email, shipping_address: what the form asks for
    needs: tuple[str, ...] = ()
    tip_most: int = 0
    #: 0 when it is paid once
    subscription_s: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the Invoice object of a message."""
        return {
            "title": self.title,
            "description": self.description,
            "start_parameter": self.start_parameter,
            "currency": self.currency,
            "total_amount": self.total,
        }


@dataclass(slots=True, eq=False)
class Query:
    """A shipping or pre-checkout query, which the bot has to answer."""

    query_id: str
    kind: Literal["shipping_query", "pre_checkout_query"]
    bot: BotAccount
    at_ms: int
    state: State = "waiting"
    error_message: str = ""
    #: of an accepted shipping query
    shipping_options: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Charge:
    """Money that a person has paid."""

    charge_id: str
    provider_charge_id: str
    bot: BotAccount
    user_id: int
    #: the User object of who paid
    user: dict[str, Any]
    invoice: Invoice
    total: int
    at_ms: int
    is_refunded: bool = False
    #: when the subscription ends that it has paid for; 0 when it is none
    subscribed_until_ms: int = 0
    is_canceled: bool = False


@dataclass(frozen=True, slots=True)
class Transaction:
    """A line of a bot's Star account; a refund carries the id of its charge."""

    number: str
    bot: BotAccount
    #: the TransactionPartner object: whom the Stars came from, or went to
    partner: dict[str, Any]
    amount: int
    at_ms: int
    is_outgoing: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the StarTransaction object."""
        side = "receiver" if self.is_outgoing else "source"
        return {"id": self.number, "amount": self.amount, "date": self.at_ms // 1000, side: self.partner}


def user_partner(user: dict[str, Any], purpose: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    """Return the TransactionPartner object of a person; `purpose` is its transaction_type."""
    told = {name: value for name, value in more.items() if value}
    return {"type": "user", "transaction_type": purpose, "user": user, **told}


@dataclass(slots=True)
class Till:
    """Every invoice link, open query and charge of the world."""

    random: Random
    #: by what stands behind t.me/$
    links: dict[str, Invoice] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)

    def link(self, invoice: Invoice) -> str:
        """Return a link that opens the invoice."""
        slug = self._letters(24)
        self.links[slug] = invoice
        return f"https://t.me/${slug}"

    def ask(self, kind: Literal["shipping_query", "pre_checkout_query"], bot: BotAccount, *, now_ms: int) -> Query:
        """Remember a query that waits for its answer."""
        query = Query(str(self.random.randrange(10**17, 10**19)), kind, bot, now_ms)
        self.queries[query.query_id] = query
        return query

    def charge(self, invoice: Invoice, user: dict[str, Any], total: int, *, now_ms: int) -> Charge:
        """Take the money, and give it an id of its own."""
        charge_id, provider_id = f"st{self._letters(40)}", ""
        if invoice.currency != STARS:
            charge_id, provider_id = f"{self.random.randrange(10**18)}_test", f"ch_{self._letters(24)}"
        charge = Charge(charge_id, provider_id, invoice.bot, user["id"], user, invoice, total, now_ms)
        if invoice.subscription_s:
            charge.subscribed_until_ms = now_ms + invoice.subscription_s * SECOND_MS
        self.charges[charge_id] = charge
        if invoice.currency == STARS:
            self.transactions.append(Transaction(charge_id, charge.bot, _payer(charge), total, now_ms))
        return charge

    def sell_media(self, bot: BotAccount, user: dict[str, Any], stars: int, payload: str, *, now_ms: int) -> Charge:
        """Take Stars for paid media."""
        bill = Invoice(bot, "", "", payload, STARS, stars)
        charge = Charge(f"st{self._letters(40)}", "", bot, user["id"], user, bill, stars, now_ms)
        self.charges[charge.charge_id] = charge
        partner = user_partner(user, "paid_media_payment", paid_media_payload=payload)
        self.transactions.append(Transaction(charge.charge_id, bot, partner, stars, now_ms))
        return charge

    def receive(self, bot: BotAccount, partner: dict[str, Any], stars: int, *, now_ms: int) -> None:
        """Add Stars to a bot's account; `partner` is the TransactionPartner object of who gives them."""
        self.transactions.append(Transaction(f"st{self._letters(40)}", bot, partner, stars, now_ms))

    def spend(self, bot: BotAccount, partner: dict[str, Any], stars: int, *, now_ms: int) -> None:
        """Take Stars from a bot's account; `partner` is the TransactionPartner object of whom they are spent on."""
        self.transactions.append(Transaction(f"st{self._letters(40)}", bot, partner, stars, now_ms, is_outgoing=True))

    def refund(self, charge: Charge, *, now_ms: int) -> None:
        """Give the Stars back."""
        charge.is_refunded = True
        line = Transaction(charge.charge_id, charge.bot, _payer(charge), charge.total, now_ms, is_outgoing=True)
        self.transactions.append(line)

    def of(self, bot: BotAccount) -> list[Transaction]:
        """Return a bot's transactions, the oldest first."""
        return [transaction for transaction in self.transactions if transaction.bot is bot]

    def stars(self, bot: BotAccount) -> int:
        """Return how many Stars a bot has."""
        return sum(-line.amount if line.is_outgoing else line.amount for line in self.of(bot))

    def _letters(self, count: int) -> str:
        return "".join(self.random.choices(_LETTERS, k=count))


def _payer(charge: Charge) -> dict[str, Any]:
    invoice = charge.invoice
    more = {"invoice_payload": invoice.payload, "subscription_period": invoice.subscription_s}
    return user_partner(charge.user, "invoice_payment", **more)
