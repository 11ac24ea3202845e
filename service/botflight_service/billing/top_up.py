"""Top-ups: how credits come into a wallet."""

from __future__ import annotations

from dataclasses import dataclass

from botflight_service.billing.ledger import AccountKind, Transfer, credit
from botflight_service.billing.money import Credits, InvalidAmount, positive

#: Telegram's ids have at most 52 significant bits (Bot API 10.3, `User.id`).
_MAX_USER_ID = 2**52
_MAX_USER_ID_DIGITS = 16
_WORDS = 2


class InvalidGrant(ValueError):
    """The words after `/credit` are not a user id and an amount. The text says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an admin gives to a user."""

    user_id: int
    amount: Credits


def parse_grant(arguments: str) -> Grant:
    """Read `<user id> <amount>`. Raises InvalidGrant."""
    words = arguments.split()
    if len(words) != _WORDS:
        raise InvalidGrant("a user id and an amount are needed")
    user, amount = words
    digits = user.isascii() and user.isdigit() and len(user) <= _MAX_USER_ID_DIGITS
    if not digits or not 0 < int(user) < _MAX_USER_ID:
        raise InvalidGrant("a user id is a whole number above zero")
    try:
        return Grant(int(user), positive(amount))
    except InvalidAmount as error:
        raise InvalidGrant(str(error)) from error


def by_admin(*, partner: str, grant: Grant, update_id: int, at_ms: int) -> Transfer:
    """Give credits as an admin asked in an update: the update handled again gives nothing more."""
    return credit(
        partner=partner,
        user_id=grant.user_id,
        amount=grant.amount,
        payment_id=f"admin:{update_id}",
        at_ms=at_ms,
        source=AccountKind.ADJUSTMENTS,
    )
