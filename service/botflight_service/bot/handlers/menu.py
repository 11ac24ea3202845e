"""The main menu: where every visit can begin anew."""

from __future__ import annotations

from botflight_service.bot import keyboards, phrases
from botflight_service.bot.handlers.memory import with_draft
from botflight_service.bot.texts import Html, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen


class Menu:
    """Shows the main menu. A draft ends there: what is written next answers no question any more."""

    def __init__(self, *, texts: Texts) -> None:
        self._texts = texts
        #: By language: it is on most screens, and always the same.
        self._keyboards = {language.code: keyboards.main_menu(language) for language in texts.languages}

    async def welcome(self, visit: Visit) -> Reply:
        """Greet, as on /start."""
        return self.render(visit, title="menu.welcome")

    async def open(self, visit: Visit) -> Reply:
        """Draw the menu over the tapped message, or send it."""
        return self.render(visit)

    async def send(self, visit: Visit) -> Reply:
        """Send the menu as a new message."""
        return self.render(visit, in_place=False)

    async def cancel(self, visit: Visit) -> Reply:
        """Give the draft up."""
        language = self._texts.speak(visit.language)
        notice = language.html("notice.cancelled") if visit.session.draft else None
        return self.render(visit, notice=notice, action="cancel_draft")

    def render(
        self,
        visit: Visit,
        *,
        title: str = "menu.title",
        notice: Html | None = None,
        action: str = "main_render",
        outcome: str = "OK",
        toast: str | None = None,
        in_place: bool = True,
    ) -> Reply:
        """Draw the menu, below a notice where there is one."""
        language = self._texts.speak(visit.language)
        text = phrases.below(notice, language.html(title))
        return Reply(
            action=action,
            screens=(Screen(text=text, keyboard=self._keyboards[language.code], in_place=in_place),),
            session=with_draft(visit, None),
            outcome=outcome,
            toast=toast,
        )
