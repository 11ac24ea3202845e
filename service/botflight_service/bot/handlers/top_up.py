"""How to get credits, and the invoice for a pack of them; and where a confirm leads that the wallet does not hold."""

from __future__ import annotations

from botflight_service.billing.packs import Packs, terms_of
from botflight_service.bot import keyboards, phrases
from botflight_service.bot.callback_data import BuyPack
from botflight_service.bot.purses import Purses
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.generation import request
from botflight_service.generation.request import Purse
from botflight_service.message import Invoice, Screen
from botflight_service.session import Offer


class TopUp:
    """Offers packs for Stars, and tells whom to ask otherwise: `contact`, such as @name, gives credits out."""

    def __init__(self, *, texts: Texts, purses: Purses, packs: Packs, contact: str | None = None) -> None:
        self._texts = texts
        self._purses = purses
        self._packs = packs
        self._contact = contact

    async def show(self, visit: Visit) -> Reply:
        """Show how to get credits."""
        return await self._shown(visit, notice=None, outcome="OK")

    async def buy(self, visit: Visit, tapped: BuyPack) -> Reply:
        """Send the invoice for a pack."""
        language = self._texts.speak(visit.language)
        pack = self._packs.find(tapped.pack)
        if pack is None:
            return await self._shown(visit, notice=language.html("notice.pack_gone"), outcome="PACK_GONE")
        invoice = Invoice(
            title=language.amount(pack.credits),
            description=language.plain("invoice.about"),
            payload=terms_of(pack, visit.user_id).payload(),
            stars=pack.stars,
            pay=language.plain("button.pay", stars=pack.stars),
        )
        screen = Screen(text="", keyboard=keyboards.to_new_menu(language), invoice=invoice, in_place=False)
        return Reply(action="buy_pack", screens=(screen,))

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
        keyboard = keyboards.top_up_menu_keyboard(language, draft=visit.session.draft, packs=self._packs)
        return Reply(action=action, screens=(Screen(text=text, keyboard=keyboard),), outcome="INSUFFICIENT_FUNDS")

    async def _shown(self, visit: Visit, *, notice: Html | None, outcome: str) -> Reply:
        language = self._texts.speak(visit.language)
        purse = await self._purses.of(visit)
        text = language.html("top_up", available=purse.available, how=self._how(language, visit.user_id))
        keyboard = keyboards.top_up_menu_keyboard(language, draft=visit.session.draft, packs=self._packs)
        screen = Screen(text=phrases.below(notice, text), keyboard=keyboard)
        return Reply(action="show_top_up", screens=(screen,), outcome=outcome)

    def _how(self, language: Language, user_id: int) -> Html:
        if self._contact is None:
            return language.html("top_up.ask", user_id=user_id)
        return language.html("top_up.ask_contact", user_id=user_id, contact=self._contact)
