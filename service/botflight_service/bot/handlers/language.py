"""Which language the bot speaks with a user."""

from __future__ import annotations

from dataclasses import replace

from botflight_service.bot import keyboards
from botflight_service.bot.callback_data import SetLanguage
from botflight_service.bot.handlers.drafting import Drafting
from botflight_service.bot.handlers.memory import with_language
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen


class LanguageChoice:
    """Shows the languages and keeps the choice in the session."""

    def __init__(self, *, texts: Texts, drafting: Drafting) -> None:
        self._texts = texts
        self._drafting = drafting

    async def show(self, visit: Visit) -> Reply:
        """Show the languages."""
        return Reply(action="show_languages", screens=(self._screen(visit),))

    async def choose(self, visit: Visit, chosen: SetLanguage) -> Reply:
        """Speak this language from now on."""
        if chosen.code not in self._texts.codes:
            return await self._drafting.expired(visit, action="set_language")
        switched = replace(visit, language=chosen.code, session=with_language(visit, chosen.code))
        return Reply(
            action="set_language",
            screens=(self._screen(switched),),
            session=switched.session,
            toast=self._texts.speak(chosen.code).plain("toast.language"),
        )

    def _screen(self, visit: Visit) -> Screen:
        language = self._texts.speak(visit.language)
        keyboard = keyboards.languages(language, self._texts, draft=visit.session.draft)
        return Screen(text=language.html("language.title"), keyboard=keyboard)
