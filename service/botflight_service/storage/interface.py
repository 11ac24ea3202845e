"""The door to what is durable: one Protocol, and the values that cross it.

Everything that one update causes is one `Work`, and one commit: the session, the attempt, the money, the messages
to send and the mark that the update is done stand or fall together.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from botflight_diagnostics.billing_probe import BillingProbe
from botflight_diagnostics.report import Mute
from botflight_service.admin_action import AdminAction
from botflight_service.billing.ledger import Transfer
from botflight_service.billing.money import Amount, Credits
from botflight_service.billing.payments import Payment, PaymentMove, PaymentState
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState
from botflight_service.memo import Memo
from botflight_service.message import OutgoingMessage
from botflight_service.session import Session
from botflight_service.updates.envelope import Envelope


class StorageError(Exception):
    """The store itself failed: nothing of the work was kept, and trying again may help."""


class StorageUnavailable(StorageError):
    """The store cannot be opened or reached. The text says what to do."""


class SchemaTooNew(StorageError):
    """The store was written by a newer program. Install that version, or one after it."""


class RecordRefused(StorageError):
    """A record that was to be imported fits nowhere; nothing was imported."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"record {number}: {reason}")
        #: Which record of those given, counted from 1.
        self.number = number
        self.reason = reason


class WorkRefused(Exception):
    """The work contradicts what is stored. Nothing of it was kept: read again and decide anew."""


class InsufficientFunds(WorkRefused):
    """A wallet does not hold what was to be taken from it."""


class FreeLimitReached(WorkRefused):
    """The user's free generations of that day are used up."""


class AttemptExists(WorkRefused):
    """An attempt with this task_id is there already: the confirm was a repeat."""


class AttemptMoved(WorkRefused):
    """The attempt no longer stands in a state that the move starts from."""


class IdempotencyConflict(WorkRefused):
    """An id was used again with other terms."""


class PaymentExists(WorkRefused):
    """A payment with this charge id is there already."""


class PaymentMoved(WorkRefused):
    """The payment no longer stands as the caller read it."""


class MemoChanged(WorkRefused):
    """Somebody else has changed the memo since it was read."""


