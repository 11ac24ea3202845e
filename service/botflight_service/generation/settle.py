"""How an attempt ends: the move, the money and the words, as one piece of work. Pure: no I/O, no clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol, TypedDict
from uuid import UUID

from botflight_service.billing import ledger
from botflight_service.billing.ledger import Transfer
from botflight_service.billing.money import Credits
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState, Funding
from botflight_service.message import OutgoingMessage, Screen
from botflight_service.storage.interface import Move, Work

#: Why an attempt was given up whose submission was never answered.
NO_ANSWER: Final = "no_answer"
#: Why one was paid back whose file Telegram would not take to its chat.
CHAT_GONE: Final = "chat_gone"


class Narrator(Protocol):
    """Finds the words for what happens to an attempt, in its user's language."""

    def generating(self, attempt: Attempt, *, elapsed_ms: int) -> Screen:
        """It is being made."""
        ...

    def done(self, attempt: Attempt, *, elapsed_ms: int) -> Screen:
        """It is made; the file follows."""
        ...

    def result(self, attempt: Attempt, artifact: Artifact) -> Screen:
        """The file."""
        ...

    def failed(self, attempt: Attempt, code: str) -> Screen:
        """It could not be made, and what happened to the money."""
        ...

    def checking(self, attempt: Attempt) -> Screen:
        """The provider's answer was lost; it may still come."""
        ...

    def given_up(self, attempt: Attempt) -> Screen:
        """No sign came in time, and what happened to the money."""
        ...

    def late(self, attempt: Attempt, artifact: Artifact) -> Screen:
        """The file, after the money went back: it is a present."""
        ...


def submitting(attempt: Attempt, *, at_ms: int) -> Work:
    """Written down before the provider is called: a crash after it leaves an attempt that is never submitted again."""
    return _work(attempt, AttemptState.SUBMITTING, at_ms=at_ms, submitted_at_ms=at_ms)


def put_back(attempt: Attempt, *, at_ms: int) -> Work:
    """The provider certainly took nothing: whoever looks next submits it as if nobody had tried."""
    return _work(attempt, AttemptState.CONFIRMED, at_ms=at_ms)


def running(attempt: Attempt, job_id: str, *, at_ms: int) -> Work:
    """The provider took it. Somebody may have given its answer up meanwhile: then it was found again."""
    work = _work(attempt, AttemptState.RUNNING, at_ms=at_ms, job_id=job_id)
    assert work.move is not None
    return replace(work, move=replace(work.move, of=frozenset({AttemptState.SUBMITTING, AttemptState.UNKNOWN})))


def unknown(attempt: Attempt, narrator: Narrator, *, at_ms: int) -> Work:
    """The answer to the submission is lost. The money stays held until a sign or the deadline comes."""
    work = _work(attempt, AttemptState.UNKNOWN, at_ms=at_ms)
    return replace(work, messages=(drawn(attempt, narrator.checking(attempt)),))


def succeeded(attempt: Attempt, artifact: Artifact, narrator: Narrator, *, at_ms: int) -> Work:
    """Charge what was held, and send the file."""
    work = _work(attempt, AttemptState.SUCCEEDED, at_ms=at_ms, artifact=artifact)
    return replace(
        work,
        transfers=_charges(attempt, at_ms),
        messages=(
            drawn(attempt, narrator.done(attempt, elapsed_ms=at_ms - attempt.created_at_ms)),
            _delivery(attempt, narrator.result(attempt, artifact)),
        ),
    )


def failed(attempt: Attempt, code: str, narrator: Narrator, *, at_ms: int) -> Work:
    """Give back what was taken, and say so."""
    work = _work(attempt, AttemptState.FAILED, at_ms=at_ms, failure=code)
    return _given_back(work, attempt, narrator.failed(attempt, code), at_ms)


def given_up(attempt: Attempt, narrator: Narrator, *, at_ms: int) -> Work:
    """The deadline came without a sign: give back what was taken, and say so."""
    work = _work(attempt, AttemptState.REFUNDED, at_ms=at_ms, failure=NO_ANSWER)
    return _given_back(work, attempt, narrator.given_up(attempt), at_ms)


def undeliverable(attempt: Attempt, code: str, narrator: Narrator, *, at_ms: int) -> Work:
    """The file that was charged for is gone before it was sent: pay it back, and say so."""
    work = _given_back(
        _work(attempt, AttemptState.REFUNDED, at_ms=at_ms, failure=code), attempt, narrator.failed(attempt, code), at_ms
    )
    return replace(work, transfers=() if work.restore_free else (ledger.refund(**_terms(attempt), at_ms=at_ms),))


def late(attempt: Attempt, artifact: Artifact, narrator: Narrator, *, at_ms: int) -> Work:
    """A result that shows after the money went back is given for nothing; the move lets one present through."""
    work = _work(attempt, AttemptState.DELIVERED, at_ms=at_ms, artifact=artifact)
    return replace(work, messages=(_delivery(attempt, narrator.late(attempt, artifact)),))


def is_owed(attempt: Attempt) -> bool:
    """Whether the money went back for want of a result: one that shows after all is then a present."""
    given_up = attempt.state is AttemptState.REFUNDED and attempt.failure == NO_ANSWER
    return given_up or attempt.state is AttemptState.FAILED


def _work(
    attempt: Attempt,
    to: AttemptState,
    *,
    at_ms: int,
    submitted_at_ms: int | None = None,
    job_id: str | None = None,
    artifact: Artifact | None = None,
    failure: str | None = None,
) -> Work:
    move = Move(
        task_id=attempt.task_id,
        of=frozenset({attempt.state}),
        to=to,
        submitted_at_ms=submitted_at_ms,
        job_id=job_id,
        artifact=artifact,
        failure=failure,
    )
    return Work(partner=attempt.partner, at_ms=at_ms, move=move)


def _given_back(work: Work, attempt: Attempt, screen: Screen, at_ms: int) -> Work:
    free = attempt.funding is Funding.FREE
    return replace(
        work,
        transfers=() if free else (ledger.release(**_terms(attempt), at_ms=at_ms),),
        restore_free=attempt.task_id if free else None,
        messages=(drawn(attempt, screen),),
    )


def _charges(attempt: Attempt, at_ms: int) -> tuple[Transfer, ...]:
    return () if attempt.funding is Funding.FREE else (ledger.charge(**_terms(attempt), at_ms=at_ms),)


class _Terms(TypedDict):
    partner: str
    user_id: int
    amount: Credits
    task_id: UUID


def _terms(attempt: Attempt) -> _Terms:
    return _Terms(partner=attempt.partner, user_id=attempt.user_id, amount=attempt.price, task_id=attempt.task_id)


def drawn(attempt: Attempt, screen: Screen) -> OutgoingMessage:
    """A screen drawn over the attempt's progress message."""
    return OutgoingMessage(
        chat_id=attempt.chat_id,
        text=screen.text,
        keyboard=screen.keyboard,
        edit_message_id=attempt.screen_message_id,
        correlation_id=attempt.correlation_id,
        trace_parent=attempt.trace_parent,
    )


def _delivery(attempt: Attempt, screen: Screen) -> OutgoingMessage:
    return OutgoingMessage(
        chat_id=attempt.chat_id,
        text=screen.text,
        keyboard=screen.keyboard,
        artifact=screen.artifact,
        task_id=attempt.task_id,
        correlation_id=attempt.correlation_id,
        trace_parent=attempt.trace_parent,
    )
