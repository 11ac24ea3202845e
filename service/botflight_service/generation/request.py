"""What a tap on confirm comes to. Pure: everything that is known is handed in, and nothing has happened yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID, uuid5

from botflight_service.billing import ledger, quotas
from botflight_service.billing.ledger import Transfer
from botflight_service.billing.money import Credits
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Attempt, AttemptState, Funding
from botflight_service.generation.catalog import Model
from botflight_service.session import Draft, Offer

#: Never changes: the task_id of a screen that was drawn before must come out the same after.
_TASKS: Final = UUID("5f0d1c1e-52b4-4c8e-9d5b-6d1e6f0f8a11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What a user can pay with."""

    available: Credits
    held: Credits
    free_used: int
    #: How many free generations a user has on `day`.
    daily_limit: int
    #: The partner's calendar day, YYYY-MM-DD.
    day: str

    @property
    def free_left(self) -> int:
        """The free generations that remain today."""
        return quotas.free_left(used=self.free_used, daily_limit=self.daily_limit)

    @property
    def funding(self) -> Funding:
        """What would pay for a generation now: free ones come first."""
        return Funding.FREE if self.free_left else Funding.BALANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A tap on confirm, and where it came from."""

    task_id: UUID
    partner: str
    user_id: int
    chat_id: int
    language: str
    correlation_id: UUID
    #: Of the span that confirms, as W3C `traceparent`.
    trace_parent: str
    #: The message that will show the progress.
    screen_message_id: int | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class AlreadyConfirmed:
    """An earlier tap did it: nothing is to happen."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Expired:
    """The button belongs to no offer that stands: nothing is to happen."""


@dataclass(frozen=True, slots=True)
class TermsChanged:
    """Price or funding are no longer what the screen promised: a new offer is to be shown, nothing is taken."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class NotEnough:
    """The wallet does not hold the price."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class TooMany:
    """As many of the user's generations are under way as may be: nothing is to happen before one of them is settled."""

    draft: Draft
    under_way: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """All is well: this attempt is to be made, and paid for in one of two ways."""

    attempt: Attempt
    hold: Transfer | None = None
    free: FreeDeduction | None = None


Decision = AlreadyConfirmed | Expired | TermsChanged | NotEnough | TooMany | Confirmed


def task_id_of(bot_id: int, update_id: int) -> UUID:
    """Mint the task_id of the confirm screen that an update draws. The update handled again draws the same one."""
    return uuid5(_TASKS, f"{bot_id}:{update_id}")


def offer(model: Model, purse: Purse, *, task_id: UUID) -> Offer:
    """What a generation costs now."""
    return Offer(task_id=task_id, price=model.price, funding=purse.funding)


def renewed(old: Offer | None, new: Offer) -> Offer:
    """Keep an offer whose terms still hold, so that a screen drawn earlier works too; else take the new one."""
    return old if old is not None and replace(new, task_id=old.task_id) == old else new


def missing(offered: Offer, purse: Purse) -> Credits:
    """How much the wallet is short of; zero where it is not, or where the generation is free."""
    if offered.funding is Funding.FREE:
        return Credits(0)
    return max(offered.price - purse.available, Credits(0))


def decide(
    confirmation: Confirmation,
    *,
    existing: Attempt | None,
    draft: Draft | None,
    model: Model | None,
    purse: Purse,
    under_way: int = 0,
    most_under_way: int = 0,
) -> Decision:
    """Decide what a tap on confirm comes to.

    `existing` is the user's attempt with this task_id, `model` the draft's as it is sold now; `under_way` counts the
    user's generations that are not settled, of which `most_under_way` may be (0: any number).
    """
    if existing is not None:
        return AlreadyConfirmed(existing)
    offered = draft.offer if draft is not None else None
    if draft is None or model is None or offered is None or offered.task_id != confirmation.task_id:
        return Expired()
    if offer(model, purse, task_id=offered.task_id) != offered or model.missing(draft.inputs):
        return TermsChanged(draft)
    if missing(offered, purse):
        return NotEnough(offered)
    if most_under_way and under_way >= most_under_way:
        return TooMany(draft, under_way)
    return _confirmed(confirmation, draft, offered, purse)


def _confirmed(confirmation: Confirmation, draft: Draft, offered: Offer, purse: Purse) -> Confirmed:
    attempt = Attempt(
        task_id=confirmation.task_id,
        partner=confirmation.partner,
        user_id=confirmation.user_id,
        chat_id=confirmation.chat_id,
        model=draft.model,
        inputs=dict(draft.inputs),
        price=offered.price,
        funding=offered.funding,
        state=AttemptState.CONFIRMED,
        correlation_id=confirmation.correlation_id,
        trace_parent=confirmation.trace_parent,
        language=confirmation.language,
        screen_message_id=confirmation.screen_message_id,
        created_at_ms=confirmation.now_ms,
        changed_at_ms=confirmation.now_ms,
    )
    if offered.funding is Funding.FREE:
        return Confirmed(attempt=attempt, free=_deduction(confirmation, purse))
    hold = ledger.hold(
        partner=confirmation.partner,
        user_id=confirmation.user_id,
        amount=offered.price,
        task_id=confirmation.task_id,
        at_ms=confirmation.now_ms,
    )
    return Confirmed(attempt=attempt, hold=hold)


def _deduction(confirmation: Confirmation, purse: Purse) -> FreeDeduction:
    return FreeDeduction(
        task_id=confirmation.task_id,
        user_id=confirmation.user_id,
        day=purse.day,
        daily_limit=purse.daily_limit,
        created_at_ms=confirmation.now_ms,
    )
