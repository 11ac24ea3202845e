"""Payments in Telegram Stars: what was paid, what it was credited as, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from botflight_service.billing import ledger
from botflight_service.billing.ledger import Account, AccountKind, Transfer, TransferKind
from botflight_service.billing.money import Credits

_NOTHING: Final = Credits(0)


class PaymentState(StrEnum):
    """Where a payment stands."""

    #: The money is here, and so are the credits.
    PAID = "paid"
    #: The credits were taken back; Telegram is being asked to give the Stars back.
    REFUNDING = "refunding"
    #: The Stars went back. An end.
    REFUNDED = "refunded"


#: From where a payment may go. Telegram's refusal leads back to paid; a refund made elsewhere is learnt of at its end.
MOVES = {
    PaymentState.PAID: frozenset({PaymentState.REFUNDING, PaymentState.REFUNDED}),
    PaymentState.REFUNDING: frozenset({PaymentState.PAID, PaymentState.REFUNDED}),
    PaymentState.REFUNDED: frozenset[PaymentState](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment, known by Telegram's `telegram_payment_charge_id`."""

    charge_id: str
    #: Who paid; their wallet was credited.
    user_id: int
    stars: int
    #: What it was credited as; zero where its invoice was none of ours.
    credited: Credits
    invoice_payload: str
    #: What its user is told of it in.
    language: str
    state: PaymentState = PaymentState.PAID
    #: How many refunds were begun: part of the ids of their transfers.
    refunds: int = 0
    #: What the refund that was begun last took from the wallet; the house bore the rest.
    taken: Credits = _NOTHING
    paid_at_ms: int
    changed_at_ms: int

    def same_terms(self, other: Payment) -> bool:
        """Tell whether two payments of one charge say the same. When it was heard of is not a term."""
        return (self.user_id, self.stars, self.credited, self.invoice_payload) == (
            other.user_id,
            other.stars,
            other.credited,
            other.invoice_payload,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMove:
    """A move of a payment, which is refused unless the payment stands as it was `read`."""

    read: Payment
    to: PaymentState
    #: What is taken from the wallet, where a refund begins.
    taken: Credits = _NOTHING

    def moved(self, *, at_ms: int) -> Payment:
        """The payment after it. Raises ValueError for a move outside the table."""
        one = self.read
        if self.to not in MOVES[one.state]:
            raise ValueError(f"a payment does not go from {one.state} to {self.to}")
        begins = one.state is PaymentState.PAID
        return Payment(
            charge_id=one.charge_id,
            user_id=one.user_id,
            stars=one.stars,
            credited=one.credited,
            invoice_payload=one.invoice_payload,
            language=one.language,
            state=self.to,
            refunds=one.refunds + begins,
            taken=self.taken if begins else one.taken,
            paid_at_ms=one.paid_at_ms,
            changed_at_ms=at_ms,
        )


def credit(payment: Payment, *, partner: str, at_ms: int) -> tuple[Transfer, ...]:
    """Credit a payment; nothing moves where it is credited as nothing."""
    if not payment.credited:
        return ()
    return (
        ledger.credit(
            partner=partner,
            user_id=payment.user_id,
            amount=payment.credited,
            payment_id=f"stars:{payment.charge_id}",
            at_ms=at_ms,
        ),
    )


def take_back(payment: Payment, taken: Credits, *, partner: str, at_ms: int) -> tuple[Transfer, ...]:
    """Take a payment's credits back: `taken` out of the wallet, what was spent of them out of the house's own."""
    return tuple(
        _moved(payment, taken, number=payment.refunds, kind=TransferKind.TAKE_BACK, partner=partner, at_ms=at_ms)
    )


def hand_back(payment: Payment, *, partner: str, at_ms: int) -> tuple[Transfer, ...]:
    """Undo what the last refund took: Telegram did not give the Stars back."""
    number = payment.refunds - 1
    return tuple(
        _moved(payment, payment.taken, number=number, kind=TransferKind.HAND_BACK, partner=partner, at_ms=at_ms)
    )


def _moved(
    payment: Payment, taken: Credits, *, number: int, kind: TransferKind, partner: str, at_ms: int
) -> Iterator[Transfer]:
    """Between the wallet and the clearing account, and between the house's own and the clearing account."""
    clearing = Account(AccountKind.TOP_UP_CLEARING)
    shares = (
        ("wallet", Account(AccountKind.WALLET, payment.user_id), taken),
        ("house", Account(AccountKind.ADJUSTMENTS), payment.credited - taken),
    )
    for name, account, share in shares:
        if share.hundredths <= 0:
            continue
        debit, credited = (account, clearing) if kind is TransferKind.TAKE_BACK else (clearing, account)
        yield Transfer(
            transfer_id=ledger.transfer_id(partner, kind, f"stars:{payment.charge_id}:{number}:{name}"),
            kind=kind,
            debit=debit,
            credit=credited,
            amount_hundredths=share.hundredths,
            user_id=payment.user_id,
            task_id=None,
            resolves=None,
            created_at_ms=at_ms,
        )
