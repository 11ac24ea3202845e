"""Everything that is sold can be bought: a real file of its kind comes, and is paid once."""

from __future__ import annotations

import wave
from io import BytesIO

import pytest
from PIL import Image
from tests.buying import chooses, confirms

from botflight_harness.telegram import Person
from botflight_service.generation.attempts import AttemptState, ResultKind
from botflight_service.generation.catalog import Model, load
from shop import Shop

MODELS = load().models


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

    await chooses(alice, model)
    await confirms(alice)

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
