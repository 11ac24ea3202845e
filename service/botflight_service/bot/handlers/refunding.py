"""Refunds that administrators decide on."""

from __future__ import annotations

from typing import Protocol

from botflight_service.billing import refunds
from botflight_service.billing.payments import Payment
from botflight_service.bot import keyboards
from botflight_service.bot.texts import Html, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen
from botflight_service.storage.interface import Balance

#: The word that lets the house bear what was spent.
WITH_LOSS = "loss"


class RefundingReads(Protocol):
    """What is read of the store."""

    async def payment(self, partner: str, charge_id: str) -> Payment | None:
        """One payment."""
        ...

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        ...


class Refunding:
    """Begins refunds, without the users' limit of days."""

    def __init__(self, *, texts: Texts, reads: RefundingReads) -> None:
        self._texts = texts
        self._reads = reads

    async def refund(self, visit: Visit, arguments: tuple[str, ...]) -> Reply:
        """Carry out `/refund <charge id> [loss]`."""
        language = self._texts.speak(visit.language)
        match arguments:
            case (charge_id,):
                with_loss = False
            case (charge_id, word) if word.lower() == WITH_LOSS:
                with_loss = True
            case _:
                return self._reply(visit, language.html("admin.refund.usage"), outcome="INVALID_INPUT")
        payment = await self._reads.payment(visit.partner, charge_id)
        if payment is None:
            return self._reply(visit, language.html("admin.refund.unknown"), outcome="UNKNOWN_PAYMENT")
        available = (await self._reads.balance(visit.partner, payment.user_id)).available
        refused = refunds.refusal(payment, available, now_ms=visit.now_ms, with_loss=with_loss)
        if refused is not None:
            text = language.html(
                "admin.refund.refused",
                reason=language.html(f"no_refund.{refused}"),
                available=available,
                amount=payment.credited,
            )
            return self._reply(visit, text, outcome="NO_REFUND")
        step = refunds.begin(payment, available, partner=visit.partner, at_ms=visit.now_ms)
        taken = step.move.taken
        text = language.html(
            "admin.refund.begun",
            user_id=payment.user_id,
            stars=payment.stars,
            taken=taken,
            borne=payment.credited - taken,
        )
        screen = Screen(text=text, keyboard=keyboards.to_main_menu(language))
        return Reply(action="admin_refund", screens=(screen,), payment_move=step.move, transfers=step.transfers)

    def _reply(self, visit: Visit, text: Html, *, outcome: str) -> Reply:
        screen = Screen(text=text, keyboard=keyboards.to_main_menu(self._texts.speak(visit.language)))
        return Reply(action="admin_refund", screens=(screen,), outcome=outcome)
