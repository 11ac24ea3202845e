"""The words for what happens to a payment outside of any update."""

from __future__ import annotations

from botflight_service.billing.payments import Payment
from botflight_service.bot import keyboards
from botflight_service.bot.texts import Texts
from botflight_service.message import Screen


class CashierWords:
    """Draws what whoever paid is told, in the language that they paid in."""

    def __init__(self, *, texts: Texts) -> None:
        self._texts = texts

    def found(self, payment: Payment) -> Screen:
        """A payment had not reached us, and is credited now; or it is none of ours."""
        language = self._texts.speak(payment.language)
        if not payment.credited:
            text = language.html("payment.unclear", stars=payment.stars)
        else:
            text = language.html("payment.found", stars=payment.stars, amount=payment.credited)
        return self._screen(payment, text)

    def refunded(self, payment: Payment) -> Screen:
        """The Stars went back."""
        return self._screen(payment, self._texts.speak(payment.language).html("refund.done", stars=payment.stars))

    def refund_failed(self, payment: Payment) -> Screen:
        """They did not, and the credits returned."""
        language = self._texts.speak(payment.language)
        return self._screen(payment, language.html("refund.failed", stars=payment.stars, amount=payment.taken))

    def _screen(self, payment: Payment, text: str) -> Screen:
        keyboard = keyboards.to_new_menu(self._texts.speak(payment.language))
        return Screen(text=text, keyboard=keyboard, in_place=False)
