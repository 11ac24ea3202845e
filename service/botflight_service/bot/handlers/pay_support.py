"""Questions about payments, as Telegram's rules ask for them: what was paid, and having it back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from botflight_service.billing import refunds
from botflight_service.billing.money import Credits
from botflight_service.billing.packs import Packs
from botflight_service.billing.payments import Payment
from botflight_service.billing.refunds import NoRefund
from botflight_service.bot import keyboards
from botflight_service.bot.callback_data import AskRefund, ConfirmRefund
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen
from botflight_service.storage.interface import Balance

#: Payments on the page, and those that a button may still name.
SHOWN = 5
_REMEMBERED = 50
_REFERENCE_DIGITS = 16


class PaySupportReads(Protocol):
    """What is read of the store."""

    async def payments_of(self, partner: str, user_id: int, *, limit: int) -> Sequence[Payment]:
        """A user's payments, newest first."""
        ...

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        ...


def reference(payment: Payment) -> str:
    """A name for a payment that fits behind a button, where Telegram's charge ids do not."""
    return hashlib.sha256(payment.charge_id.encode()).hexdigest()[:_REFERENCE_DIGITS]


class PaySupport:
    """Shows a user's payments, and gives unspent ones back."""

    def __init__(
        self, *, texts: Texts, packs: Packs, reads: PaySupportReads, zone: tzinfo, contact: str | None = None
    ) -> None:
        self._texts = texts
        self._packs = packs
        self._reads = reads
        self._zone = zone
        self._contact = contact

    async def show(self, visit: Visit) -> Reply:
        """Show the newest payments, with a button for each that can go back."""
        language = self._texts.speak(visit.language)
        found = await self._reads.payments_of(visit.partner, visit.user_id, limit=SHOWN)
        available = (await self._reads.balance(visit.partner, visit.user_id)).available
        lines = [self._line(language, payment) for payment in found]
        returnable = [
            (reference(payment), payment.stars) for payment in found if self._refusal(visit, payment, available) is None
        ]
        text = language.html(
            "pay_support",
            payments=Html("\n".join(lines)) if lines else language.html("pay_support.none"),
            days=self._packs.refund_days,
            help=self.help(language, visit.user_id),
        )
        screen = Screen(text=text, keyboard=keyboards.pay_support(language, returnable))
        return Reply(action="show_pay_support", screens=(screen,))

    async def ask(self, visit: Visit, tapped: AskRefund) -> Reply:
        """Ask once more before the credits go."""
        payment, refused = await self._found(visit, tapped.reference)
        if payment is None or refused is not None:
            return self._refused(visit, refused, action="ask_refund")
        language = self._texts.speak(visit.language)
        text = language.html("refund.ask", stars=payment.stars, amount=payment.credited)
        screen = Screen(text=text, keyboard=keyboards.refund(language, ConfirmRefund(tapped.reference)))
        return Reply(action="ask_refund", screens=(screen,))

    async def confirm(self, visit: Visit, tapped: ConfirmRefund) -> Reply:
        """Take the credits back; Telegram is asked for the Stars once that is committed."""
        payment, refused = await self._found(visit, tapped.reference)
        if payment is None or refused is not None:
            return self._refused(visit, refused, action="confirm_refund")
        # All of it is there, or the store refuses the step and this is decided anew.
        step = refunds.begin(payment, payment.credited, partner=visit.partner, at_ms=visit.now_ms)
        language = self._texts.speak(visit.language)
        text = language.html("refund.begun", stars=payment.stars, amount=payment.credited)
        return Reply(
            action="confirm_refund",
            screens=(Screen(text=text, keyboard=keyboards.to_main_menu(language)),),
            payment_move=step.move,
            transfers=step.transfers,
        )

    def help(self, language: Language, user_id: int) -> Html:
        """Whom to write to."""
        if self._contact is None:
            return language.html("support.ask", user_id=user_id)
        return language.html("support.ask_contact", contact=self._contact, user_id=user_id)

    def _line(self, language: Language, payment: Payment) -> Html:
        return language.html(
            "pay_support.line",
            moment=language.moment(payment.paid_at_ms, self._zone),
            stars=payment.stars,
            amount=payment.credited,
            state=language.plain(f"payment.state.{payment.state}"),
        )

    async def _found(self, visit: Visit, wanted: str) -> tuple[Payment | None, NoRefund | None]:
        """The visitor's own payment behind a button, and why it cannot go back."""
        found = await self._reads.payments_of(visit.partner, visit.user_id, limit=_REMEMBERED)
        payment = next((one for one in found if reference(one) == wanted), None)
        if payment is None:
            return None, NoRefund.TOO_OLD
        available = (await self._reads.balance(visit.partner, visit.user_id)).available
        return payment, self._refusal(visit, payment, available)

    def _refusal(self, visit: Visit, payment: Payment, available: Credits) -> NoRefund | None:
        return refunds.refusal(payment, available, now_ms=visit.now_ms, refund_days=self._packs.refund_days)

    def _refused(self, visit: Visit, refused: NoRefund | None, *, action: str) -> Reply:
        language = self._texts.speak(visit.language)
        reason = language.html(f"no_refund.{refused or NoRefund.TOO_OLD}")
        text = language.html("refund.refused", reason=reason, help=self.help(language, visit.user_id))
        screen = Screen(text=text, keyboard=keyboards.to_main_menu(language))
        return Reply(action=action, screens=(screen,), outcome="NO_REFUND")
