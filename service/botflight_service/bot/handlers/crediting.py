"""Credits given by administrators."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from botflight_service.billing import top_up
from botflight_service.billing.ledger import Transfer
from botflight_service.billing.money import Credits
from botflight_service.billing.top_up import Grant, InvalidGrant
from botflight_service.bot import keyboards, phrases
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen
from botflight_service.session import Session
from botflight_service.storage.interface import Balance

_WORDS = 2


class CreditingReads(Protocol):
    """What is read of the store."""

    async def has_user(self, partner: str, user_id: int) -> bool:
        """Whether this user was ever seen."""
        ...

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        ...

    async def session(self, partner: str, user_id: int) -> Session | None:
        """The stored session of a user."""
        ...


class Crediting:
    """Gives credits to users. Whoever calls this has seen that the visitor is an administrator."""

    def __init__(self, *, texts: Texts, reads: CreditingReads) -> None:
        self._texts = texts
        self._reads = reads

    async def credit(self, visit: Visit, arguments: tuple[str, ...]) -> Reply:
        """Carry out `/credit <user> <amount>`, and tell both. The update handled again gives nothing more."""
        try:
            grant = top_up.parse_grant(_with_point(arguments))
        except InvalidGrant:
            return self._refused(visit, _mistake(arguments))
        if not await self._reads.has_user(visit.partner, grant.user_id):
            return self._unknown(visit, grant.user_id)
        transfer = top_up.by_admin(partner=visit.partner, grant=grant, update_id=visit.update_id, at_ms=visit.now_ms)
        return await self._credited(visit, grant, transfer)

    async def _credited(self, visit: Visit, grant: Grant, transfer: Transfer) -> Reply:
        available = (await self._reads.balance(visit.partner, grant.user_id)).available + grant.amount
        session = await self._reads.session(visit.partner, grant.user_id)
        told = self._told(visit.language, grant, available)
        # What Telegram says of the user's language is known on their own visits alone.
        given = self._given((session and session.language) or visit.language, grant, available)
        screens = (told, given) if grant.user_id != visit.user_id else (told,)
        return Reply(action="credit", screens=screens, transfers=(transfer,))

    def _told(self, code: str, grant: Grant, available: Credits) -> Screen:
        language = self._texts.speak(code)
        text = language.html("admin.credited", user_id=grant.user_id, amount=grant.amount, available=available)
        return Screen(text=text, keyboard=keyboards.to_main_menu(language))

    def _given(self, code: str, grant: Grant, available: Credits) -> Screen:
        language = self._texts.speak(code)
        text = language.html("credited", amount=grant.amount, available=available)
        screen = Screen(text=text, keyboard=keyboards.to_new_menu(language), in_place=False)
        return replace(screen, chat_id=grant.user_id)

    def _refused(self, visit: Visit, mistake: str) -> Reply:
        language = self._texts.speak(visit.language)
        text = phrases.below(language.html(f"admin.{mistake}"), language.html("admin.usage"))
        screen = Screen(text=text, keyboard=keyboards.to_main_menu(language))
        return Reply(action="credit", screens=(screen,), outcome="INVALID_INPUT")

    def _unknown(self, visit: Visit, user_id: int) -> Reply:
        language = self._texts.speak(visit.language)
        text = language.html("admin.unknown_user", user_id=user_id)
        screen = Screen(text=text, keyboard=keyboards.to_main_menu(language))
        return Reply(action="credit", screens=(screen,), outcome="UNKNOWN_USER")


def _with_point(arguments: tuple[str, ...]) -> str:
    """The words with the decimal comma of Russian as a point."""
    return " ".join(word.replace(",", ".") for word in arguments)


def _mistake(arguments: tuple[str, ...]) -> str:
    """What is wrong with words that are no grant."""
    if len(arguments) != _WORDS:
        return "bad_shape"
    try:
        top_up.parse_grant(f"{arguments[0]} 1")
    except InvalidGrant:
        return "bad_user"
    return "bad_amount"
