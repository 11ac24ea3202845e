"""Double entry: accounts, the transfers between them, and which transfer may follow which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

from botflight_service.billing.money import Credits, positive

#: Transfer ids are UUIDv5 names in this space: the same verb for the same task or payment mints the same id.
_TRANSFERS = UUID("6f1e6c1e-4f0c-5d0e-9a53-0f2c5a1d7b10")


class LedgerConflict(ValueError):
    """A task or payment was used again with other terms, or a hold was resolved another way before."""


class LedgerGap(ValueError):
    """What was to be posted, given back or paid back was never taken."""


class AccountKind(StrEnum):
    """What an account is for. The first three are a user's and never below zero; the others are the house's."""

    WALLET = "wallet"
    BONUS = "bonus"
    HELD = "held"
    REVENUE = "revenue"
    TOP_UP_CLEARING = "top_up_clearing"
    ADJUSTMENTS = "adjustments"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a partner's ledger. `user_id` is 0 for the house's."""

    kind: AccountKind
    user_id: int = 0


class TransferKind(StrEnum):
    """Why an amount moved."""

    HOLD = "hold"
    CHARGE = "charge"
    RELEASE = "release"
    CREDIT = "credit"
    REFUND = "refund"
    TAKE_BACK = "take_back"
    HAND_BACK = "hand_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An amount that moved from one account to another. Immutable; its id is minted by its caller."""

    transfer_id: UUID
    kind: TransferKind
    debit: Account
    credit: Account
    #: Always above zero.
    amount_hundredths: int
    user_id: int
    task_id: UUID | None
    #: The hold that this transfer posts (charge) or voids (release). At most one transfer resolves a hold.
    resolves: UUID | None
    created_at_ms: int


def transfer_id(partner: str, kind: TransferKind, reference: UUID | str) -> UUID:
    """Mint the id of a transfer from what it is for: a task_id, or a payment_id for a credit."""
    return uuid5(_TRANSFERS, f"{partner}\n{kind}\n{reference}")


def hold(*, partner: str, user_id: int, amount: Credits, task_id: UUID, at_ms: int) -> Transfer:
    """Set an amount aside for a task. Raises InvalidAmount unless it is above zero."""
    wallet, held = Account(AccountKind.WALLET, user_id), Account(AccountKind.HELD, user_id)
    return _for_task(TransferKind.HOLD, wallet, held, partner=partner, amount=amount, task_id=task_id, at_ms=at_ms)


def charge(*, partner: str, user_id: int, amount: Credits, task_id: UUID, at_ms: int, held: bool = True) -> Transfer:
    """Earn an amount for a task: out of its hold, or straight from the wallet where nothing is `held`."""
    source = Account(AccountKind.HELD if held else AccountKind.WALLET, user_id)
    return _for_task(
        TransferKind.CHARGE,
        source,
        Account(AccountKind.REVENUE),
        partner=partner,
        amount=amount,
        task_id=task_id,
        at_ms=at_ms,
    )


def release(*, partner: str, user_id: int, amount: Credits, task_id: UUID, at_ms: int) -> Transfer:
    """Give a task's hold back to the wallet."""
    held, wallet = Account(AccountKind.HELD, user_id), Account(AccountKind.WALLET, user_id)
    return _for_task(TransferKind.RELEASE, held, wallet, partner=partner, amount=amount, task_id=task_id, at_ms=at_ms)


def refund(*, partner: str, user_id: int, amount: Credits, task_id: UUID, at_ms: int) -> Transfer:
    """Pay back what was charged for a task."""
    revenue, wallet = Account(AccountKind.REVENUE), Account(AccountKind.WALLET, user_id)
    return _for_task(TransferKind.REFUND, revenue, wallet, partner=partner, amount=amount, task_id=task_id, at_ms=at_ms)


