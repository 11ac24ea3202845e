"""The life of one generation: what an attempt is, and which moves it may make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from botflight_service.billing.money import Credits


class AttemptState(StrEnum):
    """Where an attempt stands."""

    CONFIRMED = "confirmed"  # paid for (held, or a free generation taken), not yet with the provider
    SUBMITTING = "submitting"  # written down before the provider is called
    RUNNING = "running"  # the provider has given a job id
    SUCCEEDED = "succeeded"  # charged; the file is on its way to the user
    DELIVERED = "delivered"  # Telegram took the file
    FAILED = "failed"  # the provider refused or failed; what was held is released
    UNKNOWN = "unknown"  # the answer to the submission never came
    REFUNDED = "refunded"  # given up after UNKNOWN, its file gone before it was sent, or paid back by an admin


class Funding(StrEnum):
    """What pays for an attempt."""

    BALANCE = "balance"
    FREE = "free"


class ResultKind(StrEnum):
    """What a model makes, and so how Telegram is to show it."""

    PHOTO = "photo"
    ANIMATION = "animation"
    AUDIO = "audio"


#: Every move that an attempt may make. Anything else is an `IllegalMove`.
MOVES: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.CONFIRMED: frozenset({AttemptState.SUBMITTING, AttemptState.FAILED}),
    # Back to confirmed where the provider certainly took nothing, until the next try.
    AttemptState.SUBMITTING: frozenset(
        {AttemptState.RUNNING, AttemptState.FAILED, AttemptState.UNKNOWN, AttemptState.CONFIRMED}
    ),
    AttemptState.UNKNOWN: frozenset({AttemptState.RUNNING, AttemptState.SUCCEEDED, AttemptState.REFUNDED}),
    AttemptState.RUNNING: frozenset({AttemptState.SUCCEEDED, AttemptState.FAILED}),
    AttemptState.SUCCEEDED: frozenset({AttemptState.DELIVERED, AttemptState.REFUNDED}),
    AttemptState.DELIVERED: frozenset({AttemptState.REFUNDED}),
    # A result that shows after the money went back is given for nothing.
    AttemptState.FAILED: frozenset({AttemptState.DELIVERED}),
    AttemptState.REFUNDED: frozenset({AttemptState.DELIVERED}),
}

#: States in which the provider, or the runner, still has something to do.
UNSETTLED = (AttemptState.CONFIRMED, AttemptState.SUBMITTING, AttemptState.RUNNING, AttemptState.UNKNOWN)


class IllegalMove(RuntimeError):
    """An attempt was asked to make a move that its table does not have: a defect, not a user's doing."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished file: where the provider keeps it, and Telegram's own id of it once it was sent."""

    kind: ResultKind
    #: What `Provider.fetch` takes.
    reference: str
    file_name: str
    telegram_file_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One generation that a user confirmed. Its `task_id` lets one submit, one charge and one history row through."""

    task_id: UUID
    partner: str
    user_id: int
    chat_id: int
    #: A key of the catalogue.
    model: str
    #: The answers to the model's inputs, by input name. A photo is the Telegram file_id.
    inputs: Mapping[str, str]
    price: Credits
    funding: Funding
    state: AttemptState
    #: Of the update that confirmed it.
    correlation_id: UUID
    #: Of the span that confirmed it, as W3C `traceparent`: later traces link to it.
    trace_parent: str
    language: str
    #: The message that shows the progress.
    screen_message_id: int | None
    created_at_ms: int
    changed_at_ms: int
    submitted_at_ms: int | None = None
    job_id: str | None = None
    artifact: Artifact | None = None
    #: Why it failed, as a stable code.
    failure: str | None = None

    @property
    def file(self) -> Artifact | None:
        """The finished file as far as it is the user's: what was paid back is not."""
        return None if self.state is AttemptState.REFUNDED else self.artifact


def check_move(current: AttemptState, to: AttemptState) -> None:
    """Raise IllegalMove unless the table has the move."""
    if to not in MOVES[current]:
        raise IllegalMove(f"an attempt does not go from {current} to {to}")
