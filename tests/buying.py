"""How people buy whatever is sold: from the card of a model to the tap on confirm."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from botflight_harness.telegram import Person
from botflight_service.generation.catalog import ChoiceInput, Model, NumberInput, PhotoInput


def photo() -> bytes:
    """A small photo, as a person has it on their phone."""
    content = BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(content, "JPEG")
    return content.getvalue()


async def answers_everything(person: Person, model: Model, *, words: str = "a lighthouse in the fog") -> None:
    """Answer each question of a model with something that it takes."""
    for asked in model.inputs:
        match asked:
            case PhotoInput():
                await person.sends_photo(photo())
            case ChoiceInput():
                await person.taps(f"answer:{model.key}:{asked.name}:{asked.choices[0]}")
            case NumberInput():
                await person.sends(str(asked.minimum))
            case _:
                await person.sends(words)


async def chooses(person: Person, model: Model, *, words: str = "a lighthouse in the fog") -> None:
    """Come to the confirm screen of a model."""
    await person.sends("/start")
    await person.taps("models")
    await person.taps(f"model:{model.key}")
    await answers_everything(person, model, words=words)


async def confirms(person: Person) -> None:
    """Tap the button that buys."""
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))
