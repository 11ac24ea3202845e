"""Double entry: accounts, and the transfers between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


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
