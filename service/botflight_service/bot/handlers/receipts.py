"""Money that came and money that went back, as Telegram's own messages tell of it."""

from __future__ import annotations

from typing import Protocol

from botflight_service.billing import payments, refunds
from botflight_service.billing.money import Credits
from botflight_service.billing.packs import parse_terms
from botflight_service.billing.payments import Payment
from botflight_service.bot import keyboards
from botflight_service.bot.handlers.check_out import STARS
from botflight_service.bot.texts import Html, Texts
from botflight_service.bot.visit import Bill, Reply, Visit
from botflight_service.message import Screen
from botflight_service.storage.interface import Balance


class PaymentReads(Protocol):
    """What is read of the store."""

    async def payment(self, partner: str, charge_id: str) -> Payment | None:
        """One payment."""
        ...

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        ...


def payment_of(bill: Bill, *, user_id: int, language: str, at_ms: int) -> Payment:
    """What a bill is credited as: what its invoice promised, and nothing where that is none of ours."""
    terms = parse_terms(bill.payload)
    ours = terms is not None and bill.currency == STARS and terms.stars == bill.total
    return Payment(
        charge_id=bill.charge_id,
        user_id=user_id,
        stars=bill.total,
        credited=terms.credited if terms is not None and ours else Credits(0),
        invoice_payload=bill.payload,
        language=language,
        paid_at_ms=at_ms,
        changed_at_ms=at_ms,
    )


class Receipts:
    """Credits what was paid, once a charge, and takes back what Telegram gave back."""

    def __init__(self, *, texts: Texts, reads: PaymentReads) -> None:
        self._texts = texts
        self._reads = reads

    async def paid(self, visit: Visit, bill: Bill) -> Reply:
        """Credit a payment."""
        payment = payment_of(bill, user_id=visit.user_id, language=visit.language, at_ms=visit.now_ms)
        known = await self._reads.payment(visit.partner, bill.charge_id)
        if known is not None:
            outcome = "ALREADY_CREDITED" if known.same_terms(payment) else "PAYMENT_CONFLICT"
            return Reply(action="payment", screens=(), outcome=outcome)
        language = self._texts.speak(visit.language)
        if payment.credited:
            available = (await self._reads.balance(visit.partner, visit.user_id)).available + payment.credited
            text = language.html("payment.credited", stars=payment.stars, amount=payment.credited, available=available)
        else:
            text = language.html("payment.unclear", stars=payment.stars)
        return Reply(
            action="payment",
            screens=(self._screen(visit, text, with_draft=True),),
            payment=payment,
            transfers=payments.credit(payment, partner=visit.partner, at_ms=visit.now_ms),
            outcome="OK" if payment.credited else "PAYMENT_UNCLEAR",
        )

    async def refunded(self, visit: Visit, bill: Bill) -> Reply:
        """Take note that Stars went back, whoever sent them."""
        payment = await self._reads.payment(visit.partner, bill.charge_id)
        if payment is None:
            # The reconciliation finds both, the payment and its refund, and settles them in their order.
            return Reply(action="refund", screens=(), outcome="UNKNOWN_PAYMENT")
        available = (await self._reads.balance(visit.partner, payment.user_id)).available
        step = refunds.heard(payment, available, partner=visit.partner, at_ms=visit.now_ms)
        if step is None:
            return Reply(action="refund", screens=(), outcome="ALREADY_REFUNDED")
        text = self._texts.speak(visit.language).html("refund.done", stars=payment.stars)
        return Reply(
            action="refund",
            screens=(self._screen(visit, text),),
            payment_move=step.move,
            transfers=step.transfers,
        )

    def _screen(self, visit: Visit, text: Html, *, with_draft: bool = False) -> Screen:
        language = self._texts.speak(visit.language)
        draft = visit.session.draft if with_draft else None
        return Screen(text=text, keyboard=keyboards.after_payment(language, draft=draft), in_place=False)
