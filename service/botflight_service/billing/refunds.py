"""Who may have a payment back, and what a refund takes: decided of what was read, so the store decides last."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from botflight_service.billing import payments
from botflight_service.billing.ledger import Transfer
from botflight_service.billing.money import Credits
from botflight_service.billing.payments import Payment, PaymentMove, PaymentState

_DAY_MS = 24 * 60 * 60 * 1000


class NoRefund(StrEnum):
    """Why a payment is not given back."""

    #: It was, or Telegram is being asked to.
    DONE = "done"
    UNDER_WAY = "under_way"
    #: Its time is over: an administrator may still do it.
    TOO_OLD = "too_old"
    #: Telegram gives all of a payment back or nothing, and not all of its credits are there.
    SPENT = "spent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A move of a payment, with the money that moves with it."""

    move: PaymentMove
    transfers: tuple[Transfer, ...]


def refusal(
    payment: Payment, available: Credits, *, now_ms: int, refund_days: int | None = None, with_loss: bool = False
) -> NoRefund | None:
    """Why a payment cannot go back; None where it can.

    `refund_days` is the users' limit, which administrators do not have; `with_loss` lets the house bear what was spent.
    """
    if payment.state is PaymentState.REFUNDED:
        return NoRefund.DONE
    if payment.state is PaymentState.REFUNDING:
        return NoRefund.UNDER_WAY
    if refund_days is not None and now_ms - payment.paid_at_ms > refund_days * _DAY_MS:
        return NoRefund.TOO_OLD
    if not with_loss and available < payment.credited:
        return NoRefund.SPENT
    return None


def begin(payment: Payment, available: Credits, *, partner: str, at_ms: int) -> Step:
    """Take the credits of a paid payment back, as many as are there, before Telegram is asked for the Stars."""
    return _taken(payment, available, PaymentState.REFUNDING, partner=partner, at_ms=at_ms)


def heard(payment: Payment, available: Credits, *, partner: str, at_ms: int) -> Step | None:
    """The Stars have gone back, whoever sent them: what is left to do; None where all is done.

    Of a refund that was made elsewhere the wallet gives what it has, and the house bears the rest.
    """
    if payment.state is PaymentState.REFUNDED:
        return None
    if payment.state is PaymentState.REFUNDING:
        return Step(move=PaymentMove(read=payment, to=PaymentState.REFUNDED), transfers=())
    return _taken(payment, available, PaymentState.REFUNDED, partner=partner, at_ms=at_ms)


def undone(payment: Payment, *, partner: str, at_ms: int) -> Step:
    """Telegram did not give the Stars back, and never will: the credits return."""
    transfers = payments.hand_back(payment, partner=partner, at_ms=at_ms)
    return Step(move=PaymentMove(read=payment, to=PaymentState.PAID), transfers=transfers)


def _taken(payment: Payment, available: Credits, to: PaymentState, *, partner: str, at_ms: int) -> Step:
    taken = min(payment.credited, available)
    transfers = payments.take_back(payment, taken, partner=partner, at_ms=at_ms)
    return Step(move=PaymentMove(read=payment, to=to, taken=taken), transfers=transfers)
