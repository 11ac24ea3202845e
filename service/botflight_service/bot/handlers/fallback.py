"""Answers to what nobody expected: never silence, always a way on."""

from __future__ import annotations

from collections.abc import Callable

from botflight_service.bot.handlers.drafting import Drafting
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen


class Fallback:
    """Says what the bot made of it, then repeats the question that stands, or shows the menu."""

    def __init__(self, *, texts: Texts, drafting: Drafting, username: Callable[[], str]) -> None:
        self._texts = texts
        self._drafting = drafting
        self._username = username

    async def unknown_button(self, visit: Visit) -> Reply:
        """Answer a tap on a button that this bot never drew."""
        language = self._texts.speak(visit.language)
        return await self._drafting.recover(
            visit,
            action="unknown_callback",
            outcome="UNKNOWN_CALLBACK",
            notice=language.html("notice.unknown_callback"),
            toast=language.plain("toast.expired"),
        )

    async def unknown_command(self, visit: Visit) -> Reply:
        """Answer a command that there is not, or not for this visitor."""
        notice = self._texts.speak(visit.language).html("notice.unknown_command")
        return await self._drafting.recover(visit, action="unknown_command", outcome="UNKNOWN_COMMAND", notice=notice)

    async def unexpected(self, visit: Visit, what: str) -> Reply:
        """Answer a message that the bot has no use for; `what` names its content, such as `sticker`."""
        language = self._texts.speak(visit.language)
        key = f"unexpected.{what}"
        notice = language.html(key if language.has(key) else "unexpected.other")
        return await self._drafting.recover(visit, action="unexpected_input", outcome="UNEXPECTED_INPUT", notice=notice)

    async def elsewhere(self, visit: Visit) -> Reply:
        """In a group: point to the private chat."""
        language = self._texts.speak(visit.language)
        if visit.tap is not None:
            toast = language.plain("group.pointer", username=self._username())
            return Reply(action="group_pointer", screens=(), toast=toast, outcome="NOT_PRIVATE")
        text = language.html("group.pointer", username=self._username())
        return Reply(action="group_pointer", screens=(Screen(text=text, in_place=False),), outcome="NOT_PRIVATE")
