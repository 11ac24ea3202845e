"""Paying, as people do it: the form, the check-out that the bot confirms, and the money."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.payments import ANSWERED_WITHIN_MS, STARS, Charge, Invoice, Query
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.updates import Lane, Update

#: How long a payment waits for a bot that works in the background, in real seconds.
ANSWER_PATIENCE_S = 5.0
#: How many Stars a person has at first.
STARS_AT_FIRST = 10_000

ADDRESS: Mapping[str, str] = {
    "country_code": "NL",
    "state": "",
    "city": "Delft",
    "street_line1": "Oude Langendijk 25",
    "street_line2": "",
    "post_code": "2611",
}

Stage = Literal["shipping", "checkout", "paid", "refused", "voided", "canceled"]


@dataclass(slots=True, eq=False)
class Payment:
    """A payment under way, and what came of it."""

    invoice: Invoice
    where: Place
    #: shipping and checkout wait for the bot; the others are ends
    stage: Stage
    query: Query
    update: Update | None
    #: what the person has filled in
    order: dict[str, Any] = field(default_factory=dict)
    total: int = 0
    shipping_option_id: str = ""
    charge: Charge | None = None
    #: the update with successful_payment
    receipt: Update | None = None

    @property
    def error_message(self) -> str:
        """Why the bot refused, in the words that the person reads."""
        return self.query.error_message

    @property
    def charge_id(self) -> str:
        """The telegram_payment_charge_id. Raises ImpossibleAct when nothing was paid."""
        if self.charge is None:
            raise ImpossibleAct(f"nothing was paid: the payment is {self.stage}")
        return self.charge.charge_id


class Paying(Actor):
    """What somebody can do with invoices."""

    #: how many Stars they have
    stars: int = STARS_AT_FIRST

    def open_payment(
        self,
        invoice: Message | Seen | int | str | None = None,
        *,
        where: Place | None = None,
        tip: int = 0,
        address: Mapping[str, str] = ADDRESS,
    ) -> Payment:
        """Fill in the form of an invoice and press Pay. The bot's answer moves it on; see `Payment.stage`.

        `invoice` is a message, or a link; without it, the newest invoice on the screen. A query that is not answered
        within ten seconds of Telegram's clock is voided.
        """
        found = self._invoice(invoice, where)
        if tip > found.tip_most:
            raise ImpossibleAct(f"the form takes a tip of at most {found.tip_most}")
        total = found.total + tip
        if found.currency == STARS and total > self.stars:
            raise ImpossibleAct(f"{self.first_name} has {self.stars} Stars, and {total} are asked for")
        order = self._order(found, address)
        place = where or found.bot
        if found.is_flexible:
            payload = {"invoice_payload": found.payload, "shipping_address": dict(address)}
            query, update = self._query(found, "shipping_query", payload)
            return Payment(found, place, "shipping", query, update, order, total)
        query, update = self._check_out(found, total, order, "")
        return Payment(found, place, "checkout", query, update, order, total)

    def continue_payment(self, payment: Payment, *, shipping: str | None = None, pays: bool = True) -> Payment:
        """Go on after the bot's answer: choose a way of shipping (by id, or the first), then let the money go.

        When not `pays`, the person or the bank backs out at the end, and the bot hears nothing more.
        """
        match payment.query.state:
            case "refused" | "voided" as end:
                payment.stage = end
            case "accepted" if payment.stage == "shipping":
                self._choose(payment, shipping)
            case "accepted" if payment.stage == "checkout":
                self._finish(payment, pays=pays)
        return payment

    async def pays(
        self,
        invoice: Message | Seen | int | str | None = None,
        *,
        where: Place | None = None,
        tip: int = 0,
        address: Mapping[str, str] = ADDRESS,
        shipping: str | None = None,
    ) -> Payment:
        """Pay an invoice, and wait until the bot has dealt with it.

        The result says what came of it: `paid`, `refused` by the bot with its words, or `voided`, when the answer
        did not come within ten seconds of Telegram's clock. Raises AssertionError when the bot does not answer at all.
        """
        payment = self.open_payment(invoice, where=where, tip=tip, address=address)
        return await self._through(payment, shipping=shipping, pays=True)

    async def refuses_to_pay(
        self, invoice: Message | Seen | int | str | None = None, *, where: Place | None = None
    ) -> Payment:
        """Go as far as the bot's consent, and then do not pay, as when the bank says no."""
        return await self._through(self.open_payment(invoice, where=where), shipping=None, pays=False)

    def cancel_subscription(self, charge: Charge | str, *, canceled: bool = True) -> Act:
        """Stop a subscription from being renewed, or with canceled=False let it go on."""
        found = self._telegram.cashier.till.charges.get(charge) if isinstance(charge, str) else charge
        if found is None or found.user_id != self.user_id or not found.invoice.subscription_s:
            raise ImpossibleAct(f"{self.first_name} has no such subscription")
        found.is_canceled = canceled
        update = self._telegram.cashier.subscription_changed(found, "canceled" if canceled else "active")
        return Act(None, () if update is None else (update,))

    async def cancels_subscription(self, charge: Charge | str) -> None:
        """Stop a subscription from being renewed."""
        await self._travel(self.cancel_subscription(charge).updates)

    # How

    async def _through(self, payment: Payment, *, shipping: str | None, pays: bool) -> Payment:
        while payment.stage in {"shipping", "checkout"}:
            await self._travel([payment.update] if payment.update else [])
            await self._answered(payment)
            self.continue_payment(payment, shipping=shipping, pays=pays)
        if payment.receipt is not None:
            await self._travel([payment.receipt])
        return payment

    async def _answered(self, payment: Payment) -> None:
        """Wait for the answer to a query, which may come from the background."""
        came = asyncio.Event()
        forget = self._telegram.cashier.when_settled(payment.query, came.set)
        try:
            async with asyncio.timeout(ANSWER_PATIENCE_S):
                await came.wait()
        except TimeoutError:
            raise AssertionError(
                f"the bot did not answer the {payment.query.kind} of {self.first_name} for {payment.invoice.title!r}: "
                f"Telegram voids the payment after {ANSWERED_WITHIN_MS // 1000} s"
            ) from None
        finally:
            forget()

    def _choose(self, payment: Payment, shipping: str | None) -> None:
        options = payment.query.shipping_options
        chosen = next((option for option in options if shipping in {None, option["id"]}), None)
        if chosen is None:
            raise ImpossibleAct(f"no way of shipping {shipping!r} is offered: {[option['id'] for option in options]}")
        payment.shipping_option_id = chosen["id"]
        payment.total += sum(price["amount"] for price in chosen["prices"])
        payment.stage = "checkout"
        payment.query, payment.update = self._check_out(
            payment.invoice, payment.total, payment.order, payment.shipping_option_id
        )

    def _finish(self, payment: Payment, *, pays: bool) -> None:
        if not pays:
            payment.stage = "canceled"
            return
        world = self._telegram
        if payment.invoice.currency == STARS:
            self.stars -= payment.total
        charge = world.cashier.till.charge(payment.invoice, self.as_json(), payment.total, now_ms=world.clock.now_ms())
        payment.charge, payment.stage = charge, "paid"
        details: dict[str, Any] = {"order_info": payment.order} if payment.order else {}
        if payment.shipping_option_id:
            details["shipping_option_id"] = payment.shipping_option_id
        payment.receipt = world.cashier.receipt(charge, details)
        if charge.subscribed_until_ms:
            world.at(charge.subscribed_until_ms, _renewal(self, charge))

    def _check_out(
        self, invoice: Invoice, total: int, order: Mapping[str, Any], shipping_option_id: str
    ) -> tuple[Query, Update | None]:
        payload: dict[str, Any] = {
            "currency": invoice.currency,
            "total_amount": total,
            "invoice_payload": invoice.payload,
        }
        if shipping_option_id:
            payload["shipping_option_id"] = shipping_option_id
        if order:
            payload["order_info"] = dict(order)
        return self._query(invoice, "pre_checkout_query", payload)

    def _query(
        self, invoice: Invoice, kind: Literal["shipping_query", "pre_checkout_query"], payload: dict[str, Any]
    ) -> tuple[Query, Update | None]:
        world = self._telegram
        now_ms = world.clock.now_ms()
        query = world.cashier.till.ask(kind, invoice.bot, now_ms=now_ms)
        payload = {"id": query.query_id, "from": self.as_json(), **payload}
        world.at(now_ms + ANSWERED_WITHIN_MS, lambda: _void(world, query))
        update = world.update(invoice.bot, kind, payload, lane=Lane("payment", self.user_id))
        return query, update

    def _order(self, invoice: Invoice, address: Mapping[str, str]) -> dict[str, Any]:
        filled = {
            "name": self.first_name,
            "phone_number": "310150000000",
            "email": f"{self.user_id}@example.com",
            "shipping_address": dict(address),
        }
        return {name: filled[name] for name in invoice.needs}

    def _invoice(self, invoice: Message | Seen | int | str | None, where: Place | None) -> Invoice:
        if isinstance(invoice, str):
            found = self._telegram.cashier.till.links.get(invoice.rpartition("$")[2])
            if found is None:
                raise ImpossibleAct(f"{invoice} leads to no invoice")
            return found
        number = invoice if isinstance(invoice, int) or invoice is None else invoice.message_id
        for message in self.chat_in(where).newest_first():
            if isinstance(message.behind, Invoice) and number in {None, message.message_id}:
                return message.behind
        raise ImpossibleAct(f"{self.first_name} sees no invoice")


def _void(world: Any, query: Query) -> None:  # noqa: ANN401 -- the world, which imports this module
    if query.state == "waiting":
        query.state = "voided"
        world.cashier.settled(query)


def _renewal(person: Paying, charge: Charge) -> Callable[[], None]:
    """Return what happens when a month of a subscription is over."""

    def renew() -> None:
        world = person._telegram  # noqa: SLF001 -- the same module
        if charge.is_canceled or charge.is_refunded:
            return
        if person.stars < charge.total:
            world.cashier.subscription_changed(charge, "failed")
            return
        person.stars -= charge.total
        renewed = world.cashier.till.charge(charge.invoice, charge.user, charge.total, now_ms=world.clock.now_ms())
        world.cashier.receipt(renewed, {}, is_first=False)
        world.at(renewed.subscribed_until_ms, _renewal(person, renewed))

    return renew
