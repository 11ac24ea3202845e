from __future__ import annotations

from dataclasses import replace

import pytest

from botflight_service.billing.money import credits
from botflight_service.generation import catalog
from botflight_service.generation.attempts import ResultKind
from botflight_service.generation.catalog import CatalogInvalid, ChoiceInput, NumberInput, PhotoInput, TextInput

SOUND = """
[[models]]
key = "sound"
provider_model = "house/sound"
kind = "audio"
price = "2.5"
expected_seconds = 10

  [[models.inputs]]
  name = "prompt"
  type = "text"
  max_characters = 100

  [[models.inputs]]
  name = "seconds"
  type = "number"
  minimum = 1
  maximum = 9
  presets = [3]
"""


def test_what_is_sold_covers_every_kind() -> None:
    """At least five models are sold: pictures from text and photos, video, sound and upscaling."""
    sold = catalog.load()

    keys = [model.key for model in sold.models]

    assert {"text_to_image", "image_to_image", "text_to_video", "text_to_audio", "upscale"} <= set(keys)
    assert {model.kind for model in sold.models} == set(ResultKind)


def test_every_type_of_input_is_asked_for() -> None:
    """Text, photo, choice and number all occur in what is sold."""
    types = {type(asked) for model in catalog.load().models for asked in model.inputs}

    assert types == {TextInput, PhotoInput, ChoiceInput, NumberInput}


def test_a_price_is_exact() -> None:
    """A price of two and a half credits is 250 hundredths."""
    sold = catalog.parse(SOUND)

    assert sold.models[0].price == credits("2.5")


def test_find_knows_only_what_is_sold() -> None:
    """A key that is not in the catalogue finds nothing."""
    sold = catalog.parse(SOUND)

    assert sold.find("sound") is sold.models[0]
    assert sold.find("silence") is None


def test_missing_is_the_first_question_without_an_answer() -> None:
    """Questions are asked in their order, and none once all are answered."""
    model = catalog.parse(SOUND).models[0]

    assert model.missing({}) == "prompt"
    assert model.missing({"prompt": "rain"}) == "seconds"
    assert model.missing({"prompt": "rain", "seconds": "3"}) is None


def test_before_walks_back_from_the_end() -> None:
    """Before the end comes the last question, before the first comes nothing."""
    model = catalog.parse(SOUND).models[0]

    assert [model.before(None), model.before("seconds"), model.before("prompt")] == ["seconds", "prompt", None]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"2.5"', "2.5", "models.0.price: a price is text"),
        ('"2.5"', '"0"', "models.0.price: an amount that moves is above zero"),
        ('"2.5"', '"2.555"', "models.0.price: an amount of credits has at most two decimals"),
        ('"2.5"', "true", "models.0.price: "),
        ('"audio"', '"video"', "models.0.kind: Input should be 'photo', 'animation' or 'audio'"),
        ('"sound"', '"Sound!"', "models.0.key: String should match pattern"),
        ('"sound"', '"a_key_that_is_too_long"', "models.0.key: String should have at most 16 characters"),
        ('"number"', '"colour"', "models.0.inputs.1: Input tag 'colour' found"),
        ('"seconds"', '"prompt"', "models.0.inputs: there more than once: prompt"),
        ("[3]", "[3, 12]", "not between 1 and 9: 12"),
        ("[3]", "[3, 3]", "there more than once: 3"),
        ("minimum = 1", "minimum = 10", "the minimum 10 is above the maximum 9"),
        ("max_characters = 100", "max_characters = 5000", "less than or equal to 4096"),
        ("max_characters = 100", "limit = 100", "models.0.inputs.0.text.max_characters: Field required"),
        ("expected_seconds = 10", "", "models.0.expected_seconds: Field required"),
        ('price = "2.5"', 'price = "2.5"\nprovider_constants = { prompt = "x" }', "there more than once: prompt"),
        ('price = "2.5"', 'price = "2.5"\nprovider_constants = { "a b" = 1 }', "String should match pattern"),
        ('type = "number"', 'type = "number"\n  provider_name = "prompt"', "there more than once: prompt"),
        ('kind = "audio"', 'kind = "audio"\ncolour = "red"', "models.0.colour: Unexpected keyword argument"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    """Whatever is wrong in the file, the error says where and what."""
    with pytest.raises(CatalogInvalid) as refused:
        catalog.parse(SOUND.replace(old, new, 1))

    assert told in str(refused.value)


def test_all_mistakes_are_told_together() -> None:
    """Two wrong prices and a wrong kind make one error with three lines."""
    wrong = SOUND.replace('"2.5"', '"-1"').replace('"audio"', '"video"') + SOUND.replace('"2.5"', '"free"')

    with pytest.raises(CatalogInvalid) as refused:
        catalog.parse(wrong)

    assert len(str(refused.value).splitlines()) == 1 + 3


def test_a_key_is_there_once() -> None:
    """Two models of one key would share their buttons and texts."""
    with pytest.raises(CatalogInvalid, match="models: there more than once: sound"):
        catalog.parse(SOUND + SOUND)


@pytest.mark.parametrize("text", ["", "models = []", "models = 3"])
def test_a_catalogue_without_models_is_refused(text: str) -> None:
    """There is nothing to sell without a model."""
    with pytest.raises(CatalogInvalid, match="models"):
        catalog.parse(text)


def test_what_is_no_toml_is_refused_in_one_line() -> None:
    """A broken file is named as such, with the place."""
    with pytest.raises(CatalogInvalid, match=r"not TOML: .*line 2"):
        catalog.parse("models = [\nkey")


def test_a_partner_has_prices_of_its_own() -> None:
    """What is not named keeps its price, and everything else of a model stays."""
    sold = catalog.load()

    priced = sold.priced({"upscale": "2.5"})

    assert priced.find("upscale") == replace(sold.models[-1], price=credits("2.5"))
    assert priced.models[:-1] == sold.models[:-1]


def test_prices_of_what_is_not_sold_are_refused_together() -> None:
    """Each is named, with what is sold."""
    with pytest.raises(CatalogInvalid, match=r"not sold: upscal, sound \(sold are text_to_image"):
        catalog.load().priced({"upscal": "2", "sound": "1", "upscale": "2"})
