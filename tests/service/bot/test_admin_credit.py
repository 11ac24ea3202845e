"""An administrator gives credits, and the user learns of it."""

from __future__ import annotations

from botflight_harness.telegram import Person
from botflight_service.billing.money import credits
from shop import Shop

ADMIN_ID = 900_000_001


async def test_an_administrator_credits_a_user_and_both_are_told(shop: Shop, alice: Person) -> None:
    """The money is there, the administrator sees it confirmed, and the user has a message of their own."""
    admin = shop.telegram.user("Ada", user_id=ADMIN_ID)
    await alice.sends("/start")

    await admin.sends(f"/credit {alice.user_id} 50")

    assert await shop.balance(alice) == credits(50)
    assert "50 credits" in alice.last.text
    assert str(alice.user_id) in admin.last.text
    assert "You have received" not in admin.last.text


async def test_the_same_credit_update_twice_gives_once(shop: Shop, alice: Person) -> None:
    """A redelivered command moves no money a second time."""
    admin = shop.telegram.user("Ada", user_id=ADMIN_ID)
    await alice.sends("/start")
    act = admin.send_text(f"/credit {alice.user_id} 50")
    await shop.harness.carry(act.updates)

    await shop.harness.repeat(act.update, times=3)

    assert await shop.balance(alice) == credits(50)


async def test_nobody_else_can_credit(shop: Shop, alice: Person) -> None:
    """For everybody else the command does not exist."""
    await alice.sends(f"/credit {alice.user_id} 50")

    assert await shop.balance(alice) == credits(0)
    assert alice.last.from_bot
