from __future__ import annotations

import pytest

from botflight_service.generation import answers, catalog
from botflight_service.generation.answers import Unfit
from botflight_service.generation.catalog import ChoiceInput, NumberInput, PhotoInput, TextInput

PROMPT = TextInput(name="prompt", max_characters=10)
PHOTO = PhotoInput(name="photo")
SHAPE = ChoiceInput(name="shape", choices=("1:1", "16:9"))
SECONDS = NumberInput(name="seconds", minimum=3, maximum=12)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a red fox", "a red fox"),
        ("  fox \n", "fox"),
        ("fox\x00\x07", "fox"),
        ("fox\ud800", "fox"),
        ("👨‍👩‍👧 и я", "👨‍👩‍👧 и я"),
        ("two\nlines", "two\nlines"),
        ("0123456789", "0123456789"),
        ("0123456789x", Unfit("too_long", {"length": 11, "limit": 10})),
        (" \n\t", Unfit("empty")),
        ("\x00", Unfit("empty")),
    ],
)
def test_a_text_is_taken_as_it_is_but_clean(text: str, answer: str | Unfit) -> None:
    """Space around and what no store takes is dropped; empty and too long texts do not fit."""
    assert answers.read_text(PROMPT, text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5", "5"),
        (" 05 ", "5"),
        ("+5", "5"),
        ("٥", "5"),
        ("3", "3"),
        ("12", "12"),
        ("2", Unfit("out_of_range", {"minimum": 3, "maximum": 12})),
        ("13", Unfit("out_of_range", {"minimum": 3, "maximum": 12})),
        ("-5", Unfit("out_of_range", {"minimum": 3, "maximum": 12})),
        ("9" * 5000, Unfit("out_of_range", {"minimum": 3, "maximum": 12})),
        ("5.5", Unfit("not_a_number")),
        ("five", Unfit("not_a_number")),
        ("", Unfit("not_a_number")),
    ],
)
def test_a_number_is_whole_and_in_range(text: str, answer: str | Unfit) -> None:
    """Digits of any script are read; everything else says what is wrong with it."""
    assert answers.read_text(SECONDS, text) == answer


def test_a_choice_may_be_typed() -> None:
    """Who writes a choice instead of tapping it is understood."""
    assert answers.read_text(SHAPE, " 16:9 ") == "16:9"
    assert answers.read_text(SHAPE, "wide") == Unfit("not_a_choice")


def test_a_photo_answers_only_a_question_for_a_photo() -> None:
    """A photo is kept by its file id, and refused by all other questions by their kind."""
    assert answers.read_photo(PHOTO, "file-1") == "file-1"
    assert [answers.read_photo(asked, "file-1") for asked in (PROMPT, SHAPE, SECONDS)] == [
        Unfit("photo_for_text"),
        Unfit("photo_for_choice"),
        Unfit("photo_for_number"),
    ]


def test_text_does_not_answer_a_question_for_a_photo() -> None:
    """Words are not taken for a file id."""
    assert answers.read_text(PHOTO, "file-1") == Unfit("text_for_photo")


def test_fitting_keeps_what_the_model_still_takes() -> None:
    """Old answers are dropped where the question is gone or the choice is no longer offered."""
    model = catalog.load().find("text_to_video")
    assert model

    kept = answers.fitting(model, {"prompt": "a fox", "shape": "3:4", "seconds": "5", "mood": "sad"})

    assert kept == {"prompt": "a fox", "seconds": "5"}


def test_fitting_keeps_photos() -> None:
    """A photo is kept by its file id."""
    model = catalog.load().find("upscale")
    assert model

    assert answers.fitting(model, {"photo": "file-1", "factor": "8"}) == {"photo": "file-1"}
