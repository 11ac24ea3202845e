"""What a user has."""

from __future__ import annotations

from botflight_service.bot import keyboards
from botflight_service.bot.purses import Purses
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen


class BalanceScreen:
    """Shows what is available, what is held, and what is free today."""

    def __init__(self, *, texts: Texts, purses: Purses) -> None:
        self._texts = texts
        self._purses = purses

    async def show(self, visit: Visit) -> Reply:
        """Show the balance."""
        language = self._texts.speak(visit.language)
        purse = await self._purses.of(visit)
        free = language.html("balance.free", left=purse.free_left, limit=purse.daily_limit) if purse.daily_limit else ""
        held = language.html("balance.held", held=purse.held) if purse.held else ""
        text = language.html("balance", available=purse.available, held=held, free=free)
        screen = Screen(text=text, keyboard=keyboards.balance(language, draft=visit.session.draft))
        return Reply(action="show_balance", screens=(screen,))
