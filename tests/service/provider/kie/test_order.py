"""What is sold fits what KIE's models take: every choice, every bound, every length."""

from __future__ import annotations

from itertools import chain

import pytest

from botflight_harness.kie.models import MODELS
from botflight_service.generation.catalog import ChoiceInput, Model, NumberInput, PhotoInput, TextInput, load
from botflight_service.provider.interface import GenerationRequest
from botflight_service.provider.kie.order import input_of


def answers(model: Model) -> list[dict[str, str]]:
    """Answers of which every choice, both ends of every number and the longest text are a part."""
    extremes: dict[str, list[str]] = {}
    for asked in model.inputs:
        match asked:
            case TextInput():
                extremes[asked.name] = ["x", "x" * asked.max_characters]
            case ChoiceInput():
                extremes[asked.name] = list(asked.choices)
            case NumberInput():
                extremes[asked.name] = [str(asked.minimum), str(asked.maximum), *map(str, asked.presets)]
            case PhotoInput():
                pass
    usual = {name: values[0] for name, values in extremes.items()}
    return [usual | {name: value} for name, value in chain(*([(n, v) for v in vs] for n, vs in extremes.items()))]


@pytest.mark.parametrize("model", load().models, ids=lambda model: model.key)
def test_whatever_can_be_answered_is_taken_by_kie(model: Model) -> None:
    """No user meets a 422 by an answer that the bot itself let through."""
    urls = {
        asked.name: "https://tempfile.redpandaai.co/x.png" for asked in model.inputs if isinstance(asked, PhotoInput)
    }
    asked_for = [
        GenerationRequest(token="t", model=model.key, kind=model.kind, inputs=given) for given in answers(model)
    ]

    mistakes = [MODELS[model.provider_model].mistake(input_of(model, request, urls)) for request in asked_for]

    assert asked_for
    assert set(mistakes) == {None}


@pytest.mark.parametrize("model", load().models, ids=lambda model: model.key)
def test_nothing_is_said_that_kie_does_not_ask_for(model: Model) -> None:
    """A name that the model does not know would be ignored without a word."""
    urls = {asked.name: "https://x" for asked in model.inputs if isinstance(asked, PhotoInput)}
    request = GenerationRequest(token="t", model=model.key, kind=model.kind, inputs=answers(model)[0])

    assert input_of(model, request, urls).keys() <= MODELS[model.provider_model].inputs.keys()
