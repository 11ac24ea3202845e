"""What the bot can do, on one page."""

from __future__ import annotations

from botflight_service.bot import keyboards
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen


class Help:
    """Explains the bot."""

    def __init__(self, *, texts: Texts, daily_limit: int) -> None:
        self._texts = texts
        self._daily_limit = daily_limit

    async def show(self, visit: Visit) -> Reply:
        """Show the page."""
        language = self._texts.speak(visit.language)
        free = language.html("help.free", count=self._daily_limit) if self._daily_limit else ""
        text = language.html("help", free=free)
        screen = Screen(text=text, keyboard=keyboards.side_screen(language, draft=visit.session.draft))
        return Reply(action="show_help", screens=(screen,))
