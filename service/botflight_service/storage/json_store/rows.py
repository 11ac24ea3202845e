"""What the store holds: frozen values, one class a table."""

from __future__ import annotations

from dataclasses import dataclass

from botflight_diagnostics.report import Mute
from botflight_service.admin_action import AdminAction
from botflight_service.billing.ledger import AccountKind, Transfer
from botflight_service.billing.payments import Payment
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Attempt
from botflight_service.memo import Memo
from botflight_service.message import OutgoingMessage
from botflight_service.session import Session
from botflight_service.storage.interface import SendOutcome
from botflight_service.updates.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who was here."""

    partner: str
    user_id: int
    first_seen_at_ms: int
    #: When the user was found to have blocked the bot; None once they write again.
    blocked_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session as it was written, and the menu that the outbox has sent since."""

    partner: str
    session: Session
    menu_message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUpdate:
    """An update of the inbox. It is done when it has an outcome."""

    place: int
    envelope: Envelope
    done_at_ms: int | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAttempt:
    """An attempt, with its place in the order of all."""

    place: int
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTransfer:
    """A transfer of a partner's ledger; never changed, never removed."""

    place: int
    partner: str
    transfer: Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """What an account holds. `user_id` is 0 for the house's, which alone may be below zero."""

    partner: str
    user_id: int
    kind: AccountKind
    balance_hundredths: int
    changed_at_ms: int

    def __post_init__(self) -> None:
        if self.user_id and self.balance_hundredths < 0:
            raise ValueError(f"no user is below zero, yet the {self.kind} of user {self.user_id} would be")


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeTaken:
    """A free generation that a task took, and perhaps gave back."""

    partner: str
    deduction: FreeDeduction
    restored_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeDay:
    """How many free generations of a day a user has taken and not given back."""

    partner: str
    user_id: int
    day: str
    used: int

    def __post_init__(self) -> None:
        if self.used < 0:
            raise ValueError(f"user {self.user_id} cannot have used {self.used} free generations")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message of the outbox. It has ended when it has an outcome."""

    place: int
    partner: str
    message: OutgoingMessage
    created_at_ms: int
    outcome: SendOutcome | None = None
    ended_at_ms: int | None = None
    telegram_message_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPayment:
    """A payment, with its place in the order in which they were heard of."""

    place: int
    partner: str
    payment: Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAction:
    """What an administrator did; never changed, never removed."""

    place: int
    partner: str
    action: AdminAction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMemo:
    """What a partner's service remembers under a name."""

    partner: str
    memo: Memo


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPass:
    """Where the audit of a partner stands, and what its last full pass found."""

    partner: str
    next_user_id: int = 1
    mismatched: int = 0
    sample: tuple[int, ...] = ()
    last_ended_at_ms: int | None = None
    last_mismatched: int | None = None
    last_sample: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonce:
    """What preflight writes, reads and deletes to see that writing works."""

    nonce: str
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMute:
    """A finding that does not count for a while, of one partner."""

    partner: str
    mute: Mute
