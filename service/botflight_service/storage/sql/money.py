"""Money on a connection, inside the transaction of whoever calls: transfers with their balances, free generations."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from botflight_service.billing import ledger
from botflight_service.billing.ledger import Account, LedgerConflict, LedgerGap, Transfer, TransferKind, is_new
from botflight_service.billing.money import Credits
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.storage.interface import FreeLimitReached, IdempotencyConflict, InsufficientFunds, NeverTaken
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.rows import transfer_of, transfer_row


def transfers_of_task(connection: sqlite3.Connection, partner: str, task_id: UUID) -> dict[TransferKind, Transfer]:
    """What the ledger has for a task, by kind."""
    rows = connection.execute(statements.TRANSFERS_OF_TASK, (partner, str(task_id)))
    return {transfer.kind: transfer for transfer in map(transfer_of, rows)}


def post(connection: sqlite3.Connection, partner: str, transfer: Transfer) -> bool:
    """Post a transfer with both its balances; False for a repeat.

    Raises IdempotencyConflict, NeverTaken or InsufficientFunds.
    """
    try:
        if not is_new(transfer, _known(connection, partner, transfer)):
            return False
    except LedgerConflict as conflict:
        raise IdempotencyConflict(str(conflict)) from conflict
    except LedgerGap as gap:
        raise NeverTaken(str(gap)) from gap
    _take(connection, partner, transfer)
    _add(connection, partner, transfer.credit, transfer.amount_hundredths, transfer.created_at_ms)
    connection.execute(statements.INSERT_TRANSFER, transfer_row(partner, transfer))
    return True


def charge(
    connection: sqlite3.Connection, partner: str, user_id: int, amount: Credits, task_id: UUID, *, at_ms: int
) -> bool:
    """Charge for a task, out of its hold where there is one; False for a repeat."""
    held = TransferKind.HOLD in transfers_of_task(connection, partner, task_id)
    charged = ledger.charge(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms, held=held)
    return post(connection, partner, charged)


def release(connection: sqlite3.Connection, partner: str, user_id: int, task_id: UUID, *, at_ms: int) -> bool:
    """Give a task's hold back; False for a repeat. Raises NeverTaken where there was none."""
    amount = _amount(connection, partner, task_id, TransferKind.HOLD)
    released = ledger.release(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms)
    return post(connection, partner, released)


def refund(connection: sqlite3.Connection, partner: str, user_id: int, task_id: UUID, *, at_ms: int) -> bool:
    """Pay a task's charge back; False for a repeat. Raises NeverTaken where there was none."""
    amount = _amount(connection, partner, task_id, TransferKind.CHARGE)
    refunded = ledger.refund(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms)
    return post(connection, partner, refunded)


def take_free(connection: sqlite3.Connection, partner: str, free: FreeDeduction) -> bool:
    """Take a free generation; False for a repeat, also on another day. Raises FreeLimitReached, IdempotencyConflict."""
    row = connection.execute(statements.FREE_DEDUCTION, (partner, str(free.task_id))).fetchone()
    if row is not None:
        _check_owner(row[0], free.user_id, free.task_id)
        return False
    used = 0
    if free.daily_limit > 0:
        values = (partner, free.user_id, free.day, free.daily_limit)
        used = connection.execute(statements.USE_FREE_DAY, values).rowcount
    if used == 0:
        raise FreeLimitReached(f"the {free.daily_limit} free generations of {free.day} are used up")
    connection.execute(
        statements.INSERT_FREE_DEDUCTION,
        (partner, str(free.task_id), free.user_id, free.day, free.daily_limit, free.created_at_ms),
    )
    return True


def restore_free(
    connection: sqlite3.Connection, partner: str, task_id: UUID, *, at_ms: int, user_id: int | None = None
) -> bool:
    """Give a task's free generation back; False for a repeat. Raises NeverTaken, or IdempotencyConflict."""
    row = connection.execute(statements.FREE_DEDUCTION, (partner, str(task_id))).fetchone()
    if row is None:
        raise NeverTaken(f"no free generation was taken for task {task_id}")
    owner, day, restored_at_ms = row
    if user_id is not None:
        _check_owner(owner, user_id, task_id)
    if restored_at_ms is not None:
        return False
    connection.execute(statements.RESTORE_FREE_DEDUCTION, (at_ms, partner, str(task_id)))
    connection.execute(statements.GIVE_BACK_FREE_DAY, (partner, owner, day))
    return True


def _amount(connection: sqlite3.Connection, partner: str, task_id: UUID, kind: TransferKind) -> Credits:
    """What a task was held or charged. Raises NeverTaken."""
    transfer = transfers_of_task(connection, partner, task_id).get(kind)
    if transfer is None:
        raise NeverTaken(f"there is no {kind} for task {task_id}")
    return Credits(transfer.amount_hundredths)


def _known(connection: sqlite3.Connection, partner: str, transfer: Transfer) -> list[Transfer]:
    """What the ledger has that a transfer may repeat or contradict."""
    if transfer.task_id is not None:
        return list(transfers_of_task(connection, partner, transfer.task_id).values())
    rows = connection.execute(statements.TRANSFERS_UNDER, (partner, str(transfer.transfer_id)))
    return list(map(transfer_of, rows))


def _take(connection: sqlite3.Connection, partner: str, transfer: Transfer) -> None:
    """Lower the balance that an amount leaves; the house's own may go below zero, a user's may not."""
    source, amount, at_ms = transfer.debit, transfer.amount_hundredths, transfer.created_at_ms
    if source.user_id == 0:
        _add(connection, partner, source, -amount, at_ms)
        return
    values = (amount, at_ms, partner, source.user_id, source.kind, amount)
    if connection.execute(statements.TAKE_FROM_USER, values).rowcount == 0:
        raise InsufficientFunds(f"the {source.kind} of user {source.user_id} has less than {amount} hundredths")


def _add(connection: sqlite3.Connection, partner: str, account: Account, amount: int, at_ms: int) -> None:
    """Raise a balance, and open the account where it is new."""
    connection.execute(statements.ADD_TO_ACCOUNT, (partner, account.user_id, account.kind, amount, at_ms))


def _check_owner(owner: int, user_id: int, task_id: UUID) -> None:
    """Raise unless a free generation belongs to this user."""
    if owner != user_id:
        raise IdempotencyConflict(f"the free generation of task {task_id} is another user's")
