"""A whole work in one statement, and so in one round trip: every part of it holds, or nothing was done.

It decides nothing. Where a part does not find what it expects, the statement undoes itself and the work is done again
step by step (writes.py), which knows what to refuse and why.
"""

# ruff: noqa: S608 - what is put together here are constants of this file

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import asyncpg  # type: ignore[import-untyped]  # it says nothing of its types

from botflight_service.billing.ledger import Transfer, TransferKind
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import MOVES
from botflight_service.message import OutgoingMessage
from botflight_service.session import GUARD_MS
from botflight_service.storage.interface import Move, QueuedMessage, Receipt, Work
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.postgres.faults import explained
from botflight_service.storage.sql.postgres.link import Link, numbered
from botflight_service.storage.sql.rows import artifact_row, attempt_row, message_row, session_row, transfer_row

#: Statements remembered by their parts; works have a dozen shapes.
_SHAPES_CACHED = 256


class _Part(NamedTuple):
    """A named piece of the statement."""

    name: str
    text: str
    #: How many rows it must touch; None where any number will do.
    rows: int | None = 1


_DONE = _Part("done", f"{statements.SET_DONE} RETURNING 1")
_ATTEMPT = _Part("attempt", f"{statements.INSERT_ATTEMPT} RETURNING 1")
_MOVED = "WHERE partner = ? AND task_id = ? AND state = ANY(?::TEXT[]) RETURNING 1"
_MOVE_COLUMNS = """
UPDATE attempts SET state = ?, changed_at_ms = ?, submitted_at_ms = coalesce(?, submitted_at_ms),
    job_id = coalesce(?, job_id), failure = coalesce(?, failure)
"""
_ARTIFACT_COLUMNS = ", artifact_kind = ?, artifact_reference = ?, artifact_file_name = ?, telegram_file_id = ?"
_MOVE = _Part("moved", f"{_MOVE_COLUMNS} {_MOVED}")
_MOVE_WITH_ARTIFACT = _Part("moved", f"{_MOVE_COLUMNS} {_ARTIFACT_COLUMNS} {_MOVED}")
_TAKE_FREE = _Part("free_taken", f"{statements.INSERT_FREE_DEDUCTION} ON CONFLICT DO NOTHING RETURNING 1")
_USE_FREE_DAY = _Part("free_used", f"{statements.USE_FREE_DAY} RETURNING 1")
_RESTORE_FREE = _Part(
    "free_restored",
    """
    UPDATE free_deductions SET restored_at_ms = ? WHERE partner = ? AND task_id = ? AND restored_at_ms IS NULL
    RETURNING partner, user_id, day
    """,
)
_GIVE_BACK_FREE_DAY = _Part(
    "free_given_back",
    """
    UPDATE free_days SET used = used - 1 FROM free_restored AS restored
    WHERE (free_days.partner, free_days.user_id, free_days.day) = (restored.partner, restored.user_id, restored.day)
    RETURNING 1
    """,
)
# Whatever there is of the same transfer, or of another end of the same hold, is a conflict of a unique index.
_TRANSFER = _Part("transferred", f"{statements.INSERT_TRANSFER} ON CONFLICT DO NOTHING RETURNING 1")
# One that stands on another asks for it: of the same task, user and amount.
_TRANSFER_ON_BASIS = _Part(
    "transferred",
    """
    INSERT INTO transfers (
        partner, transfer_id, kind, debit_kind, debit_user_id, credit_kind, credit_user_id, amount_hundredths, user_id,
        task_id, resolves, created_at_ms
    )
    SELECT ?::TEXT, ?::TEXT, ?::TEXT, ?::TEXT, ?::BIGINT, ?::TEXT, ?::BIGINT, ?::BIGINT, ?::BIGINT,
        ?::TEXT, ?::TEXT, ?::BIGINT
    WHERE EXISTS (
        SELECT 1 FROM transfers
        WHERE partner = ? AND task_id = ? AND kind = ? AND user_id = ? AND amount_hundredths = ?
    )
    ON CONFLICT DO NOTHING RETURNING 1
    """,
)
# Users' accounts before the house's, and each in one order: transactions wait for each other and never both.
_LOCK_ACCOUNTS = _Part(
    "accounts_locked",
    """
    SELECT user_id, kind FROM accounts WHERE partner = ? AND (user_id, kind) IN ((?, ?), (?, ?))
    ORDER BY user_id = 0, kind FOR NO KEY UPDATE
    """,
    rows=2,
)
_CHANGE_BALANCES = _Part(
    "balances_changed",
    """
    UPDATE accounts SET balance_hundredths = balance_hundredths + change.amount, changed_at_ms = ?
    FROM accounts_locked AS locked
    JOIN (VALUES (?::BIGINT, ?::TEXT, ?::BIGINT), (?::BIGINT, ?::TEXT, ?::BIGINT)) AS change (user_id, kind, amount)
        USING (user_id, kind)
    WHERE accounts.partner = ? AND accounts.user_id = locked.user_id AND accounts.kind = locked.kind
        AND (accounts.user_id = 0 OR accounts.balance_hundredths + change.amount >= 0)
    RETURNING 1
    """,
    rows=2,
)
_SEE_USER = _Part("user_seen", f"{statements.SEE_USER} RETURNING 1", rows=None)
_SESSION = _Part("session_written", f"{statements.WRITE_SESSION} RETURNING 1", rows=None)
_MESSAGES = _Part(
    "queued",
    """
    INSERT INTO messages (partner, chat_id, menu_of, task_id, body, created_at_ms)
    SELECT ?::TEXT, chat_id, menu_of, task_id, body, ?::BIGINT
    FROM unnest(?::BIGINT[], ?::BIGINT[], ?::TEXT[], ?::TEXT[])
        WITH ORDINALITY AS given (chat_id, menu_of, task_id, body, number)
    ORDER BY number RETURNING place
    """,
    rows=None,
)
#: What a transfer stands on, where it stands on another one.
_BASES = {
    TransferKind.CHARGE: TransferKind.HOLD,
    TransferKind.RELEASE: TransferKind.HOLD,
    TransferKind.REFUND: TransferKind.CHARGE,
}
_Parts = Iterator[tuple[_Part, Sequence[Any]]]


