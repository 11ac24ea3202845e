from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botflight_service.billing.money import MAX_HUNDREDTHS, Credits, InvalidAmount, credits, positive

AMOUNTS = st.integers(min_value=-MAX_HUNDREDTHS, max_value=MAX_HUNDREDTHS)


@given(AMOUNTS)
def test_what_is_printed_reads_back(hundredths: int) -> None:
    """An amount printed as people write it is read back as the same amount."""
    amount = Credits(hundredths)

    assert credits(str(amount)) == amount


@given(AMOUNTS, AMOUNTS)
def test_arithmetic_is_exact(one: int, other: int) -> None:
    """Adding and taking away again leaves the very amount."""
    assert Credits(one) + Credits(other) - Credits(other) == Credits(one)


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_a_float_is_read_by_its_digits(hundredths: int) -> None:
    """A float of two decimals is the amount that it prints, not the binary fraction behind it."""
    assert credits(hundredths / 100) == Credits(hundredths)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_amount_is_rounded(amount: Decimal) -> None:
    """Whatever is accepted is exactly what was given; everything else is refused."""
    try:
        parsed = credits(amount)
    except InvalidAmount:
        return

    assert Decimal(parsed.hundredths) == amount.scaleb(2)


@pytest.mark.parametrize(
    "amount",
    [
        "1.00000000000000000000000000000001",
        "0.001",
        0.1 + 0.2,
        Decimal("1e-999999"),
        "1e999999",
        10**14,
        float("nan"),
        float("inf"),
        "-Infinity",
        "sNaN",
        "ten",
        "",
        True,
        None,
        [1],
    ],
    ids=repr,
)
def test_what_is_no_amount_is_refused(amount: object) -> None:
    """Finer than a hundredth, out of range, not finite, a bool or no number at all: none of it is money."""
    with pytest.raises(InvalidAmount):
        credits(amount)  # type: ignore[arg-type]  # what the types forbid, callers may still do


@pytest.mark.parametrize("amount", [0, -1, "-0.01", 0.0, Credits(0), Credits(-1)], ids=repr)
def test_what_moves_is_above_zero(amount: float) -> None:
    """Nothing and less than nothing cannot move."""
    with pytest.raises(InvalidAmount, match="above zero"):
        positive(amount)


@pytest.mark.parametrize(("hundredths", "text"), [(1000, "10"), (250, "2.5"), (5, "0.05"), (-5, "-0.05"), (0, "0")])
def test_amounts_read_as_people_write_them(hundredths: int, text: str) -> None:
    """No trailing zeros, no exponent."""
    assert str(Credits(hundredths)) == text
