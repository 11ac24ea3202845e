"""What users answer to a model's questions: read once, here, into the text that an attempt keeps."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from botflight_service.generation.catalog import ChoiceInput, Input, Model, NumberInput, PhotoInput, TextInput

#: Longer ones are out of every range, and not worth reading.
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Unfit:
    """An answer that the question does not take, and why: `bad.<reason>` among the texts says it."""

    reason: str
    values: Mapping[str, int] = field(default_factory=dict)


def read_text(asked: Input, text: str) -> str | Unfit:
    """Read a written answer."""
    cleaned = _clean(text)
    match asked:
        case TextInput():
            return _prompt(asked, cleaned)
        case NumberInput():
            return _number(asked, cleaned)
        case ChoiceInput():
            return cleaned if cleaned in asked.choices else Unfit("not_a_choice")
        case PhotoInput():
            return Unfit("text_for_photo")


def read_photo(asked: Input, file_id: str) -> str | Unfit:
    """Read a photo that was sent as an answer."""
    return file_id if isinstance(asked, PhotoInput) else Unfit(f"photo_for_{asked.type}")


def fitting(model: Model, answers: Mapping[str, str]) -> dict[str, str]:
    """Keep the answers that the model still takes: the catalogue may have changed since they were given."""
    asked = {question.name: question for question in model.inputs}
    return {name: value for name, value in answers.items() if name in asked and _fits(asked[name], value)}


def _fits(asked: Input, value: str) -> bool:
    return bool(value) if isinstance(asked, PhotoInput) else read_text(asked, value) == value


def _prompt(asked: TextInput, text: str) -> str | Unfit:
    if not text:
        return Unfit("empty")
    if len(text) > asked.max_characters:
        return Unfit("too_long", {"length": len(text), "limit": asked.max_characters})
    return text


def _number(asked: NumberInput, text: str) -> str | Unfit:
    if not re.fullmatch(r"[+-]?\d+", text):
        return Unfit("not_a_number")
    if len(text) > _MAX_DIGITS or not asked.minimum <= int(text) <= asked.maximum:
        return Unfit("out_of_range", {"minimum": asked.minimum, "maximum": asked.maximum})
    return str(int(text))


def _clean(text: str) -> str:
    """Without control characters and halves of surrogate pairs, which no store takes, and without space around."""
    kept = (letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cs"})
    return "".join(kept).strip()