async def commit(link: Link, work: Work) -> Receipt | None:
    """Do a work in one statement. None where nothing was done: it takes more than one, or does not go through."""
    if not fits(work):
        return None
    parts = list(_parts(work))
    values = [value for _, theirs in parts for value in theirs]
    statement = _statement(tuple(part for part, _ in parts))
    try:
        with explained(link.name):
            ((_, session_written, places),) = await link.raw.fetch(statement, *values)
    except (asyncpg.RaiseError, asyncpg.IntegrityConstraintViolationError):
        return None
    messages = tuple(map(QueuedMessage, places or (), work.messages))
    return Receipt(messages, session_kept=work.session is None or session_written)


def fits(work: Work) -> bool:
    """Tell whether a work can be one statement: no row is changed by two of its parts."""
    return (
        len(work.transfers) <= 1
        and (work.payment, work.payment_move, work.memo, work.action) == (None, None, None, None)
        and (work.attempt is None or work.move is None)
        and (work.free is None or (work.restore_free is None and work.free.daily_limit > 0))
        and any((work.done, work.attempt, work.move, work.transfers, work.free, work.restore_free, work.session))
    )


def _parts(work: Work) -> _Parts:
    """The pieces of a work, each with its values."""
    partner = work.partner
    if work.done is not None:
        yield _DONE, (work.at_ms, work.done.outcome, partner, work.done.update_id)
    if work.attempt is not None:
        yield _ATTEMPT, attempt_row(work.attempt)
    if work.move is not None:
        yield _move(partner, work.move, work.at_ms)
    if work.free is not None:
        yield from _free(partner, work.free)
    for transfer in work.transfers:
        yield from _transfer(partner, transfer)
    if work.restore_free is not None:
        yield _RESTORE_FREE, (work.at_ms, partner, str(work.restore_free))
        yield _GIVE_BACK_FREE_DAY, ()
    if work.session is not None:
        yield _SEE_USER, (partner, work.session.user_id, work.session.written_at_ms)
        yield _SESSION, (*session_row(partner, work.session), GUARD_MS)
    if work.messages:
        yield _MESSAGES, _queue(partner, work.messages, work.at_ms)


def _move(partner: str, move: Move, at_ms: int) -> tuple[_Part, Sequence[Any]]:
    """From one of the states that the caller read, where the table has the move."""
    origins = [state for state in move.of if move.to in MOVES[state]]
    changes = (move.to, at_ms, move.submitted_at_ms, move.job_id, move.failure)
    which = (partner, str(move.task_id), origins)
    if move.artifact is None:
        return _MOVE, (*changes, *which)
    return _MOVE_WITH_ARTIFACT, (*changes, *artifact_row(move.artifact), *which)


def _free(partner: str, free: FreeDeduction) -> _Parts:
    """A free generation of the day."""
    taken = (partner, str(free.task_id), free.user_id, free.day, free.daily_limit, free.created_at_ms)
    yield _TAKE_FREE, taken
    yield _USE_FREE_DAY, (partner, free.user_id, free.day, free.daily_limit)


def _transfer(partner: str, transfer: Transfer) -> _Parts:
    """A transfer, and both of its balances."""
    amount = transfer.amount_hundredths
    basis = _BASES.get(transfer.kind)
    row = transfer_row(partner, transfer)
    if basis is None or (transfer.kind is TransferKind.CHARGE and transfer.resolves is None):
        yield _TRANSFER, row
    else:
        yield _TRANSFER_ON_BASIS, (*row, partner, str(transfer.task_id), basis, transfer.user_id, amount)
    debit = (transfer.debit.user_id, transfer.debit.kind)
    credit = (transfer.credit.user_id, transfer.credit.kind)
    yield _LOCK_ACCOUNTS, (partner, *debit, *credit)
    yield _CHANGE_BALANCES, (transfer.created_at_ms, *debit, -amount, *credit, amount, partner)


def _queue(partner: str, messages: Sequence[OutgoingMessage], at_ms: int) -> Sequence[Any]:
    """The columns of the messages, one list each."""
    rows = [message_row(partner, message, at_ms)[1:5] for message in messages]
    return (partner, at_ms, *map(list, zip(*rows, strict=True)))


@lru_cache(maxsize=_SHAPES_CACHED)
def _statement(parts: tuple[_Part, ...]) -> str:
    """Put the pieces together; `require` undoes all of it unless each touched the rows that it must."""
    names = {part.name for part in parts}
    pieces = ",\n".join(f"{part.name} AS ({part.text})" for part in parts)
    conditions = [f"(SELECT count(*) FROM {part.name}) = {part.rows}" for part in parts if part.rows is not None]
    written = "EXISTS (SELECT 1 FROM session_written)" if "session_written" in names else "TRUE"
    places = "(SELECT array_agg(place ORDER BY place) FROM queued)" if "queued" in names else "NULL::BIGINT[]"
    holds = " AND ".join(conditions or ["TRUE"])
    return numbered(f"WITH {pieces}\nSELECT require({holds}), {written}, {places}")
