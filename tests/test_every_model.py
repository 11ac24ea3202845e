"""Everything that is sold can be bought: a real file of its kind comes, and is paid once."""

from __future__ import annotations

import wave
from io import BytesIO

import pytest
from PIL import Image

from botflight_harness.telegram import Person
from botflight_service.generation.attempts import AttemptState, ResultKind
from botflight_service.generation.catalog import ChoiceInput, Model, NumberInput, PhotoInput, load
from shop import Shop

MODELS = load().models


def photo() -> bytes:
    """A small photo, as a person has it on their phone."""
    content = BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(content, "JPEG")
    return content.getvalue()


async def answers_everything(person: Person, model: Model) -> None:
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
                await person.sends("a lighthouse in the fog")


def is_real(kind: ResultKind, content: bytes) -> bool:
    """Whether these bytes are a file of that kind that programs can read."""
    if kind is ResultKind.AUDIO:
        with wave.open(BytesIO(content)) as sound:
            return sound.getnframes() > 0
    picture = Image.open(BytesIO(content))
    picture.load()
    return kind is ResultKind.PHOTO or getattr(picture, "n_frames", 1) > 1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)
async def test_a_model_is_bought_from_its_card_to_its_file(shop: Shop, alice: Person, model: Model) -> None:
    """Card, questions, confirm, a real file of the kind that was promised, and the price of the card."""
    await shop.gives(alice, 100)
    await alice.sends("/start")
    await alice.taps("models")
    await alice.taps(f"model:{model.key}")

    await answers_everything(alice, model)
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("confirm_generation:")))

    (attempt,) = await shop.history(alice)
    assert attempt.state is AttemptState.DELIVERED
    assert is_real(model.kind, next(seen.media for seen in reversed(alice.screen) if seen.from_bot and seen.media))
    assert (await shop.balance(alice)).hundredths == 10_000 - model.price.hundredths


def test_at_least_five_kinds_of_work_are_sold() -> None:
    """Pictures, changed photos, videos, sounds and enlargements."""
    assert {model.key for model in MODELS} >= {
        "text_to_image",
        "image_to_image",
        "text_to_video",
        "text_to_audio",
        "upscale",
    }