class NeverTaken(WorkRefused):
    """What was to be posted, given back or paid back was never taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An update's end: what came of it."""

    update_id: int
    #: `OK`, `IGNORED` or what went wrong.
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move of an attempt. Fields that are None stay as they are."""

    task_id: UUID
    #: The states that the caller read; any other is `AttemptMoved`, a move outside the table `IllegalMove`.
    of: frozenset[AttemptState]
    to: AttemptState
    submitted_at_ms: int | None = None
    job_id: str | None = None
    artifact: Artifact | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that one update, or one step of an attempt, changes. It is committed whole or refused whole."""

    partner: str
    at_ms: int
    done: Done | None = None
    #: Kept unless the stored one was written by a newer update (and is under 24 h old).
    session: Session | None = None
    attempt: Attempt | None = None
    move: Move | None = None
    transfers: tuple[Transfer, ...] = ()
    #: A free generation to take: refused as FreeLimitReached beyond the limit it carries.
    free: FreeDeduction | None = None
    #: The task whose free generation is given back.
    restore_free: UUID | None = None
    #: A payment that was not known before.
    payment: Payment | None = None
    payment_move: PaymentMove | None = None
    #: The memo as it is to be; its version is the one that was read.
    memo: Memo | None = None
    #: The line of the audit, where an administrator caused this.
    action: AdminAction | None = None
    messages: tuple[OutgoingMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuedUpdate:
    """An update with its place in the order of arrival."""

    place: int
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A committed message with its place in the outbox; places grow, and order within a chat is theirs."""

    place: int
    message: OutgoingMessage


class SendOutcome(StrEnum):
    """How sending a message ended."""

    SENT = "sent"
    #: The user blocked the bot or is gone: final until they write again.
    UNDELIVERABLE = "undeliverable"
    #: Telegram refuses this message for good.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What became of one message of the outbox."""

    place: int
    outcome: SendOutcome
    at_ms: int
    #: The id that Telegram gave it.
    telegram_message_id: int | None = None
    #: Telegram's id of the file that went with it.
    telegram_file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a commit gave out."""

    messages: tuple[QueuedMessage, ...] = ()
    #: False where a newer update had written the session already, and that one was kept.
    session_kept: bool = True
    #: True where the update was done before: its work was committed then, nothing of this one was written.
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """What a user has: free to spend, and held for attempts under way."""

    available: Credits
    held: Credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody who was here."""

    user_id: int
    first_seen_at_ms: int
    #: When they were found to have blocked the bot; None once they write again.
    blocked_at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the house's own accounts hold; they may be below zero."""

    #: What generations earned.
    revenue: Credits
    #: What payments brought, as a debt: the more was paid, the further below zero.
    top_up_clearing: Credits
    #: What administrators gave away, and what refunds cost.
    adjustments: Credits


class Storage(Protocol):
    """What is durable. Every method may raise StorageError; writes return once they survive a power cut."""

    @property
    def system(self) -> str:
        """What OpenTelemetry calls it (`db.system.name`): sqlite, postgresql; json is our own word."""
        ...

    async def open(self, *, migrate: bool = True) -> None:
        """Open, lock and migrate the store. Raises StorageUnavailable or SchemaTooNew, saying what to do.

        Without `migrate` it is opened as it is, to look at it: nothing is made, and its probe tells its version. Raises
        StorageUnavailable where a file is not there; a server that cannot be reached is found out by whoever asks it.
        """
        ...

    async def close(self) -> None:
        """Let what waits be committed, then let go of the store."""
        ...

    # -- the inbox

    async def accept(self, envelope: Envelope) -> bool:
        """Keep an update until it is done. False where (partner, update_id) is there already."""
        ...

    async def undone(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedUpdate]:
        """Updates that are not done, in the order of arrival; `after` is the last place already read."""
        ...

    # -- the unit of work

    async def commit(self, work: Work) -> Receipt:
        """Make all of the work durable, or none. Raises a WorkRefused where it contradicts what is stored."""
        ...

    # -- reading

    async def session(self, partner: str, user_id: int) -> Session | None:
        """The stored session of a user."""
        ...

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has; zero for one whom the ledger does not know."""
        ...

    async def free_used(self, partner: str, user_id: int, day: str) -> int:
        """How many free generations of `day` (YYYY-MM-DD) are taken and not given back."""
        ...

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        """One attempt."""
        ...

    async def attempts_in(self, partner: str, states: Sequence[AttemptState], *, limit: int) -> Sequence[Attempt]:
        """Attempts that stand in one of these states, oldest change first."""
        ...

    async def history(self, partner: str, user_id: int, *, offset: int = 0, limit: int) -> Sequence[Attempt]:
        """A user's attempts, newest first."""
        ...

    async def has_user(self, partner: str, user_id: int) -> bool:
        """Whether this user was ever seen."""
        ...

    async def user(self, partner: str, user_id: int) -> Known | None:
        """What is known of a user as such."""
        ...

    async def reachable(self, partner: str, *, after: int = 0, limit: int) -> Sequence[int]:
        """Ids of users who have not blocked the bot, in order; `after` is the last one already read."""
        ...

    async def attempts_of(self, partner: str, correlation_id: UUID, *, limit: int) -> Sequence[Attempt]:
        """Attempts that began with one update, oldest first."""
        ...

    # -- payments, and what the service and its administrators remember

    async def payment(self, partner: str, charge_id: str) -> Payment | None:
        """One payment."""
        ...

    async def payments_of(self, partner: str, user_id: int, *, limit: int) -> Sequence[Payment]:
        """A user's payments, newest first."""
        ...

    async def payments_in(self, partner: str, state: PaymentState, *, limit: int) -> Sequence[Payment]:
        """Payments that stand in a state, oldest change first."""
        ...

    async def house(self, partner: str) -> House:
        """What the house's own accounts hold."""
        ...

    async def memo(self, partner: str, name: str) -> Memo:
        """A memo; version 0 and empty where there is none."""
        ...

    async def actions(self, partner: str, *, limit: int) -> Sequence[AdminAction]:
        """What administrators did, newest first."""
        ...

    # -- the outbox

    async def unsent(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedMessage]:
        """Messages that are not sent, in order of their places."""
        ...

    async def mark(self, partner: str, marks: Sequence[Mark]) -> None:
        """Note how messages ended; menus go to their sessions, attempts to `delivered`, file ids to attempts."""
        ...

    # -- the ledger's verbs: doing one twice is doing it once

    async def charge_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Charge for a task: posts its hold where there is one, else takes from the wallet. False for a repeat."""
        ...

    async def hold_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Set an amount aside for a task. False for a repeat."""
        ...

    async def release_hold_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's hold back to the wallet. False for a repeat. Raises NeverTaken where nothing was held."""
        ...

    async def credit_balance_once(self, partner: str, user_id: int, amount: Amount, payment_id: str) -> bool:
        """Add an amount to a wallet for a payment. False for a repeat."""
        ...

    async def refund_charge_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Pay back what was charged for a task. False for a repeat. Raises NeverTaken where nothing was charged."""
        ...

    async def consume_free_generation_once(
        self, partner: str, user_id: int, task_id: UUID, *, day: str, daily_limit: int
    ) -> bool:
        """Take a free generation of a day for a task. False for a repeat. Raises FreeLimitReached."""
        ...

    async def restore_free_generation_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's free generation back. False for a repeat. Raises NeverTaken where none was taken."""
        ...

    # -- looking at it from outside

    def probe(self, partner: str, *, day_of: Callable[[int], str]) -> BillingProbe:
        """What preflight asks, on connections of its own; `day_of` names the partner's day of an instant in ms."""
        ...

    async def mutes(self, partner: str) -> Sequence[Mute]:
        """The findings that do not count for a while, by code, ended ones too; on a connection of its own."""
        ...

    async def keep_mute(self, partner: str, mute: Mute) -> None:
        """Keep a mute, in the place of the one for its code; those that have ended by then go."""
        ...

    async def drop_mute(self, partner: str, code: str) -> bool:
        """Forget a mute; False where there was none."""
        ...

    async def audit(self, partner: str, *, users: int = 1_000) -> bool:
        """Compare the balances of the next so many users with their entries; True once a full pass has ended."""
        ...

    async def prune(self, partner: str, *, before_ms: int, limit: int = 1_000) -> int:
        """Forget done updates and ended messages from before an instant, at most `limit` of each; how many went."""
        ...

    async def violations(self) -> Sequence[str]:
        """Recompute every invariant; one sentence for each that does not hold."""
        ...

    def export(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every record, as JSON objects with a `table`, in an order in which they can be imported."""
        ...

    async def load(self, records: AsyncIterator[Mapping[str, Any]]) -> int:
        """Fill an empty store, all or nothing; the number of records. Raises StorageUnavailable if it is not empty."""
        ...
