"""How to get credits; and where a confirm leads that the wallet does not hold."""

from __future__ import annotations

from botflight_service.bot import keyboards
from botflight_service.bot.purses import Purses
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.generation import request
from botflight_service.generation.request import Purse
from botflight_service.message import Screen
from botflight_service.session import Offer


class TopUp:
    """Tells whom to ask for credits. `contact`, such as @name, is whoever gives them out."""

    def __init__(self, *, texts: Texts, purses: Purses, contact: str | None = None) -> None:
        self._texts = texts
        self._purses = purses
        self._contact = contact

    async def show(self, visit: Visit) -> Reply:
        """Show how to get credits."""
        language = self._texts.speak(visit.language)
        purse = await self._purses.of(visit)
        text = language.html("top_up", available=purse.available, how=self._how(language, visit.user_id))
        keyboard = keyboards.top_up_menu_keyboard(language, draft=visit.session.draft)
        return Reply(action="show_top_up", screens=(Screen(text=text, keyboard=keyboard),))

    def short(self, visit: Visit, offer: Offer, purse: Purse, *, action: str) -> Reply:
        """Say what is missing for an offer. The draft stays, with a button that leads back to it."""
        language = self._texts.speak(visit.language)
        text = language.html(
            "top_up.short",
            price=offer.price,
            available=purse.available,
            missing=request.missing(offer, purse),
            how=self._how(language, visit.user_id),
        )
        keyboard = keyboards.top_up_menu_keyboard(language, draft=visit.session.draft)
        return Reply(action=action, screens=(Screen(text=text, keyboard=keyboard),), outcome="INSUFFICIENT_FUNDS")

    def _how(self, language: Language, user_id: int) -> Html:
        if self._contact is None:
            return language.html("top_up.ask", user_id=user_id)
        return language.html("top_up.ask_contact", user_id=user_id, contact=self._contact)
