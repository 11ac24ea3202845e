"""The benchmark of the stores says what holds by what was measured, and runs on real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bench.stores import CLIENTS, Shop, claims, shop

from botflight_service.billing.money import credits
from botflight_service.storage import open_storage
from makings import NOW_MS, PARTNER


def measured(name: str, users: int, rates: dict[int, list[float]]) -> Shop:
    """A shop whose turns are over."""
    return Shop(name, users, open_storage("sqlite::memory:", clock=lambda: NOW_MS), rates=rates)


@pytest.mark.parametrize(("rate", "holds"), [(1_000, True), (700, True), (600, False)])
def test_a_cost_that_grows_with_the_users_is_told(rate: float, holds: bool) -> None:  # noqa: FBT001 - what is expected
    """More than one and a half times the cost of an empty store is too much, round by round."""
    shops = [
        measured("json", 0, {CLIENTS: [1_000.0, 100.0, 1_000.0]}),
        measured("json", 100, {CLIENTS: [rate, rate / 10, rate]}),
    ]

    assert [held for _, held in claims(shops, None).values()] == [holds]


def test_waiting_together_must_pay() -> None:
    """Sixty-four clients of the embedded store have four times the rate of one, at the least."""
    slow = measured("sqlite", 0, {CLIENTS: [399.0], 1: [100.0]})
    fast = measured("sqlite", 0, {CLIENTS: [400.0], 1: [100.0]})

    assert claims([slow], None) == {"sqlite: 64 clients to one": (3.99, False)}
    assert claims([fast], None) == {"sqlite: 64 clients to one": (4.0, True)}


@pytest.mark.parametrize("url", ["sqlite://{}/store.db", "json://{}/store"])
async def test_a_turn_holds_money_for_every_purchase(url: str, tmp_path: Path) -> None:
    """What is counted as purchases are holds, in a store that stays sound among other users."""
    async with shop("one", url.format(tmp_path), users=10) as one:
        await one.turn(clients=4, purchases=8)

        assert (await one.storage.balance(PARTNER, 1)).held == credits(2)
        assert await one.storage.violations() == []
    assert len(one.rates[4]) == 1
