from __future__ import annotations

from uuid import UUID

import pytest

from botflight_service.bot import keyboards, texts
from botflight_service.bot.callback_data import ConfirmGeneration, parse
from botflight_service.bot.texts import Language
from botflight_service.generation import catalog
from botflight_service.generation.catalog import ChoiceInput, Model
from botflight_service.message import MAX_CALLBACK_BYTES, Keyboard
from botflight_service.session import Draft

TASK = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
TEXTS = texts.load()
EN = TEXTS.speak("en")
CATALOG = catalog.load()
MODEL = CATALOG.models[0]
DRAFT = Draft(model=MODEL.key)


def labels(keyboard: Keyboard) -> list[list[str]]:
    return [[button.label for button in row] for row in keyboard]


def every_keyboard(language: Language) -> list[Keyboard]:
    questions = [
        keyboards.question(language, model, asked, with_menu=with_menu)
        for model in CATALOG.models
        for asked in model.inputs
        for with_menu in (True, False)
    ]
    return [
        *questions,
        keyboards.main_menu(language),
        keyboards.to_main_menu(language),
        keyboards.to_new_menu(language),
        keyboards.models(language, CATALOG),
        keyboards.confirm(language, MODEL, ConfirmGeneration(TASK)),
        keyboards.balance(language, draft=DRAFT),
        keyboards.side_screen(language, draft=DRAFT),
        keyboards.top_up_menu_keyboard(language, draft=DRAFT),
        keyboards.history(language, [], offset=12, newer=6, older=18),
        keyboards.languages(language, TEXTS, draft=DRAFT),
    ]


@pytest.mark.parametrize("language", TEXTS.languages, ids=lambda language: language.code)
def test_every_button_can_be_tapped(language: Language) -> None:
    """Each button has a label, fits Telegram's 64 bytes, and carries what the bot reads back."""
    buttons = [button for keyboard in every_keyboard(language) for row in keyboard for button in row]

    assert all(button.label and len(button.data.encode()) <= MAX_CALLBACK_BYTES for button in buttons)
    assert [button for button in buttons if parse(button.data) is None] == []


@pytest.mark.parametrize("language", TEXTS.languages, ids=lambda language: language.code)
def test_rows_fit_a_phone(language: Language) -> None:
    """No row has more letters than a small phone shows, and none has more than four buttons."""
    rows = [row for keyboard in every_keyboard(language) for row in keyboard]

    assert max(len(row) for row in rows) <= 4
    assert max(sum(len(button.label) for button in row) for row in rows) <= 36


def test_the_main_menu_offers_everything() -> None:
    """Generating comes first and alone, the rest in pairs."""
    keyboard = keyboards.main_menu(EN)

    assert labels(keyboard) == [
        ["✨ Generate"],
        ["💳 Balance", "🗂 History"],
        ["➕ Top up", "🌐 Language"],
        ["❓ Help"],
    ]


def test_models_are_listed_with_their_prices() -> None:
    """One model a row, its price beside its name."""
    keyboard = keyboards.models(EN, CATALOG)

    assert labels(keyboard)[0] == ["🎨 Picture from text · 5 credits"]
    assert len(keyboard) == len(CATALOG.models) + 1


def test_choices_are_offered_in_few_rows() -> None:
    """Choices share rows as far as their labels allow, in the order of the catalogue."""
    shape = MODEL.input("shape")
    assert isinstance(shape, ChoiceInput)

    keyboard = keyboards.question(EN, MODEL, shape)

    assert labels(keyboard) == [
        ["Square 1:1", "Portrait 3:4"],
        ["Landscape 4:3", "Tall 9:16"],
        ["Wide 16:9"],
        ["⬅️ Back", "✖️ Cancel"],
    ]


def test_a_number_has_its_presets() -> None:
    """Usual numbers can be tapped, in one row."""
    model = _model("text_to_audio")
    seconds = model.input("seconds")
    assert seconds

    keyboard = keyboards.question(EN, model, seconds)

    assert labels(keyboard)[0] == ["5", "10", "20"]


@pytest.mark.parametrize("model", CATALOG.models, ids=lambda model: model.key)
def test_every_question_has_back_and_cancel(model: Model) -> None:
    """Whatever is asked, one can go back or give up; who seems lost also finds the main menu."""
    for asked in model.inputs:
        plain = labels(keyboards.question(EN, model, asked))
        lost = labels(keyboards.question(EN, model, asked, with_menu=True))

        assert plain[-1] == ["⬅️ Back", "✖️ Cancel"]
        assert lost == [*plain, ["🏠 Main menu"]]


def test_the_confirm_button_carries_its_task() -> None:
    """The seed's callback data: confirm_generation with the task's id."""
    keyboard = keyboards.confirm(EN, MODEL, ConfirmGeneration(TASK))

    assert keyboard[0][0].data == f"confirm_generation:{TASK.hex}"


def test_the_chosen_language_is_marked() -> None:
    """Each language goes by its own name, and the one that is spoken has a tick."""
    keyboard = keyboards.languages(TEXTS.speak("ru"), TEXTS, draft=None)

    assert labels(keyboard)[0] == ["✓ Русский", "English"]


def test_a_screen_in_passing_leads_back_to_the_draft() -> None:
    """Who only looked at the balance finds the way back to the order."""
    with_draft = labels(keyboards.balance(EN, draft=DRAFT))
    without = labels(keyboards.balance(EN, draft=None))

    assert with_draft == [["↩️ Back to my order"], *without]


def _model(key: str) -> Model:
    model = CATALOG.find(key)
    assert model
    return model
