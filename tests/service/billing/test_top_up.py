from __future__ import annotations

import pytest

from botflight_service.billing.ledger import AccountKind
from botflight_service.billing.money import credits
from botflight_service.billing.top_up import Grant, InvalidGrant, by_admin, parse_grant
from makings import ALICE, NOW_MS, PARTNER


def test_a_grant_is_a_user_and_an_amount() -> None:
    """`/credit 11 2.5` gives two and a half credits to user 11."""
    assert parse_grant(" 11  2.5 ") == Grant(ALICE, credits(2.5))


@pytest.mark.parametrize(
    "arguments", ["", "11", "11 5 6", "@alice 5", "-11 5", "0 5", "1e3 5", "9" * 4000 + " 5", "11 0", "11 -5", "11 NaN"]
)
def test_what_is_no_grant_is_refused(arguments: str) -> None:
    """Words missing, no id, no amount above zero: the admin is told what is wrong."""
    with pytest.raises(InvalidGrant):
        parse_grant(arguments)


def test_an_update_gives_once() -> None:
    """The same update handled twice makes the same transfer; the next one makes another."""
    grant = Grant(ALICE, credits(5))

    first, again, next_one = (
        by_admin(partner=PARTNER, grant=grant, update_id=update_id, at_ms=NOW_MS) for update_id in (1, 1, 2)
    )

    assert first == again
    assert next_one.transfer_id != first.transfer_id
    assert first.debit.kind is AccountKind.ADJUSTMENTS