def credit(
    *,
    partner: str,
    user_id: int,
    amount: Credits,
    payment_id: str,
    at_ms: int,
    source: AccountKind = AccountKind.TOP_UP_CLEARING,
) -> Transfer:
    """Add an amount to a wallet for a payment; an admin's gift comes out of `ADJUSTMENTS`."""
    return Transfer(
        transfer_id=transfer_id(partner, TransferKind.CREDIT, payment_id),
        kind=TransferKind.CREDIT,
        debit=Account(source),
        credit=Account(AccountKind.WALLET, user_id),
        amount_hundredths=positive(amount).hundredths,
        user_id=user_id,
        task_id=None,
        resolves=None,
        created_at_ms=at_ms,
    )


def same_terms(one: Transfer, other: Transfer) -> bool:
    """Tell whether two transfers say the same. When they were made is not a term."""
    return _terms(one) == _terms(other)


def is_new(transfer: Transfer, known: Iterable[Transfer]) -> bool:
    """Tell a new transfer from a repeat, given what is `known` of its task (or, for a credit, under its id).

    Raises LedgerConflict where the ledger says otherwise already, LedgerGap where a step before it is missing.
    """
    by_kind = {other.kind: other for other in known}
    repeated = by_kind.get(transfer.kind)
    if repeated is not None:
        if not same_terms(transfer, repeated):
            raise LedgerConflict(f"there is a {transfer.kind} of other terms under {transfer.transfer_id}")
        return False
    _check_order(transfer, by_kind)
    return True


def _check_order(transfer: Transfer, by_kind: dict[TransferKind, Transfer]) -> None:
    """Raise unless a new transfer may follow what its task has seen."""
    holding = by_kind.get(TransferKind.HOLD)
    if transfer.resolves is not None:
        _check_basis(transfer, holding)
        if TransferKind.CHARGE in by_kind or TransferKind.RELEASE in by_kind:
            raise LedgerConflict(f"the hold of task {transfer.task_id} was resolved another way before")
    elif transfer.kind is TransferKind.REFUND:
        _check_basis(transfer, by_kind.get(TransferKind.CHARGE))
    elif transfer.kind is TransferKind.CHARGE and holding is not None:
        raise LedgerConflict(f"task {transfer.task_id} has a hold: a charge posts it")
    elif transfer.kind is TransferKind.HOLD and TransferKind.CHARGE in by_kind:
        raise LedgerConflict(f"task {transfer.task_id} was charged before")


def _check_basis(transfer: Transfer, basis: Transfer | None) -> None:
    """Raise unless the transfer undoes or completes all of another one, of the same user."""
    if basis is None:
        raise LedgerGap(f"task {transfer.task_id} has nothing for a {transfer.kind} to stand on")
    if (transfer.user_id, transfer.amount_hundredths) != (basis.user_id, basis.amount_hundredths):
        raise LedgerConflict(f"the {transfer.kind} of task {transfer.task_id} is not of the terms of its {basis.kind}")


def _terms(transfer: Transfer) -> tuple[object, ...]:
    """All that two transfers of one id must agree on."""
    return (
        transfer.transfer_id,
        transfer.kind,
        transfer.debit,
        transfer.credit,
        transfer.amount_hundredths,
        transfer.user_id,
        transfer.task_id,
        transfer.resolves,
    )


def _for_task(
    kind: TransferKind, debit: Account, credit: Account, *, partner: str, amount: Credits, task_id: UUID, at_ms: int
) -> Transfer:
    """Make a transfer for a task; what leaves the held account resolves the task's hold."""
    resolves = transfer_id(partner, TransferKind.HOLD, task_id) if debit.kind is AccountKind.HELD else None
    return Transfer(
        transfer_id=transfer_id(partner, kind, task_id),
        kind=kind,
        debit=debit,
        credit=credit,
        amount_hundredths=positive(amount).hundredths,
        user_id=debit.user_id or credit.user_id,
        task_id=task_id,
        resolves=resolves,
        created_at_ms=at_ms,
    )
