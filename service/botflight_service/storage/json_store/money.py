"""Money in the state: transfers with their balances, free generations. All of it, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from botflight_service.billing import ledger
from botflight_service.billing.ledger import Account, LedgerConflict, LedgerGap, Transfer, TransferKind, is_new
from botflight_service.billing.money import Credits
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.storage.interface import FreeLimitReached, IdempotencyConflict, InsufficientFunds, NeverTaken
from botflight_service.storage.json_store.rows import AccountBalance, FreeDay, FreeTaken, StoredTransfer
from botflight_service.storage.json_store.state import State


def transfers_of_task(state: State, partner: str, task_id: UUID) -> dict[TransferKind, Transfer]:
    """What the ledger has for a task, by kind."""
    keys = [transfer_id for _, transfer_id in state.transfers_of_task.of((partner, str(task_id)))]
    transfers = [state.transfers.rows[transfer_id,].transfer for transfer_id in keys]
    return {transfer.kind: transfer for transfer in transfers}


def post(state: State, partner: str, transfer: Transfer) -> bool:
    """Post a transfer with both its balances; False for a repeat.

    Raises IdempotencyConflict, NeverTaken or InsufficientFunds.
    """
    try:
        if not is_new(transfer, _known(state, partner, transfer)):
            return False
    except LedgerConflict as conflict:
        raise IdempotencyConflict(str(conflict)) from conflict
    except LedgerGap as gap:
        raise NeverTaken(str(gap)) from gap
    _add(state, partner, transfer.debit, -transfer.amount_hundredths, transfer.created_at_ms)
    _add(state, partner, transfer.credit, transfer.amount_hundredths, transfer.created_at_ms)
    state.transfers.put(StoredTransfer(place=state.transfers.next_place(), partner=partner, transfer=transfer))
    return True


def charge(state: State, partner: str, user_id: int, amount: Credits, task_id: UUID, *, at_ms: int) -> bool:
    """Charge for a task, out of its hold where there is one; False for a repeat."""
    held = TransferKind.HOLD in transfers_of_task(state, partner, task_id)
    charged = ledger.charge(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms, held=held)
    return post(state, partner, charged)


def release(state: State, partner: str, user_id: int, task_id: UUID, *, at_ms: int) -> bool:
    """Give a task's hold back; False for a repeat. Raises NeverTaken where there was none."""
    amount = _amount(state, partner, task_id, TransferKind.HOLD)
    released = ledger.release(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms)
    return post(state, partner, released)


def refund(state: State, partner: str, user_id: int, task_id: UUID, *, at_ms: int) -> bool:
    """Pay a task's charge back; False for a repeat. Raises NeverTaken where there was none."""
    amount = _amount(state, partner, task_id, TransferKind.CHARGE)
    refunded = ledger.refund(partner=partner, user_id=user_id, amount=amount, task_id=task_id, at_ms=at_ms)
    return post(state, partner, refunded)


def take_free(state: State, partner: str, free: FreeDeduction) -> bool:
    """Take a free generation; False for a repeat, also on another day. Raises FreeLimitReached, IdempotencyConflict."""
    taken = state.free_deductions.get(partner, str(free.task_id))
    if taken is not None:
        _check_owner(taken, free.user_id)
        return False
    if _free_day(state, partner, free.user_id, free.day).used >= free.daily_limit:
        raise FreeLimitReached(f"the {free.daily_limit} free generations of {free.day} are used up")
    _count_free(state, partner, free.user_id, free.day, 1)
    state.free_deductions.put(FreeTaken(partner=partner, deduction=free))
    return True


def restore_free(state: State, partner: str, task_id: UUID, *, at_ms: int, user_id: int | None = None) -> bool:
    """Give a task's free generation back; False for a repeat. Raises NeverTaken, or IdempotencyConflict."""
    taken = state.free_deductions.get(partner, str(task_id))
    if taken is None:
        raise NeverTaken(f"no free generation was taken for task {task_id}")
    if user_id is not None:
        _check_owner(taken, user_id)
    if taken.restored_at_ms is not None:
        return False
    state.free_deductions.put(replace(taken, restored_at_ms=at_ms))
    _count_free(state, partner, taken.deduction.user_id, taken.deduction.day, -1)
    return True


def _amount(state: State, partner: str, task_id: UUID, kind: TransferKind) -> Credits:
    """What a task was held or charged. Raises NeverTaken."""
    transfer = transfers_of_task(state, partner, task_id).get(kind)
    if transfer is None:
        raise NeverTaken(f"there is no {kind} for task {task_id}")
    return Credits(transfer.amount_hundredths)


def _known(state: State, partner: str, transfer: Transfer) -> list[Transfer]:
    """What the ledger has that a transfer may repeat or contradict."""
    if transfer.task_id is not None:
        return list(transfers_of_task(state, partner, transfer.task_id).values())
    found = state.transfers.get(str(transfer.transfer_id))
    return [found.transfer] if found is not None and found.partner == partner else []


def _add(state: State, partner: str, account: Account, amount: int, at_ms: int) -> None:
    """Raise or lower a balance, and open the account where it is new; a user's does not go below zero."""
    found = state.accounts.get(partner, account.user_id, account.kind.value)
    balance = amount + (found.balance_hundredths if found is not None else 0)
    if account.user_id and balance < 0:
        raise InsufficientFunds(f"the {account.kind} of user {account.user_id} has less than {-amount} hundredths")
    state.accounts.put(
        AccountBalance(
            partner=partner,
            user_id=account.user_id,
            kind=account.kind,
            balance_hundredths=balance,
            changed_at_ms=at_ms,
        )
    )


def _free_day(state: State, partner: str, user_id: int, day: str) -> FreeDay:
    """What a user has used of a day."""
    found = state.free_days.get(partner, user_id, day)
    return found if found is not None else FreeDay(partner=partner, user_id=user_id, day=day, used=0)


def _count_free(state: State, partner: str, user_id: int, day: str, amount: int) -> None:
    """Count a free generation, or count it back."""
    before = _free_day(state, partner, user_id, day)
    state.free_days.put(replace(before, used=before.used + amount))


def _check_owner(taken: FreeTaken, user_id: int) -> None:
    """Raise unless a free generation belongs to this user."""
    if taken.deduction.user_id != user_id:
        raise IdempotencyConflict(f"the free generation of task {taken.deduction.task_id} is another user's")
