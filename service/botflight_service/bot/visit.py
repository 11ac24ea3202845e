"""One update as the features see it, and what they answer: plain values on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from botflight_service.admin_action import AdminAction
from botflight_service.billing.ledger import Transfer
from botflight_service.billing.payments import Payment, PaymentMove
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Attempt
from botflight_service.memo import Memo
from botflight_service.message import Screen
from botflight_service.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A tap on an inline button."""

    #: The callback data that stood behind the button, as Telegram sent it.
    data: str
    #: The message under which the button stood.
    message_id: int
    #: Whether that message can be drawn over (a text message that Telegram still lets us edit).
    editable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a user did, and what is known of them."""

    partner: str
    update_id: int
    #: The bot's own id: part of what a task_id is minted from.
    bot_id: int
    user_id: int
    chat_id: int
    private: bool
    is_admin: bool
    #: `ru` or `en`: what the user chose, else what Telegram says, else `en`.
    language: str
    session: Session
    correlation_id: UUID
    trace_parent: str
    now_ms: int
    tap: Tap | None = None
    #: The text of a message, commands included.
    text: str | None = None
    #: The largest size of a photo.
    photo_file_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What Telegram says of money that came, or that went back."""

    #: `telegram_payment_charge_id`
    charge_id: str
    #: `XTR` for Stars.
    currency: str
    total: int
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOut:
    """Somebody is about to pay, and Telegram asks whether they may."""

    user_id: int
    currency: str
    total: int
    payload: str
    #: As the user's session has it at hand, else as Telegram says.
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is to happen: nothing of it has happened yet."""

    #: The name of the user's action, for the `user_action` line. Static.
    action: str
    screens: tuple[Screen, ...]
    #: The session from now on; None leaves it as it is.
    session: Session | None = None
    #: A short text over the chat, for a tap.
    toast: str | None = None
    #: What the update's line says: `OK`, `IGNORED` or a reason such as `INSUFFICIENT_FUNDS`.
    outcome: str = "OK"
    attempt: Attempt | None = None
    transfers: tuple[Transfer, ...] = ()
    free: FreeDeduction | None = None
    payment: Payment | None = None
    payment_move: PaymentMove | None = None
    memo: Memo | None = None
    #: The line of the audit, where an administrator asked for this.
    audited: AdminAction | None = None
