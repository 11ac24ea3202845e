"""What is written into the state: all of it, or a refusal, after which whoever called undoes what was begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from botflight_diagnostics.report import Mute
from botflight_service.billing.payments import Payment, PaymentMove
from botflight_service.generation.attempts import Attempt, AttemptState, check_move
from botflight_service.memo import Memo
from botflight_service.message import OutgoingMessage
from botflight_service.session import Session, overrides
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
from botflight_service.storage.json_store import money
from botflight_service.storage.json_store.rows import (
    Nonce,
    StoredAction,
    StoredAttempt,
    StoredMemo,
    StoredMessage,
    StoredMute,
    StoredPayment,
    StoredSession,
    StoredUpdate,
    User,
)
from botflight_service.storage.json_store.state import State
from botflight_service.updates.envelope import Envelope

#: From where the sending of its file delivers an attempt.
_DELIVERABLE = frozenset({AttemptState.SUCCEEDED, AttemptState.REFUNDED})
_NONCE_AGE_MS = 60 * 60 * 1000


def accept(state: State, envelope: Envelope) -> bool:
    """Keep an update; False where it is there already."""
    if state.updates.get(envelope.partner, envelope.update_id) is not None:
        return False
    state.updates.put(StoredUpdate(place=state.updates.next_place(), envelope=envelope))
    return True


def commit(state: State, work: Work) -> Receipt:
    """Write all of the work. Raises a WorkRefused or IllegalMove."""
    if work.done is not None and not _end_update(state, work):
        return Receipt(repeat=True)
    if work.attempt is not None:
        _add_attempt(state, work.attempt)
    if work.move is not None:
        _move(state, work.partner, work.move, work.at_ms)
    _remember(state, work)
    if work.free is not None:
        money.take_free(state, work.partner, work.free)
    for transfer in work.transfers:
        money.post(state, work.partner, transfer)
    if work.restore_free is not None:
        money.restore_free(state, work.partner, work.restore_free, at_ms=work.at_ms)
    kept = work.session is None or _write_session(state, work.partner, work.session)
    messages = tuple(_queue(state, work.partner, message, work.at_ms) for message in work.messages)
    return Receipt(messages, session_kept=kept)


def mark(state: State, partner: str, marks: Sequence[Mark]) -> None:
    """Note how messages ended. A message that has ended before stays as it is."""
    for one in sorted(marks, key=lambda mark: mark.place):
        found = state.messages.get(one.place)
        if found is None or found.partner != partner or found.outcome is not None:
            continue
        ended = replace(found, outcome=one.outcome, ended_at_ms=one.at_ms, telegram_message_id=one.telegram_message_id)
        state.messages.put(ended)
        if one.outcome is SendOutcome.UNDELIVERABLE:
            # In a private chat the chat's id is the user's.
            _block(state, partner, found.message.chat_id, one.at_ms)
        elif one.outcome is SendOutcome.SENT:
            _set_menu(state, partner, found.message.menu_of, one)
            _deliver(state, partner, found.message.task_id, one)


def prune(state: State, partner: str, *, before_ms: int, limit: int) -> int:
    """Remove done updates and ended messages from before an instant, the oldest first; how many went."""
    updates = state.done.before(partner, before_ms, limit=limit)
    for _, update_id in updates:
        state.updates.change((partner, update_id), None)
    places = state.ended.before(partner, before_ms, limit=limit)
    for place in places:
        state.messages.change((place,), None)
    return len(updates) + len(places)


def write_nonce(state: State, nonce: str, *, at_ms: int) -> None:
    """Keep a scratch row; those that were left behind an hour ago go."""
    old = [key for key, row in state.nonces.rows.items() if row.created_at_ms < at_ms - _NONCE_AGE_MS]
    for key in old:
        state.nonces.change(key, None)
    if state.nonces.get(nonce) is None:
        state.nonces.put(Nonce(nonce=nonce, created_at_ms=at_ms))


def delete_nonce(state: State, nonce: str) -> bool:
    """Remove a scratch row; False where there was none."""
    if state.nonces.get(nonce) is None:
        return False
    state.nonces.change((nonce,), None)
    return True


def keep_mute(state: State, partner: str, mute: Mute) -> None:
    """Keep a mute; those that have ended by then go."""
    ended = [
        key for key, row in state.mutes.rows.items() if row.partner == partner and row.mute.until_ms <= mute.set_at_ms
    ]
    for key in ended:
        state.mutes.change(key, None)
    state.mutes.put(StoredMute(partner=partner, mute=mute))


def drop_mute(state: State, partner: str, code: str) -> bool:
    """Forget a mute; False where there was none."""
    if state.mutes.get(partner, code) is None:
        return False
    state.mutes.change((partner, code), None)
    return True


def _remember(state: State, work: Work) -> None:
    """Write what payments, memos and administrators leave. Raises PaymentExists, PaymentMoved or MemoChanged."""
    if work.payment is not None:
        _add_payment(state, work.partner, work.payment)
    if work.payment_move is not None:
        _move_payment(state, work.partner, work.payment_move, work.at_ms)
    if work.memo is not None:
        _change_memo(state, work.partner, work.memo, work.at_ms)
    if work.action is not None:
        place = state.admin_actions.next_place()
        state.admin_actions.put(StoredAction(place=place, partner=work.partner, action=work.action))


def _add_payment(state: State, partner: str, payment: Payment) -> None:
    """Keep a new payment. Raises PaymentExists."""
    if state.payments.get(partner, payment.charge_id) is not None:
        raise PaymentExists(f"there is a payment {payment.charge_id} already")
    state.payments.put(StoredPayment(place=state.payments.next_place(), partner=partner, payment=payment))


def _move_payment(state: State, partner: str, move: PaymentMove, at_ms: int) -> None:
    """Move a payment. Raises PaymentMoved unless it stands as it was read."""
    read, moved = move.read, move.moved(at_ms=at_ms)
    found = state.payments.get(partner, read.charge_id)
    if found is None or (found.payment.state, found.payment.refunds) != (read.state, read.refunds):
        raise PaymentMoved(f"payment {read.charge_id} is not {read.state} any more")
    state.payments.put(replace(found, payment=moved))


def _change_memo(state: State, partner: str, memo: Memo, at_ms: int) -> None:
    """Write a memo over the version that it names. Raises MemoChanged."""
    found = state.memos.get(partner, memo.name)
    if (found.memo.version if found is not None else 0) != memo.version:
        raise MemoChanged(f"the memo {memo.name} was changed after version {memo.version}")
    changed = replace(memo, version=memo.version + 1, changed_at_ms=at_ms)
    state.memos.put(StoredMemo(partner=partner, memo=changed))


def _end_update(state: State, work: Work) -> bool:
    """Mark the update as done; False where it was done before, by a work that was committed whole."""
    assert work.done is not None
    found = state.updates.get(work.partner, work.done.update_id)
    if found is None:
        return True
    if found.outcome is not None:
        return False
    state.updates.put(replace(found, done_at_ms=work.at_ms, outcome=work.done.outcome))
    return True


def _add_attempt(state: State, attempt: Attempt) -> None:
    """Keep a new attempt. Raises AttemptExists."""
    if state.attempts.get(attempt.partner, str(attempt.task_id)) is not None:
        raise AttemptExists(f"there is an attempt with task_id {attempt.task_id} already")
    state.attempts.put(StoredAttempt(place=state.attempts.next_place(), attempt=attempt))


def _move(state: State, partner: str, move: Move, at_ms: int) -> None:
    """Move an attempt. Raises AttemptMoved where it stands elsewhere, IllegalMove where the table has no such move."""
    found = state.attempts.get(partner, str(move.task_id))
    if found is None or found.attempt.state not in move.of:
        stands = found.attempt.state if found is not None else "unknown"
        raise AttemptMoved(f"attempt {move.task_id} is {stands}, not {' or '.join(sorted(move.of))}")
    attempt = found.attempt
    check_move(attempt.state, move.to)
    moved = replace(
        attempt,
        state=move.to,
        changed_at_ms=at_ms,
        submitted_at_ms=attempt.submitted_at_ms if move.submitted_at_ms is None else move.submitted_at_ms,
        job_id=attempt.job_id if move.job_id is None else move.job_id,
        artifact=attempt.artifact if move.artifact is None else move.artifact,
        failure=attempt.failure if move.failure is None else move.failure,
    )
    state.attempts.put(replace(found, attempt=moved))


def _write_session(state: State, partner: str, session: Session) -> bool:
    """Write a session unless a newer update wrote the stored one; tell whether it was written."""
    _see_user(state, partner, session)
    found = state.sessions.get(partner, session.user_id)
    if found is not None and not overrides(session, found.session):
        return False
    # The menu is the outbox's to change: a handler that read the session before it was sent must not undo it.
    menu = found.menu_message_id if found is not None else None
    stored = StoredSession(
        partner=partner, session=session, menu_message_id=session.menu_message_id if menu is None else menu
    )
    state.sessions.put(stored)
    return True


def _see_user(state: State, partner: str, session: Session) -> None:
    """Know a user from their first session on; who writes has not blocked the bot."""
    user = state.users.get(partner, session.user_id)
    if user is None:
        state.users.put(User(partner=partner, user_id=session.user_id, first_seen_at_ms=session.written_at_ms))
    elif user.blocked_at_ms is not None:
        state.users.put(replace(user, blocked_at_ms=None))


def _block(state: State, partner: str, user_id: int, at_ms: int) -> None:
    """Remember since when a user has blocked the bot."""
    user = state.users.get(partner, user_id)
    if user is not None and user.blocked_at_ms is None:
        state.users.put(replace(user, blocked_at_ms=at_ms))


def _queue(state: State, partner: str, message: OutgoingMessage, at_ms: int) -> QueuedMessage:
    """Append a message to the outbox."""
    place = state.messages.next_place()
    state.messages.put(StoredMessage(place=place, partner=partner, message=message, created_at_ms=at_ms))
    return QueuedMessage(place, message)


def _set_menu(state: State, partner: str, menu_of: int | None, one: Mark) -> None:
    """Let a user's session know the menu that was just sent."""
    found = state.sessions.get(partner, menu_of)
    if found is not None and one.telegram_message_id is not None:
        state.sessions.put(replace(found, menu_message_id=one.telegram_message_id))


def _deliver(state: State, partner: str, task_id: UUID | None, one: Mark) -> None:
    """Let an attempt know that its file was sent; one that does not wait for it stays where it is."""
    found = state.attempts.get(partner, str(task_id))
    if task_id is None or found is None:
        return
    attempt = found.attempt
    if attempt.state in _DELIVERABLE:
        attempt = replace(attempt, state=AttemptState.DELIVERED, changed_at_ms=one.at_ms)
    if attempt.artifact is not None and one.telegram_file_id is not None:
        attempt = replace(attempt, artifact=replace(attempt.artifact, telegram_file_id=one.telegram_file_id))
    if attempt is not found.attempt:
        state.attempts.put(replace(found, attempt=attempt))
