"""Credits: what users pay with, counted in whole hundredths and never in floats."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_HUNDREDTHS = 100
_HUNDREDTH = Decimal("0.01")
#: A bound far above any real amount and far below what a 64-bit integer holds, sums included.
MAX_HUNDREDTHS = 10**15


class InvalidAmount(ValueError):
    """The amount cannot be money: not finite, finer than a hundredth, out of range or no number at all."""


@dataclass(frozen=True, slots=True, order=True)
class Credits:
    """An amount of credits. `credits(10)` makes one; arithmetic keeps it exact."""

    hundredths: int

    def __add__(self, other: Credits) -> Credits:
        return Credits(self.hundredths + other.hundredths)

    def __sub__(self, other: Credits) -> Credits:
        return Credits(self.hundredths - other.hundredths)

    def __neg__(self) -> Credits:
        return Credits(-self.hundredths)

    def __bool__(self) -> bool:
        return self.hundredths != 0

    def __str__(self) -> str:
        """Read as people write it: 10, 2.5, 0.05."""
        sign = "-" if self.hundredths < 0 else ""
        whole, rest = divmod(abs(self.hundredths), _HUNDREDTHS)
        return f"{sign}{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else f"{sign}{whole}"


#: What `credits` reads.
Amount = Credits | Decimal | float | str


def credits(amount: Amount) -> Credits:
    """Parse an amount given in credits.

    A float is read by the digits that it prints (0.1 is a tenth).
    Raises InvalidAmount for a bool, NaN, infinity, anything finer than a hundredth or out of range.
    """
    if isinstance(amount, Credits):
        return amount
    if isinstance(amount, bool) or not isinstance(amount, (Decimal, int, float, str)):
        raise InvalidAmount(f"an amount of credits is a number, not {type(amount).__name__}")
    try:
        exact = Decimal(str(amount))
    except InvalidOperation as error:
        raise InvalidAmount("an amount of credits is a number such as 10 or 2.5") from error
    if not exact.is_finite():
        raise InvalidAmount(f"an amount of credits is finite, not {amount}")
    if abs(exact) > MAX_HUNDREDTHS // _HUNDREDTHS:
        raise InvalidAmount(f"an amount of credits is at most {MAX_HUNDREDTHS // _HUNDREDTHS}")
    # Comparing is exact in decimal, multiplying is not: it would round 1.0...01 (30 digits) to an amount that fits.
    rounded = exact.quantize(_HUNDREDTH)
    if rounded != exact:
        raise InvalidAmount(f"an amount of credits has at most two decimals, not {amount}")
    return Credits(int(rounded * _HUNDREDTHS))


def positive(amount: Amount) -> Credits:
    """Parse an amount that is about to move. Raises InvalidAmount for zero and less, and as `credits` does."""
    parsed = credits(amount)
    if parsed.hundredths <= 0:
        raise InvalidAmount(f"an amount that moves is above zero, not {parsed}")
    return parsed
