"""The rows of buttons under the screens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from botflight_service.billing.packs import Pack, Packs
from botflight_service.bot import callback_data as data
from botflight_service.bot.callback_data import CallbackData, pack
from botflight_service.bot.texts import Language, Texts
from botflight_service.generation.attempts import Attempt
from botflight_service.generation.catalog import Catalog, ChoiceInput, Input, Model, NumberInput
from botflight_service.message import Button, Keyboard
from botflight_service.session import Draft

#: A row as wide as this still shows its labels whole on a small phone.
_ROW_CHARACTERS = 30
_ROW_BUTTONS = 4

Row = tuple[Button, ...]


def main_menu(language: Language) -> Keyboard:
    """What the bot can do."""
    return (
        (_button(language, "generate", data.ListModels()),),
        (_button(language, "balance", data.ShowBalance()), _button(language, "history", data.ShowHistory(0))),
        (_button(language, "top_up", data.ShowTopUp()), _button(language, "language", data.ShowLanguages())),
        (_button(language, "help", data.ShowHelp()),),
    )


def to_main_menu(language: Language) -> Keyboard:
    """The way to the main menu alone."""
    return (_menu_row(language),)


def to_new_menu(language: Language) -> Keyboard:
    """The way to the main menu from a message that must stay: the menu comes as a new message."""
    return ((_button(language, "main_menu", data.SendMenu()),),)


def top_up_menu_keyboard(language: Language, *, draft: Draft | None = None, packs: Packs | None = None) -> Keyboard:
    """Under the top-up screen: packs, the way back to the draft where there is one, and always the main menu."""
    sold = packs.packs if packs is not None else ()
    rows = tuple((_pack_button(language, pack),) for pack in sold)
    return (*rows, *_resume_row(language, draft), _menu_row(language))


def after_payment(language: Language, *, draft: Draft | None) -> Keyboard:
    """Under what tells of a payment: back to the order that waits for it, and the menu below."""
    return (*_resume_row(language, draft), *to_new_menu(language))


def pay_support(language: Language, returnable: Sequence[tuple[str, int]]) -> Keyboard:
    """Under the payments: a button for each that can go back, by its reference and its Stars."""
    rows = tuple(
        (Button(language.plain("button.ask_refund", stars=stars), pack(data.AskRefund(reference))),)
        for reference, stars in returnable
    )
    return (*rows, _menu_row(language))


def refund(language: Language, confirmed: data.ConfirmRefund) -> Keyboard:
    """Let it go back, or leave it."""
    return (
        (_button(language, "confirm_refund", confirmed),),
        (_button(language, "back", data.ShowPaySupport()),),
        _menu_row(language),
    )


def balance(language: Language, *, draft: Draft | None) -> Keyboard:
    """Under the balance."""
    return (
        *_resume_row(language, draft),
        (_button(language, "top_up", data.ShowTopUp()), _button(language, "history", data.ShowHistory(0))),
        _menu_row(language),
    )


def side_screen(language: Language, *, draft: Draft | None) -> Keyboard:
    """Under a screen that one looks at in passing."""
    return (*_resume_row(language, draft), _menu_row(language))


def models(language: Language, catalog: Catalog) -> Keyboard:
    """One model a row, with its price."""
    rows = tuple((_model_button(language, model),) for model in catalog.models)
    return (*rows, _menu_row(language))


def question(language: Language, model: Model, asked: Input, *, with_menu: bool = False) -> Keyboard:
    """The ready answers to a question, then back and cancel; the main menu where the user seems to be lost."""
    rows = _packed(_ready_answers(language, model, asked))
    leave = (_back_button(language, model, asked.name), _button(language, "cancel", data.CancelDraft()))
    return (*rows, leave, *((_menu_row(language),) if with_menu else ()))


def confirm(language: Language, model: Model, offer: data.ConfirmGeneration, *, with_menu: bool = False) -> Keyboard:
    """Confirm, or back, or cancel."""
    return (
        (_button(language, "confirm", offer),),
        (_back_button(language, model, data.CONFIRM_STEP), _button(language, "cancel", data.CancelDraft())),
        *((_menu_row(language),) if with_menu else ()),
    )


def history(
    language: Language, entries: Sequence[tuple[str, Attempt]], *, offset: int, newer: int | None, older: int | None
) -> Keyboard:
    """The labelled attempts of a page; `newer` and `older` are the offsets of its neighbours."""
    rows = [(Button(label, pack(data.ShowAttempt(attempt.task_id, offset))),) for label, attempt in entries]
    turns = []
    if newer is not None:
        turns.append(_button(language, "newer", data.ShowHistory(newer)))
    if older is not None:
        turns.append(_button(language, "older", data.ShowHistory(older)))
    return (*rows, *((tuple(turns),) if turns else ()), _menu_row(language))


def attempt(language: Language, shown: Attempt, *, repeatable: bool, offset: int) -> Keyboard:
    """What can be done with an entry of the history."""
    doings = []
    if repeatable:
        doings.append(_button(language, "repeat", data.RepeatAttempt(shown.task_id)))
    if shown.file is not None:
        doings.append(_button(language, "send_again", data.SendAgain(shown.task_id)))
    back = Button(language.plain("button.back"), pack(data.ShowHistory(offset)))
    return (*_packed(doings), (back,), _menu_row(language))


def result(language: Language, made: Attempt) -> Keyboard:
    """Under a file: once more, or a menu below it."""
    return (
        (_button(language, "repeat", data.RepeatAttempt(made.task_id)),),
        (_button(language, "main_menu", data.SendMenu()),),
    )


def languages(language: Language, texts: Texts, *, draft: Draft | None) -> Keyboard:
    """Every language by its own name, the current one marked."""
    buttons = []
    for spoken in texts.languages:
        name = spoken.plain("language.name")
        label = language.plain("button.chosen", name=name) if spoken.code == language.code else name
        buttons.append(Button(label, pack(data.SetLanguage(spoken.code))))
    return (*_packed(buttons), *_resume_row(language, draft), _menu_row(language))


def _button(language: Language, name: str, does: CallbackData) -> Button:
    return Button(language.plain(f"button.{name}"), pack(does))


def _menu_row(language: Language) -> Row:
    return (_button(language, "main_menu", data.OpenMenu()),)


def _resume_row(language: Language, draft: Draft | None) -> tuple[Row, ...]:
    return () if draft is None else ((_button(language, "resume", data.Resume()),),)


def _back_button(language: Language, model: Model, step: str) -> Button:
    return _button(language, "back", data.GoBack(model.key, step))


def _model_button(language: Language, model: Model) -> Button:
    label = language.plain("button.model", name=language.plain(f"model.{model.key}.name"), price=model.price)
    return Button(label, pack(data.ChooseModel(model.key)))


def _pack_button(language: Language, sold: Pack) -> Button:
    label = language.plain("button.buy", amount=sold.credits, stars=sold.stars)
    return Button(label, pack(data.BuyPack(sold.key)))


def _ready_answers(language: Language, model: Model, asked: Input) -> list[Button]:
    if isinstance(asked, ChoiceInput):
        labels = {choice: language.plain(f"input.{asked.name}.{choice}") for choice in asked.choices}
    elif isinstance(asked, NumberInput):
        labels = {str(preset): str(preset) for preset in asked.presets}
    else:
        labels = {}
    return [Button(label, pack(data.Answer(model.key, asked.name, value))) for value, label in labels.items()]


def _packed(buttons: Iterable[Button]) -> tuple[Row, ...]:
    """Buttons in rows that fit a phone: few, and not too many letters."""
    rows: list[list[Button]] = []
    for button in buttons:
        last = rows[-1] if rows else None
        if last and len(last) < _ROW_BUTTONS and _width(last) + len(button.label) <= _ROW_CHARACTERS:
            last.append(button)
        else:
            rows.append([button])
    return tuple(tuple(row) for row in rows)


def _width(row: Iterable[Button]) -> int:
    return sum(len(button.label) for button in row)
