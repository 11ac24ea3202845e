"""What the bot says: screens and files as values, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from botflight_service.generation.attempts import Artifact

#: Telegram's limits (Bot API 10.3).
MAX_TEXT_CHARACTERS = 4096
MAX_CALLBACK_BYTES = 64
#: The word after /start with which the button under a forwarded invoice comes here.
INVOICE_START = "top_up"


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button: what it says, and the callback data that a tap sends (1-64 bytes)."""

    label: str
    data: str


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What is to be paid in Stars; Telegram shows it with a button of its own (Bot API 10.3, `sendInvoice`)."""

    #: 1-32 characters.
    title: str
    #: 1-255 characters.
    description: str
    #: 1-128 bytes, which come back with the payment and which the user does not see.
    payload: str
    stars: int
    #: What the button says.
    pay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Something to show: text in Telegram's HTML, buttons, perhaps a file."""

    text: str
    keyboard: Keyboard = ()
    artifact: Artifact | None = None
    #: Shown in the place of the text.
    invoice: Invoice | None = None
    #: Draw over the tapped message where there is one that can be edited; else, or if False, send a new one.
    in_place: bool = True
    #: The chat to show it in, where that is not the visit's own.
    chat_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message that is committed with the work that caused it, and sent at least once after."""

    chat_id: int
    #: HTML in Telegram's subset; the caption where there is an artifact.
    text: str
    keyboard: Keyboard = ()
    #: The message to draw over; sent anew where that cannot be done.
    edit_message_id: int | None = None
    artifact: Artifact | None = None
    invoice: Invoice | None = None
    #: Whose menu this is from now on: the id of the sent message goes to that user's session.
    menu_of: int | None = None
    #: The attempt that is delivered once this was sent.
    task_id: UUID | None = None
    correlation_id: UUID
    #: Of the span that caused it, as W3C `traceparent`.
    trace_parent: str = ""
