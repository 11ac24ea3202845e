"""What is written on a connection, inside the transaction of whoever calls: all of it, or a refusal."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from botflight_service.generation.attempts import Attempt, AttemptState, check_move
from botflight_service.message import OutgoingMessage
from botflight_service.session import GUARD_MS, Session
from botflight_service.storage.interface import (
    AttemptExists,
    AttemptMoved,
    Mark,
    Move,
    QueuedMessage,
    Receipt,
    SendOutcome,
    Work,
)
from botflight_service.storage.sql import money, statements
from botflight_service.storage.sql.rows import artifact_row, attempt_row, message_row, session_row, update_row
from botflight_service.updates.envelope import Envelope

#: From where the sending of its file delivers an attempt.
_DELIVERABLE = frozenset({AttemptState.SUCCEEDED, AttemptState.REFUNDED})


def accept(connection: sqlite3.Connection, envelope: Envelope) -> bool:
    """Keep an update; False where it is there already."""
    return connection.execute(statements.ACCEPT, update_row(envelope)).rowcount == 1


def commit(connection: sqlite3.Connection, work: Work) -> Receipt:
    """Write all of the work.

    Raises a WorkRefused or IllegalMove, and leaves it to the caller to undo what was written until then.
    """
    if work.done is not None and not _end_update(connection, work):
        return Receipt(repeat=True)
    if work.attempt is not None:
        _add_attempt(connection, work.attempt)
    if work.move is not None:
        _move(connection, work.partner, work.move, work.at_ms)
    if work.free is not None:
        money.take_free(connection, work.partner, work.free)
    for transfer in work.transfers:
        money.post(connection, work.partner, transfer)
    if work.restore_free is not None:
        money.restore_free(connection, work.partner, work.restore_free, at_ms=work.at_ms)
    kept = work.session is None or _write_session(connection, work.partner, work.session)
    messages = tuple(_queue(connection, work.partner, message, work.at_ms) for message in work.messages)
    return Receipt(messages, session_kept=kept)


def mark(connection: sqlite3.Connection, partner: str, marks: Sequence[Mark]) -> None:
    """Note how messages ended. A message that has ended before stays as it is."""
    for one in marks:
        values = (one.outcome, one.at_ms, one.telegram_message_id, partner, one.place)
        row = connection.execute(statements.END_MESSAGE, values).fetchone()
        if row is None:
            continue
        chat_id, menu_of, task_id = row
        if one.outcome is SendOutcome.UNDELIVERABLE:
            # In a private chat the chat's id is the user's.
            connection.execute(statements.BLOCK_USER, (one.at_ms, partner, chat_id))
        elif one.outcome is SendOutcome.SENT:
            _set_menu(connection, partner, menu_of, one)
            _deliver(connection, partner, task_id, one)


def prune(connection: sqlite3.Connection, partner: str, *, before_ms: int, limit: int) -> int:
    """Delete done updates and ended messages from before an instant, the oldest first; how many went."""
    values = (partner, before_ms, limit)
    return sum(
        connection.execute(statement, values).rowcount
        for statement in (statements.PRUNE_UPDATES, statements.PRUNE_MESSAGES)
    )


def _end_update(connection: sqlite3.Connection, work: Work) -> bool:
    """Mark the update as done; False where it was done before, by a work that was committed whole."""
    assert work.done is not None
    values = (work.at_ms, work.done.outcome, work.partner, work.done.update_id)
    if connection.execute(statements.SET_DONE, values).rowcount == 1:
        return True
    return connection.execute(statements.IS_DONE, (work.partner, work.done.update_id)).fetchone() is None


def _add_attempt(connection: sqlite3.Connection, attempt: Attempt) -> None:
    """Insert an attempt. Raises AttemptExists."""
    if connection.execute(statements.INSERT_ATTEMPT, attempt_row(attempt)).rowcount == 0:
        raise AttemptExists(f"there is an attempt with task_id {attempt.task_id} already")


def _move(connection: sqlite3.Connection, partner: str, move: Move, at_ms: int) -> None:
    """Move an attempt. Raises AttemptMoved where it stands elsewhere, IllegalMove where the table has no such move."""
    task_id = str(move.task_id)
    row = connection.execute(statements.ATTEMPT_STATE, (partner, task_id)).fetchone()
    state = AttemptState(row[0]) if row is not None else None
    if state is None or state not in move.of:
        raise AttemptMoved(f"attempt {task_id} is {state or 'unknown'}, not {' or '.join(sorted(move.of))}")
    check_move(state, move.to)
    values = (move.to, at_ms, move.submitted_at_ms, move.job_id, move.failure, partner, task_id)
    connection.execute(statements.MOVE, values)
    if move.artifact is not None:
        connection.execute(statements.SET_ARTIFACT, (*artifact_row(move.artifact), partner, task_id))


def _write_session(connection: sqlite3.Connection, partner: str, session: Session) -> bool:
    """Write a session unless a newer update wrote the stored one; tell whether it was written."""
    connection.execute(statements.SEE_USER, (partner, session.user_id, session.written_at_ms))
    values = (*session_row(partner, session), GUARD_MS)
    return connection.execute(statements.WRITE_SESSION, values).rowcount == 1


def _queue(connection: sqlite3.Connection, partner: str, message: OutgoingMessage, at_ms: int) -> QueuedMessage:
    """Append a message to the outbox."""
    (place,) = connection.execute(statements.INSERT_MESSAGE, message_row(partner, message, at_ms)).fetchone()
    return QueuedMessage(place, message)


def _set_menu(connection: sqlite3.Connection, partner: str, menu_of: int | None, one: Mark) -> None:
    """Let a user's session know the menu that was just sent."""
    if menu_of is not None and one.telegram_message_id is not None:
        connection.execute(statements.SET_MENU, (one.telegram_message_id, partner, menu_of))


def _deliver(connection: sqlite3.Connection, partner: str, task_id: str | None, one: Mark) -> None:
    """Let an attempt know that its file was sent; one that does not wait for it stays where it is."""
    if task_id is None:
        return
    row = connection.execute(statements.ATTEMPT_STATE, (partner, task_id)).fetchone()
    if row is not None and AttemptState(row[0]) in _DELIVERABLE:
        values = (AttemptState.DELIVERED, one.at_ms, None, None, None, partner, task_id)
        connection.execute(statements.MOVE, values)
    if one.telegram_file_id is not None:
        connection.execute(statements.SET_FILE_ID, (one.telegram_file_id, partner, task_id))
