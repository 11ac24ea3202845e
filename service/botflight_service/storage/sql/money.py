"""Money, in one transaction: transfers with their balances, free generations."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from botflight_service.billing import ledger
from botflight_service.billing.ledger import Account, LedgerConflict, LedgerGap, Transfer, TransferKind, is_new
from botflight_service.billing.money import Credits
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.storage.interface import FreeLimitReached, IdempotencyConflict, InsufficientFunds, NeverTaken
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.program import Program, changed, row, rows
from botflight_service.storage.sql.rows import transfer_of, transfer_row


def transfers_of_task(partner: str, task_id: UUID) -> Program[dict[TransferKind, Transfer]]:
    """What the ledger has for a task, by kind."""
    found = yield from rows(statements.TRANSFERS_OF_TASK, partner, str(task_id))
    return {transfer.kind: transfer for transfer in map(transfer_of, found)}


def post(partner: str, transfer: Transfer) -> Program[bool]:
    """Post a transfer with both its balances; False for a repeat.

    Raises IdempotencyConflict, NeverTaken or InsufficientFunds.
    """
    known = yield from _known(partner, transfer)
    try:
        if not is_new(transfer, known):
            return False
    except LedgerConflict as conflict:
        raise IdempotencyConflict(str(conflict)) from conflict
    except LedgerGap as gap:
        raise NeverTaken(str(gap)) from gap
    # The transfer comes before its balances: where another transaction posts the same one, this one waits here and
    # then knows it for a repeat, instead of finding that the money is gone.
    yield from changed(statements.INSERT_TRANSFER, *transfer_row(partner, transfer))
    for account, amount in changes(transfer):
        yield from _change(partner, account, amount, transfer.created_at_ms)
    return True


def changes(transfer: Transfer) -> Sequence[tuple[Account, int]]:
    """What a transfer adds to its accounts, in hundredths: users' first, in one order for all transfers.

    Transactions that change the same balances then wait for each other and never both; the house's accounts, which
    everybody shares, are locked last and so for the shortest time.
    """
    both = [(transfer.debit, -transfer.amount_hundredths), (transfer.credit, transfer.amount_hundredths)]
    return sorted(both, key=lambda change: (change[0].user_id == 0, change[0].kind))


def charge(partner: str, user_id: int, amount: Credits, task_id: UUID, *, at_ms: int) -> Program[bool]:
    """Charge for a task, out of its hold where there is one; False for a repeat."""
    held = TransferKind.HOLD in (yield from transfers_of_task(partner, task_id))
    charged = ledger.charge(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms, held=held)
    return (yield from post(partner, charged))


def release(partner: str, user_id: int, task_id: UUID, *, at_ms: int) -> Program[bool]:
    """Give a task's hold back; False for a repeat. Raises NeverTaken where there was none."""
    amount = yield from _amount(partner, task_id, TransferKind.HOLD)
    released = ledger.release(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms)
    return (yield from post(partner, released))


def refund(partner: str, user_id: int, task_id: UUID, *, at_ms: int) -> Program[bool]:
    """Pay a task's charge back; False for a repeat. Raises NeverTaken where there was none."""
    amount = yield from _amount(partner, task_id, TransferKind.CHARGE)
    refunded = ledger.refund(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms)
    return (yield from post(partner, refunded))


def take_free(partner: str, free: FreeDeduction) -> Program[bool]:
    """Take a free generation; False for a repeat, also on another day. Raises FreeLimitReached, IdempotencyConflict."""
    taken = yield from row(statements.FREE_DEDUCTION, partner, str(free.task_id))
    if taken is not None:
        _check_owner(taken[0], free.user_id, free.task_id)
        return False
    values = (partner, str(free.task_id), free.user_id, free.day, free.daily_limit, free.created_at_ms)
    yield from changed(statements.INSERT_FREE_DEDUCTION, *values)
    used = 0
    if free.daily_limit > 0:
        used = yield from changed(statements.USE_FREE_DAY, partner, free.user_id, free.day, free.daily_limit)
    if used == 0:
        raise FreeLimitReached(f"the {free.daily_limit} free generations of {free.day} are used up")
    return True


def restore_free(partner: str, task_id: UUID, *, at_ms: int, user_id: int | None = None) -> Program[bool]:
    """Give a task's free generation back; False for a repeat. Raises NeverTaken, or IdempotencyConflict."""
    taken = yield from row(statements.FREE_DEDUCTION, partner, str(task_id))
    if taken is None:
        raise NeverTaken(f"no free generation was taken for task {task_id}")
    owner, day, restored_at_ms = taken
    if user_id is not None:
        _check_owner(owner, user_id, task_id)
    if restored_at_ms is not None:
        return False
    yield from changed(statements.RESTORE_FREE_DEDUCTION, at_ms, partner, str(task_id))
    yield from changed(statements.GIVE_BACK_FREE_DAY, partner, owner, day)
    return True


def _amount(partner: str, task_id: UUID, kind: TransferKind) -> Program[Credits]:
    """What a task was held or charged. Raises NeverTaken."""
    transfer = (yield from transfers_of_task(partner, task_id)).get(kind)
    if transfer is None:
        raise NeverTaken(f"there is no {kind} for task {task_id}")
    return Credits(transfer.amount_hundredths)


def _known(partner: str, transfer: Transfer) -> Program[Sequence[Transfer]]:
    """What the ledger has that a transfer may repeat or contradict."""
    if transfer.task_id is not None:
        return list((yield from transfers_of_task(partner, transfer.task_id)).values())
    found = yield from rows(statements.TRANSFERS_UNDER, partner, str(transfer.transfer_id))
    return list(map(transfer_of, found))


def _change(partner: str, account: Account, amount: int, at_ms: int) -> Program[None]:
    """Add to a balance, and open the account where it is new; the house's may go below zero, a user's may not."""
    if amount > 0 or account.user_id == 0:
        yield from changed(statements.ADD_TO_ACCOUNT, partner, account.user_id, account.kind, amount, at_ms)
        return
    values = (-amount, at_ms, partner, account.user_id, account.kind, -amount)
    if (yield from changed(statements.TAKE_FROM_USER, *values)) == 0:
        raise InsufficientFunds(f"the {account.kind} of user {account.user_id} has less than {-amount} hundredths")


def _check_owner(owner: int, user_id: int, task_id: UUID) -> None:
    """Raise unless a free generation belongs to this user."""
    if owner != user_id:
        raise IdempotencyConflict(f"the free generation of task {task_id} is another user's")
