"""What is written, in one transaction: all of it, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from botflight_service.billing.payments import Payment, PaymentMove
from botflight_service.generation.attempts import Attempt, AttemptState, check_move
from botflight_service.memo import Memo
from botflight_service.message import OutgoingMessage
from botflight_service.session import GUARD_MS, Session
from botflight_service.storage.interface import (
    AttemptExists,
    AttemptMoved,
    Mark,
    MemoChanged,
    Move,
    PaymentExists,
    PaymentMoved,
    QueuedMessage,
    Receipt,
    SendOutcome,
    Work,
)
from botflight_service.storage.sql import hours, money, statements
from botflight_service.storage.sql.program import Program, changed, row, rows
from botflight_service.storage.sql.rows import (
    action_row,
    artifact_row,
    attempt_row,
    message_row,
    payment_row,
    session_row,
    update_row,
)
from botflight_service.updates.envelope import Envelope

#: From where the sending of its file delivers an attempt.
_DELIVERABLE = frozenset({AttemptState.SUCCEEDED, AttemptState.REFUNDED})


def accept(envelope: Envelope) -> Program[bool]:
    """Keep an update; False where it is there already."""
    return (yield from changed(statements.ACCEPT, *update_row(envelope))) == 1


def commit(work: Work) -> Program[Receipt]:
    """Write all of the work.

    Raises a WorkRefused or IllegalMove, and leaves it to the caller to undo what was written until then.
    """
    if work.done is not None and not (yield from _end_update(work)):
        return Receipt(repeat=True)
    if work.attempt is not None:
        yield from _add_attempt(work.attempt)
    if work.move is not None:
        yield from _move(work.partner, work.move, work.at_ms)
    yield from _remember(work)
    if work.free is not None:
        yield from money.take_free(work.partner, work.free)
    for transfer in work.transfers:
        yield from money.post(work.partner, transfer)
    if work.restore_free is not None:
        yield from money.restore_free(work.partner, work.restore_free, at_ms=work.at_ms)
    kept = work.session is None or (yield from _write_session(work.partner, work.session))
    messages = yield from _queue(work.partner, work.messages, work.at_ms)
    return Receipt(messages, session_kept=kept)


def mark(partner: str, marks: Sequence[Mark]) -> Program[None]:
    """Note how messages ended. A message that has ended before stays as it is."""
    # In the order of their places: two that mark the same messages wait for each other, never both.
    for one in sorted(marks, key=lambda mark: mark.place):
        values = (one.outcome, one.at_ms, one.telegram_message_id, partner, one.place)
        ended = yield from row(statements.END_MESSAGE, *values)
        if ended is None:
            continue
        chat_id, menu_of, task_id = ended
        if one.outcome is SendOutcome.UNDELIVERABLE:
            # In a private chat the chat's id is the user's.
            yield from changed(statements.BLOCK_USER, one.at_ms, partner, chat_id)
        elif one.outcome is SendOutcome.SENT:
            yield from _set_menu(partner, menu_of, one)
            yield from deliver(partner, task_id, one)


def prune(partner: str, *, before_ms: int, limit: int) -> Program[int]:
    """Delete done updates and ended messages from before an instant, the oldest first; how many went."""
    updates = yield from changed(statements.PRUNE_UPDATES, partner, before_ms, limit)
    messages = yield from changed(statements.PRUNE_MESSAGES, partner, before_ms, limit)
    yield from hours.forget(partner, before_ms=before_ms)
    return updates + messages


def _remember(work: Work) -> Program[None]:
    """Write what payments, memos and administrators leave. Raises PaymentExists, PaymentMoved or MemoChanged."""
    if work.payment is not None:
        yield from _add_payment(work.partner, work.payment)
    if work.payment_move is not None:
        yield from _move_payment(work.partner, work.payment_move, work.at_ms)
    if work.memo is not None:
        yield from _change_memo(work.partner, work.memo, work.at_ms)
    if work.action is not None:
        yield from changed(statements.INSERT_ACTION, *action_row(work.partner, work.action))


def _add_payment(partner: str, payment: Payment) -> Program[None]:
    """Insert a payment. Raises PaymentExists."""
    if (yield from changed(statements.INSERT_PAYMENT, *payment_row(partner, payment))) == 0:
        raise PaymentExists(f"there is a payment {payment.charge_id} already")


def _move_payment(partner: str, move: PaymentMove, at_ms: int) -> Program[None]:
    """Move a payment. Raises PaymentMoved unless it stands as it was read."""
    moved = move.moved(at_ms=at_ms)
    read = move.read
    values = (moved.state, moved.refunds, moved.taken.hundredths, at_ms)
    which = (partner, read.charge_id, read.state, read.refunds)
    if (yield from changed(statements.MOVE_PAYMENT, *values, *which)) == 0:
        raise PaymentMoved(f"payment {read.charge_id} is not {read.state} any more")


def _change_memo(partner: str, memo: Memo, at_ms: int) -> Program[None]:
    """Write a memo over the version that it names. Raises MemoChanged."""
    body = orjson.dumps(dict(memo.body)).decode()
    if memo.version == 0:
        written = yield from changed(statements.INSERT_MEMO, partner, memo.name, body, at_ms)
    else:
        written = yield from changed(statements.CHANGE_MEMO, body, at_ms, partner, memo.name, memo.version)
    if written == 0:
        raise MemoChanged(f"the memo {memo.name} was changed after version {memo.version}")


def _end_update(work: Work) -> Program[bool]:
    """Mark the update as done; False where it was done before, by a work that was committed whole."""
    assert work.done is not None
    values = (work.at_ms, work.done.outcome, work.partner, work.done.update_id)
    if (yield from changed(statements.SET_DONE, *values)) == 1:
        return True
    return (yield from row(statements.IS_DONE, work.partner, work.done.update_id)) is None


def _add_attempt(attempt: Attempt) -> Program[None]:
    """Insert an attempt. Raises AttemptExists."""
    if (yield from changed(statements.INSERT_ATTEMPT, *attempt_row(attempt))) == 0:
        raise AttemptExists(f"there is an attempt with task_id {attempt.task_id} already")


def _move(partner: str, move: Move, at_ms: int) -> Program[None]:
    """Move an attempt. Raises AttemptMoved where it stands elsewhere, IllegalMove where the table has no such move."""
    task_id = str(move.task_id)
    found = yield from row(statements.ATTEMPT_STATE, partner, task_id)
    state = AttemptState(found[0]) if found is not None else None
    if state is None or state not in move.of:
        raise AttemptMoved(f"attempt {task_id} is {state or 'unknown'}, not {' or '.join(sorted(move.of))}")
    check_move(state, move.to)
    values = (move.to, at_ms, move.submitted_at_ms, move.job_id, move.failure, partner, task_id)
    yield from changed(statements.MOVE, *values)
    if move.artifact is not None:
        yield from changed(statements.SET_ARTIFACT, *artifact_row(move.artifact), partner, task_id)


def _write_session(partner: str, session: Session) -> Program[bool]:
    """Write a session unless a newer update wrote the stored one; tell whether it was written."""
    yield from changed(statements.SEE_USER, partner, session.user_id, session.written_at_ms)
    return (yield from changed(statements.WRITE_SESSION, *session_row(partner, session), GUARD_MS)) == 1


def _queue(partner: str, messages: Sequence[OutgoingMessage], at_ms: int) -> Program[tuple[QueuedMessage, ...]]:
    """Append messages to the outbox."""
    queued: tuple[QueuedMessage, ...] = ()
    for message in messages:
        ((place,),) = yield from rows(statements.INSERT_MESSAGE, *message_row(partner, message, at_ms))
        queued += (QueuedMessage(place, message),)
    return queued


def _set_menu(partner: str, menu_of: int | None, one: Mark) -> Program[None]:
    """Let a user's session know the menu that was just sent."""
    if menu_of is not None and one.telegram_message_id is not None:
        yield from changed(statements.SET_MENU, one.telegram_message_id, partner, menu_of)


def deliver(partner: str, task_id: str | None, one: Mark) -> Program[None]:
    """Let an attempt know that its file was sent; one that does not wait for it stays where it is."""
    if task_id is None:
        return
    found = yield from row(statements.ATTEMPT_STATE, partner, task_id)
    if found is not None and AttemptState(found[0]) in _DELIVERABLE:
        values = (AttemptState.DELIVERED, one.at_ms, None, None, None, partner, task_id)
        yield from changed(statements.MOVE, *values)
    if one.telegram_file_id is not None:
        yield from changed(statements.SET_FILE_ID, one.telegram_file_id, partner, task_id)
