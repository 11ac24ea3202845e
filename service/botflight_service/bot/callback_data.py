"""What stands behind the buttons: typed values, and their form in the 64 bytes that Telegram gives a button."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, get_type_hints
from uuid import UUID

#: Stands for the confirm screen where a step is named; no input is called so.
CONFIRM_STEP: Final = "-"


@dataclass(frozen=True, slots=True)
class OpenMenu:
    """The main menu, drawn over the tapped message."""


@dataclass(frozen=True, slots=True)
class SendMenu:
    """The main menu as a new message: what was tapped stays, because it shows progress or a result."""


@dataclass(frozen=True, slots=True)
class ListModels:
    """The models to choose from."""


@dataclass(frozen=True, slots=True)
class ChooseModel:
    """One of the models."""

    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A ready answer to a question. It names the question, so that an old button never answers another one."""

    model: str
    step: str
    value: str


@dataclass(frozen=True, slots=True)
class GoBack:
    """One question back from the one that is named, or from `CONFIRM_STEP`."""

    model: str
    step: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Back to the draft, wherever it stands."""


@dataclass(frozen=True, slots=True)
class CancelDraft:
    """Give the draft up."""


@dataclass(frozen=True, slots=True)
class ConfirmGeneration:
    """Start what the confirm screen showed. The task lets one generation through, however often this comes."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class ShowBalance:
    """What the user has."""


@dataclass(frozen=True, slots=True)
class ShowHistory:
    """A page of the history."""

    offset: int


@dataclass(frozen=True, slots=True)
class ShowAttempt:
    """One entry of the history, and the page to go back to."""

    task_id: UUID
    offset: int


@dataclass(frozen=True, slots=True)
class RepeatAttempt:
    """The same once more: a new confirm screen with the same answers."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class SendAgain:
    """The file once more."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class ShowTopUp:
    """How to get credits."""


@dataclass(frozen=True, slots=True)
class BuyPack:
    """An invoice for one of the packs."""

    pack: str


@dataclass(frozen=True, slots=True)
class ShowPaySupport:
    """What was paid, and what can go back."""


@dataclass(frozen=True, slots=True)
class AskRefund:
    """Whether a payment is really to go back; the reference stands for its charge id."""

    reference: str


@dataclass(frozen=True, slots=True)
class ConfirmRefund:
    """Let a payment go back."""

    reference: str


@dataclass(frozen=True, slots=True)
class ShowLanguages:
    """The languages to choose from."""


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """One of the languages."""

    code: str


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """What the bot can do."""


CallbackData = (
    OpenMenu
    | SendMenu
    | ListModels
    | ChooseModel
    | Answer
    | GoBack
    | Resume
    | CancelDraft
    | ConfirmGeneration
    | ShowBalance
    | ShowHistory
    | ShowAttempt
    | RepeatAttempt
    | SendAgain
    | ShowTopUp
    | BuyPack
    | ShowPaySupport
    | AskRefund
    | ConfirmRefund
    | ShowLanguages
    | SetLanguage
    | ShowHelp
)

#: The names stay what they are: buttons sent long ago carry them.
KINDS: Final[Mapping[str, type[CallbackData]]] = {
    "menu": OpenMenu,
    "new_menu": SendMenu,
    "models": ListModels,
    "model": ChooseModel,
    "answer": Answer,
    "back": GoBack,
    "resume": Resume,
    "cancel": CancelDraft,
    "confirm_generation": ConfirmGeneration,
    "balance": ShowBalance,
    "history": ShowHistory,
    "attempt": ShowAttempt,
    "repeat": RepeatAttempt,
    "send_again": SendAgain,
    "top_up": ShowTopUp,
    "buy": BuyPack,
    "pay_support": ShowPaySupport,
    "ask_refund": AskRefund,
    "confirm_refund": ConfirmRefund,
    "languages": ShowLanguages,
    "language": SetLanguage,
    "help": ShowHelp,
}


def pack(data: CallbackData) -> str:
    """Write callback data: `name:field:field`."""
    kind = type(data)
    return ":".join([_NAMES[kind], *(_write(getattr(data, name)) for name in _FIELDS[kind])])


def parse(text: str) -> CallbackData | None:
    """Read callback data; None for what this bot never sent."""
    kind = KINDS.get(text.partition(":")[0])
    if kind is None:
        return None
    readers = _FIELDS[kind].values()
    # The last field may hold colons of its own, as the choice 16:9 does.
    values = text.split(":", max(1, len(readers)))[1:]
    if len(values) != len(readers):
        return None
    try:
        return kind(*(read(value) for read, value in zip(readers, values, strict=True)))
    except ValueError:
        return None


def _write(value: object) -> str:
    return value.hex if isinstance(value, UUID) else str(value)


def _read_text(value: str) -> str:
    if not value:
        raise ValueError("a field is never empty")
    return value


def _read_number(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("a number is nine digits at most")
    return int(value)


def _read_task(value: str) -> UUID:
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        raise ValueError("a task is 32 hexadecimal digits")
    return UUID(hex=value)


_READERS: Final[Mapping[type, Callable[[str], Any]]] = {str: _read_text, int: _read_number, UUID: _read_task}
_NAMES: Final = {kind: name for name, kind in KINDS.items()}
_FIELDS: Final = {
    kind: {field.name: _READERS[get_type_hints(kind)[field.name]] for field in fields(kind)} for kind in KINDS.values()
}
