"""What Telegram's rules ask of a bot that sells: its terms, and where to turn for help."""

from __future__ import annotations

from collections.abc import Callable

from botflight_service.bot import keyboards
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen


class About:
    """Shows the terms and the way to help. `help_of` says whom a user can write to."""

    def __init__(self, *, texts: Texts, refund_days: int, help_of: Callable[[Language, int], Html]) -> None:
        self._texts = texts
        self._refund_days = refund_days
        self._help_of = help_of

    async def terms(self, visit: Visit) -> Reply:
        """Show on which terms credits are sold."""
        language = self._texts.speak(visit.language)
        text = language.html("terms", days=self._refund_days, help=self._help_of(language, visit.user_id))
        return self._reply(visit, text, action="show_terms")

    async def support(self, visit: Visit) -> Reply:
        """Show where to turn for help."""
        language = self._texts.speak(visit.language)
        text = language.html("support", help=self._help_of(language, visit.user_id))
        return self._reply(visit, text, action="show_support")

    def _reply(self, visit: Visit, text: Html, *, action: str) -> Reply:
        language = self._texts.speak(visit.language)
        keyboard = keyboards.side_screen(language, draft=visit.session.draft)
        return Reply(action=action, screens=(Screen(text=text, keyboard=keyboard),))
