"""Phrases that several screens share: a model's name, what was answered, what was paid."""

from __future__ import annotations

from collections.abc import Mapping

from botflight_service.bot.texts import Html, Language
from botflight_service.generation import request
from botflight_service.generation.attempts import UNSETTLED, Attempt, AttemptState, Funding
from botflight_service.generation.catalog import ChoiceInput, Input, Model, PhotoInput
from botflight_service.generation.request import Purse
from botflight_service.session import Offer


def name_of(language: Language, key: str) -> str:
    """A model's name; a phrase for one that is no longer among the texts."""
    name = f"model.{key}.name"
    return language.plain(name if language.has(name) else "attempt.unknown_model")


def answers(language: Language, model: Model | None, inputs: Mapping[str, str], *, max_characters: int) -> Html:
    """The answers, a line each, shortened to about `max_characters` together."""
    if model is None:
        return Html("")
    each = max_characters // len(model.inputs)
    lines = [
        language.html(
            "confirm.answer",
            label=language.plain(f"input.{asked.name}"),
            value=shortened(_answer(language, asked, inputs[asked.name]), each),
        )
        for asked in model.inputs
        if asked.name in inputs
    ]
    return Html("\n".join(lines))


def terms(language: Language, offer: Offer, purse: Purse) -> Html:
    """What a generation would take."""
    if offer.funding is Funding.FREE:
        return language.html("confirm.free", left=purse.free_left, limit=purse.daily_limit)
    missing = request.missing(offer, purse)
    if missing:
        return language.html("confirm.short", price=offer.price, available=purse.available, missing=missing)
    return language.html("confirm.price", price=offer.price, available=purse.available)


def paid(language: Language, attempt: Attempt) -> Html:
    """What an attempt took. One that failed took nothing, nor did a present that came after a failure."""
    free = attempt.funding is Funding.FREE
    if attempt.state in UNSETTLED:
        key = "free" if free else "held"
    elif attempt.failure is not None or attempt.state is AttemptState.REFUNDED:
        key = "nothing"
    else:
        key = "free" if free else "charged"
    return language.html(f"attempt.paid.{key}", price=attempt.price)


def shortened(text: str, max_characters: int) -> str:
    """The text on one line, cut with an ellipsis where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= max_characters else f"{line[: max_characters - 1].rstrip()}…"


def below(notice: Html | None, body: Html) -> Html:
    """A screen's text with a notice above it."""
    return body if notice is None else Html(f"{notice}\n\n{body}")


def _answer(language: Language, asked: Input, value: str) -> str:
    if isinstance(asked, PhotoInput):
        return language.plain("value.photo")
    label = f"input.{asked.name}.{value}"
    return language.plain(label) if isinstance(asked, ChoiceInput) and language.has(label) else value
