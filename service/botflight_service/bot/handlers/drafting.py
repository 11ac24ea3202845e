"""A draft on the screen: its next question, or the confirm screen once every question is answered."""

from __future__ import annotations

from dataclasses import replace

from botflight_service.bot import keyboards, phrases
from botflight_service.bot.callback_data import ConfirmGeneration
from botflight_service.bot.handlers.memory import with_draft
from botflight_service.bot.handlers.menu import Menu
from botflight_service.bot.purses import Purses
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.generation import request
from botflight_service.generation.catalog import Catalog, Input, Model, NumberInput, TextInput
from botflight_service.message import Screen
from botflight_service.session import Draft

#: How much of the answers the confirm screen repeats.
_ANSWERS_CHARACTERS = 1200


class Drafting:
    """Shows drafts."""

    def __init__(self, *, texts: Texts, catalog: Catalog, purses: Purses, menu: Menu) -> None:
        self._texts = texts
        self._catalog = catalog
        self._purses = purses
        self._menu = menu

    async def show(
        self,
        visit: Visit,
        draft: Draft,
        *,
        action: str,
        notice: Html | None = None,
        outcome: str = "OK",
        toast: str | None = None,
        in_place: bool = True,
        lost: bool = False,
    ) -> Reply:
        """Ask the draft's next question, or draw its confirm screen; `lost` adds the way to the main menu."""
        model = self._catalog.find(draft.model)
        if model is None:
            return self._gone(visit, action)
        step = model.missing(draft.inputs)
        asked = model.input(step)
        if asked is None:
            screen, kept = await self._confirm(visit, draft, model, notice=notice, lost=lost)
        else:
            screen = self._question(visit, model, asked, notice=notice, lost=lost)
            kept = replace(draft, step=step, offer=None)
        return Reply(
            action=action,
            screens=(replace(screen, in_place=in_place),),
            session=with_draft(visit, kept),
            outcome=outcome,
            toast=toast,
        )

    async def recover(
        self, visit: Visit, *, action: str, outcome: str, notice: Html | None, toast: str | None = None
    ) -> Reply:
        """After something unexpected: back to the draft where there is one, else to the menu."""
        draft = visit.session.draft
        if draft is None:
            return self._menu.render(visit, notice=notice, action=action, outcome=outcome, toast=toast)
        return await self.show(visit, draft, action=action, notice=notice, outcome=outcome, toast=toast, lost=True)

    async def expired(self, visit: Visit, *, action: str) -> Reply:
        """After a tap on a button whose time is over."""
        language = self._texts.speak(visit.language)
        notice = language.html("notice.expired_button")
        toast = language.plain("toast.expired")
        return await self.recover(visit, action=action, outcome="EXPIRED_BUTTON", notice=notice, toast=toast)

    def _gone(self, visit: Visit, action: str) -> Reply:
        notice = self._texts.speak(visit.language).html("notice.model_gone")
        return self._menu.render(visit, notice=notice, action=action, outcome="MODEL_GONE")

    async def _confirm(
        self, visit: Visit, draft: Draft, model: Model, *, notice: Html | None, lost: bool
    ) -> tuple[Screen, Draft]:
        language = self._texts.speak(visit.language)
        purse = await self._purses.of(visit)
        new = request.offer(model, purse, task_id=request.task_id_of(visit.bot_id, visit.update_id))
        offer = request.renewed(draft.offer, new)
        body = language.html(
            "confirm",
            name=phrases.name_of(language, model.key),
            answers=phrases.answers(language, model, draft.inputs, max_characters=_ANSWERS_CHARACTERS),
            terms=phrases.terms(language, offer, purse),
        )
        keyboard = keyboards.confirm(language, model, ConfirmGeneration(offer.task_id), with_menu=lost)
        return Screen(text=phrases.below(notice, body), keyboard=keyboard), replace(draft, step=None, offer=offer)

    def _question(self, visit: Visit, model: Model, asked: Input, *, notice: Html | None, lost: bool) -> Screen:
        language = self._texts.speak(visit.language)
        step = model.inputs.index(asked) + 1
        body = language.html(
            "question",
            step=step,
            steps=len(model.inputs),
            question=language.plain(f"model.{model.key}.{asked.name}"),
            hint=_hint(language, asked),
        )
        if step == 1:
            body = phrases.below(_card(language, model), body)
        keyboard = keyboards.question(language, model, asked, with_menu=lost)
        return Screen(text=phrases.below(notice, body), keyboard=keyboard)


def _card(language: Language, model: Model) -> Html:
    about = language.plain(f"model.{model.key}.about")
    return language.html("model.card", name=phrases.name_of(language, model.key), about=about, price=model.price)


def _hint(language: Language, asked: Input) -> Html:
    if isinstance(asked, TextInput):
        return language.html("hint.text", count=asked.max_characters)
    if isinstance(asked, NumberInput):
        key = "hint.number" if asked.presets else "hint.number_typed"
        return language.html(key, minimum=asked.minimum, maximum=asked.maximum)
    return language.html(f"hint.{asked.type}")
