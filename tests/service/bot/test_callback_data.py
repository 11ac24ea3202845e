from __future__ import annotations

from typing import get_args
from uuid import UUID

import pytest

from botflight_service.bot import callback_data as data
from botflight_service.bot.callback_data import KINDS, CallbackData, pack, parse
from botflight_service.generation import catalog
from botflight_service.message import MAX_CALLBACK_BYTES

TASK = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")

EXAMPLES: dict[str, CallbackData] = {
    "menu": data.OpenMenu(),
    "new_menu": data.SendMenu(),
    "models": data.ListModels(),
    "model:text_to_image": data.ChooseModel("text_to_image"),
    "answer:text_to_image:shape:16:9": data.Answer("text_to_image", "shape", "16:9"),
    "back:text_to_image:shape": data.GoBack("text_to_image", "shape"),
    "resume": data.Resume(),
    "cancel": data.CancelDraft(),
    "confirm_generation:0f8fad5bd9cb469fa16570867728950e": data.ConfirmGeneration(TASK),
    "balance": data.ShowBalance(),
    "history:12": data.ShowHistory(12),
    "attempt:0f8fad5bd9cb469fa16570867728950e:6": data.ShowAttempt(TASK, 6),
    "repeat:0f8fad5bd9cb469fa16570867728950e": data.RepeatAttempt(TASK),
    "send_again:0f8fad5bd9cb469fa16570867728950e": data.SendAgain(TASK),
    "top_up": data.ShowTopUp(),
    "buy:small": data.BuyPack("small"),
    "pay_support": data.ShowPaySupport(),
    "ask_refund:0123456789abcdef": data.AskRefund("0123456789abcdef"),
    "confirm_refund:0123456789abcdef": data.ConfirmRefund("0123456789abcdef"),
    "languages": data.ShowLanguages(),
    "language:ru": data.SetLanguage("ru"),
    "help": data.ShowHelp(),
}


@pytest.mark.parametrize(("text", "value"), EXAMPLES.items(), ids=EXAMPLES)
def test_every_button_is_written_and_read_the_same(text: str, value: CallbackData) -> None:
    """What stands behind a button is stable: messages sent long ago still carry it."""
    assert pack(value) == text
    assert parse(text) == value


def test_every_kind_of_button_has_an_example_here() -> None:
    """No kind is left out of the table above, nor out of the names."""
    kinds = set(get_args(CallbackData))

    assert kinds == set(KINDS.values())
    assert kinds == {type(value) for value in EXAMPLES.values()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "unknown",
        "menu:",
        "menu:1",
        "MENU",
        "model",
        "model:",
        "answer:text_to_image:shape",
        "answer:text_to_image:shape:",
        "back:text_to_image",
        "confirm_generation",
        "confirm_generation:",
        "confirm_generation:0f8fad5b-d9cb-469f-a165-70867728950e",
        "confirm_generation:0F8FAD5BD9CB469FA16570867728950E",
        "confirm_generation:0f8fad5bd9cb469fa16570867728950e0",
        "confirm_generation:0f8fad5bd9cb469fa16570867728950e:1",
        "history:-1",
        "history:1.5",
        "history:٣",
        "history:99999999999999999999",
        "attempt:0f8fad5bd9cb469fa16570867728950e",
        "\x00",
    ],
)
def test_what_this_bot_never_sent_is_nothing(text: str) -> None:
    """Anything that is not exactly what a button carries is read as nothing, and raises nothing."""
    assert parse(text) is None


def test_every_answer_of_the_catalogue_fits_a_button() -> None:
    """Telegram gives a button 64 bytes: the longest model, question and choice stay within."""
    longest = pack(data.Answer("m" * 16, "q" * 16, "c" * 16))
    offered = [
        pack(data.Answer(model.key, asked.name, choice))
        for model in catalog.load().models
        for asked in model.inputs
        for choice in getattr(asked, "choices", ())
    ]

    assert offered
    assert all(len(text.encode()) <= MAX_CALLBACK_BYTES for text in [longest, *offered, *EXAMPLES])
