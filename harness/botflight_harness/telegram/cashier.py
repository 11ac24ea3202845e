"""What Telegram itself does about money: it tells who waits, hands out receipts, and gives money back."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.payments import Charge, Query, Till
from botflight_harness.telegram.updates import Lane, Update

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram


class Cashier:
    """The money side of a world."""

    def __init__(self, telegram: "Telegram", till: Till) -> None:
        self._telegram = telegram
        self.till = till
        self._awaited: dict[Query, list[Callable[[], None]]] = {}

    def settled(self, query: Query) -> None:
        """Tell those who wait that a query of the till was answered or voided."""
        for heard in self._awaited.pop(query, ()):
            heard()

    def when_settled(self, query: Query, heard: Callable[[], None]) -> Callable[[], None]:
        """Call `heard` once the query is answered or voided; the returned function forgets it."""
        if query.state != "waiting":
            heard()
        else:
            self._awaited.setdefault(query, []).append(heard)

        def forget() -> None:
            self._awaited.pop(query, None)

        return forget

    def receipt(self, charge: Charge, details: Mapping[str, Any], *, is_first: bool = True) -> Update | None:
        """Put successful_payment into the private chat, and tell the bot of it."""
        paid: dict[str, Any] = {
            "currency": charge.invoice.currency,
            "total_amount": charge.total,
            "invoice_payload": charge.invoice.payload,
            "telegram_payment_charge_id": charge.charge_id,
            "provider_payment_charge_id": charge.provider_charge_id,
            **details,
        }
        if charge.subscribed_until_ms:
            paid |= {"subscription_expiration_date": charge.subscribed_until_ms // 1000, "is_recurring": True}
            paid |= {"is_first_recurring": True} if is_first else {}
        return self._service(charge, {"successful_payment": paid})

    def refund(self, charge: Charge) -> None:
        """Give Stars back, and tell the bot of it in the private chat."""
        self.till.refund(charge, now_ms=self._telegram.clock.now_ms())
        self._telegram.people[charge.user_id].stars += charge.total
        refunded = {
            "currency": charge.invoice.currency,
            "total_amount": charge.total,
            "invoice_payload": charge.invoice.payload,
            "telegram_payment_charge_id": charge.charge_id,
        }
        self._service(charge, {"refunded_payment": refunded})

    def deposit(self, bot: BotAccount, stars: int) -> None:
        """Put Stars into a bot's account, as its owner does through Fragment: gifts are paid for from there."""
        self.till.receive(bot, {"type": "fragment"}, stars, now_ms=self._telegram.clock.now_ms())

    def subscription_changed(self, charge: Charge, state: str) -> Update | None:
        """Tell the bot that a subscription was canceled, is active again, or could not be renewed."""
        payload = {"user": charge.user, "invoice_payload": charge.invoice.payload, "state": state}
        return self._telegram.update(charge.bot, "subscription", payload, lane=Lane("payment", charge.user_id))

    def _service(self, charge: Charge, content: dict[str, Any]) -> Update | None:
        person = self._telegram.people[charge.user_id]
        message = self._telegram.post(self._telegram.private_chat(person, charge.bot), person, content)
        lane = Lane("chat", charge.user_id)
        return self._telegram.update(charge.bot, "message", message.as_json(), lane=lane)
