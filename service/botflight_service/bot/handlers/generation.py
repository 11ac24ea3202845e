"""From the choice of a model to the last answer."""

from __future__ import annotations

from dataclasses import replace

from botflight_service.bot import keyboards
from botflight_service.bot.callback_data import CONFIRM_STEP, Answer, ChooseModel, GoBack
from botflight_service.bot.handlers.drafting import Drafting
from botflight_service.bot.handlers.memory import with_draft
from botflight_service.bot.handlers.menu import Menu
from botflight_service.bot.purses import Purses
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.generation import answers
from botflight_service.generation.answers import Unfit
from botflight_service.generation.catalog import Catalog, Input, Model, TextInput
from botflight_service.message import Screen
from botflight_service.session import Draft


class Generation:
    """Asks what to make, one question after the other."""

    def __init__(self, *, texts: Texts, catalog: Catalog, purses: Purses, menu: Menu, drafting: Drafting) -> None:
        self._texts = texts
        self._catalog = catalog
        self._purses = purses
        self._menu = menu
        self._drafting = drafting

    async def list_models(self, visit: Visit) -> Reply:
        """Show what can be made, and what is free today."""
        language = self._texts.speak(visit.language)
        purse = await self._purses.of(visit)
        text = language.html("models.title")
        if purse.daily_limit:
            free = language.html("models.free", left=purse.free_left, limit=purse.daily_limit)
            text = Html(f"{text}\n{free}")
        screen = Screen(text=text, keyboard=keyboards.models(language, self._catalog))
        return Reply(action="list_models", screens=(screen,), session=with_draft(visit, None))

    async def choose(self, visit: Visit, chosen: ChooseModel) -> Reply:
        """Begin a draft."""
        return await self._drafting.show(visit, Draft(model=chosen.model), action="choose_model")

    async def answer(self, visit: Visit, given: Answer) -> Reply:
        """Take a ready answer. A button of another question answers nothing."""
        draft, model, asked = self._standing(visit)
        if draft is None or asked is None or model is None or (given.model, given.step) != (model.key, asked.name):
            return await self._drafting.expired(visit, action="answer_question")
        return await self._take(visit, draft, asked, answers.read_text(asked, given.value))

    async def go_back(self, visit: Visit, back: GoBack) -> Reply:
        """Ask the question before once more; from the first one, show the models."""
        draft, model, asked = self._standing(visit)
        here = CONFIRM_STEP if asked is None else asked.name
        if draft is None or model is None or (back.model, back.step) != (model.key, here):
            return await self._drafting.expired(visit, action="go_back")
        before = model.before(asked.name if asked else None)
        if before is None:
            return replace(await self.list_models(visit), action="go_back")
        kept = {name: value for name, value in draft.inputs.items() if name != before}
        return await self._drafting.show(visit, replace(draft, inputs=kept), action="go_back")

    async def resume(self, visit: Visit) -> Reply:
        """Back to the draft from a look elsewhere."""
        draft = visit.session.draft
        if draft is None:
            return await self._drafting.expired(visit, action="resume_draft")
        return await self._drafting.show(visit, draft, action="resume_draft")

    async def text(self, visit: Visit) -> Reply:
        """Take a text as the answer to the question that stands."""
        draft, _, asked = self._standing(visit)
        if draft is None:
            return self._unasked(visit, "notice.text_in_menu")
        if asked is None:
            return await self._again(visit, draft, Unfit("at_confirm"))
        return await self._take(visit, draft, asked, answers.read_text(asked, visit.text or ""))

    async def photo(self, visit: Visit) -> Reply:
        """Take a photo as the answer to the question that stands, and what is written below it as the next one's."""
        draft, model, asked = self._standing(visit)
        if draft is None or visit.photo_file_id is None:
            return self._unasked(visit, "notice.photo_in_menu")
        if asked is None or model is None:
            return await self._again(visit, draft, Unfit("at_confirm"))
        answer = answers.read_photo(asked, visit.photo_file_id)
        if isinstance(answer, Unfit):
            return await self._again(visit, draft, answer)
        filled = replace(draft, inputs={**draft.inputs, asked.name: answer})
        following = model.input(model.missing(filled.inputs))
        if visit.text and isinstance(following, TextInput):
            return await self._take(visit, filled, following, answers.read_text(following, visit.text))
        return await self._drafting.show(visit, filled, action="answer_question")

    def _standing(self, visit: Visit) -> tuple[Draft | None, Model | None, Input | None]:
        """The draft, its model, and the question that it waits at; no question at the confirm screen."""
        draft = visit.session.draft
        model = self._catalog.find(draft.model) if draft else None
        asked = model.input(model.missing(draft.inputs)) if draft and model else None
        return draft, model, asked

    async def _take(self, visit: Visit, draft: Draft, asked: Input, answer: str | Unfit) -> Reply:
        if isinstance(answer, Unfit):
            return await self._again(visit, draft, answer)
        filled = replace(draft, inputs={**draft.inputs, asked.name: answer})
        return await self._drafting.show(visit, filled, action="answer_question")

    async def _again(self, visit: Visit, draft: Draft, unfit: Unfit) -> Reply:
        notice = _complaint(self._texts.speak(visit.language), unfit)
        return await self._drafting.show(
            visit, draft, action="answer_question", notice=notice, outcome=_outcome(unfit), lost=True
        )

    def _unasked(self, visit: Visit, key: str) -> Reply:
        notice = self._texts.speak(visit.language).html(key)
        return self._menu.render(visit, notice=notice, action="unexpected_input", outcome="UNEXPECTED_INPUT")


#: Answers of the right kind that do not fit; any other was not what was asked for.
_INVALID = frozenset({"empty", "too_long", "not_a_number", "out_of_range", "not_a_choice"})


def _outcome(unfit: Unfit) -> str:
    return "INVALID_INPUT" if unfit.reason in _INVALID else "UNEXPECTED_INPUT"


def _complaint(language: Language, unfit: Unfit) -> Html:
    return language.html(f"bad.{unfit.reason}", **unfit.values)
