"""Whoever pays, pays once, and only what is an amount."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from botflight_service.billing.money import InvalidAmount, credits
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Balance, Storage
from makings import ALICE, NOW_MS, PARTNER, task


@pytest.fixture
async def wallet_of_ten(store_url: str) -> AsyncIterator[Storage]:
    """A store in which Alice has ten credits."""
    storage = open_storage(store_url, clock=lambda: NOW_MS)
    await storage.open()
    await storage.credit_balance_once(PARTNER, ALICE, 10, "a payment")
    yield storage
    await storage.close()


@pytest.mark.key_assertion("a charge that is repeated is one charge")
async def test_charge_balance_once_charges_once(wallet_of_ten: Storage) -> None:
    """A charge that is asked for again takes nothing more, and says so."""
    outcomes = [await wallet_of_ten.charge_balance_once(PARTNER, ALICE, 4, task()) for _ in range(3)]

    assert outcomes == [True, False, False]
    assert await wallet_of_ten.balance(PARTNER, ALICE) == Balance(credits(6), credits(0))


@pytest.mark.parametrize("amount", [0, -1, -0.01, "-5", 0.0], ids=repr)
async def test_charge_balance_once_rejects_non_positive_amount(wallet_of_ten: Storage, amount: float) -> None:
    """Charging nothing, or less than nothing, is refused and changes nothing."""
    with pytest.raises(InvalidAmount, match="above zero"):
        await wallet_of_ten.charge_balance_once(PARTNER, ALICE, amount, task())

    assert await wallet_of_ten.balance(PARTNER, ALICE) == Balance(credits(10), credits(0))


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), float("-inf"), "NaN", "1e400"], ids=repr)
async def test_charge_balance_once_rejects_non_finite_amount(wallet_of_ten: Storage, amount: float) -> None:
    """NaN and infinity are no amounts: nothing is charged, and the sums stay what they were."""
    with pytest.raises(InvalidAmount):
        await wallet_of_ten.charge_balance_once(PARTNER, ALICE, amount, task())

    assert await wallet_of_ten.balance(PARTNER, ALICE) == Balance(credits(10), credits(0))
    assert await wallet_of_ten.violations() == []
