"""What a user made: pages, entries, once more, and the file again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final, Protocol
from uuid import UUID

from botflight_service.bot import keyboards, phrases
from botflight_service.bot.callback_data import RepeatAttempt, SendAgain, ShowAttempt, ShowHistory
from botflight_service.bot.handlers.drafting import Drafting
from botflight_service.bot.handlers.menu import Menu
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.generation import answers
from botflight_service.generation.attempts import UNSETTLED, Attempt, AttemptState
from botflight_service.generation.catalog import Catalog
from botflight_service.message import Screen
from botflight_service.session import Draft

PAGE: Final = 6
_ANSWERS_CHARACTERS = 1500


class HistoryReads(Protocol):
    """What is read of the store."""

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        """One attempt."""
        ...

    async def history(self, partner: str, user_id: int, *, offset: int = 0, limit: int) -> Sequence[Attempt]:
        """A user's attempts, newest first."""
        ...


class History:
    """Shows attempts, by the clock of `zone`."""

    def __init__(
        self, *, texts: Texts, catalog: Catalog, reads: HistoryReads, drafting: Drafting, menu: Menu, zone: tzinfo
    ) -> None:
        self._texts = texts
        self._catalog = catalog
        self._reads = reads
        self._drafting = drafting
        self._menu = menu
        self._zone = zone

    async def show(self, visit: Visit, page: ShowHistory) -> Reply:
        """Show a page, newest first."""
        language = self._texts.speak(visit.language)
        found = await self._reads.history(visit.partner, visit.user_id, offset=page.offset, limit=PAGE + 1)
        entries = [(self._label(language, attempt), attempt) for attempt in found[:PAGE]]
        newer = max(0, page.offset - PAGE) if page.offset else None
        older = page.offset + PAGE if len(found) > PAGE else None
        keyboard = keyboards.history(language, entries, offset=page.offset, newer=newer, older=older)
        title = "title" if entries else "end" if page.offset else "empty"
        screen = Screen(text=language.html(f"history.{title}"), keyboard=keyboard)
        return Reply(action="show_history", screens=(screen,))

    async def open(self, visit: Visit, shown: ShowAttempt) -> Reply:
        """Show one entry."""
        attempt = await self._own(visit, shown.task_id)
        if attempt is None:
            return self._missing(visit, "show_attempt")
        language = self._texts.speak(visit.language)
        keyboard = keyboards.attempt(
            language,
            attempt,
            repeatable=self._catalog.find(attempt.model) is not None,
            offset=shown.offset,
        )
        return Reply(action="show_attempt", screens=(Screen(text=self._card(language, attempt), keyboard=keyboard),))

    async def repeat(self, visit: Visit, wanted: RepeatAttempt) -> Reply:
        """Begin a draft with the same answers. Those that no longer fit are asked for again."""
        attempt = await self._own(visit, wanted.task_id)
        if attempt is None:
            return self._missing(visit, "repeat_attempt")
        model = self._catalog.find(attempt.model)
        kept = answers.fitting(model, attempt.inputs) if model else {}
        return await self._drafting.show(visit, Draft(model=attempt.model, inputs=kept), action="repeat_attempt")

    async def send_again(self, visit: Visit, wanted: SendAgain) -> Reply:
        """Send the file once more."""
        attempt = await self._own(visit, wanted.task_id)
        if attempt is None:
            return self._missing(visit, "send_again")
        language = self._texts.speak(visit.language)
        if attempt.file is None:
            notice = language.html("notice.file_missing")
            return self._menu.render(visit, notice=notice, action="send_again", outcome="NO_FILE")
        text = language.html(
            "attempt.caption",
            name=phrases.name_of(language, attempt.model),
            moment=language.moment(attempt.created_at_ms, self._zone),
        )
        keyboard = keyboards.result(language, attempt)
        screen = Screen(text=text, keyboard=keyboard, artifact=attempt.file, in_place=False)
        return Reply(action="send_again", screens=(screen,), toast=language.plain("toast.sent_again"))

    async def _own(self, visit: Visit, task_id: UUID) -> Attempt | None:
        """The visitor's own attempt: those of others do not exist for them."""
        attempt = await self._reads.attempt(visit.partner, task_id)
        return attempt if attempt is not None and attempt.user_id == visit.user_id else None

    def _missing(self, visit: Visit, action: str) -> Reply:
        notice = self._texts.speak(visit.language).html("notice.attempt_missing")
        return self._menu.render(visit, notice=notice, action=action, outcome="NO_ATTEMPT")

    def _label(self, language: Language, attempt: Attempt) -> str:
        return language.plain(
            "button.attempt",
            mark=_mark(attempt.state),
            name=phrases.name_of(language, attempt.model),
            moment=language.moment(attempt.created_at_ms, self._zone),
        )

    def _card(self, language: Language, attempt: Attempt) -> Html:
        model = self._catalog.find(attempt.model)
        return language.html(
            "attempt",
            name=phrases.name_of(language, attempt.model),
            state=language.plain(f"state.{attempt.state}"),
            moment=language.moment(attempt.created_at_ms, self._zone),
            paid=phrases.paid(language, attempt),
            answers=phrases.answers(language, model, attempt.inputs, max_characters=_ANSWERS_CHARACTERS),
        )


def _mark(state: AttemptState) -> str:
    if state in UNSETTLED:
        return "⏳"
    return {AttemptState.FAILED: "✖️", AttemptState.REFUNDED: "↩️"}.get(state, "✅")
