"""A chat that is blocked or deleted before the file comes: it costs its user nothing, and nobody else anything."""

from __future__ import annotations

import pytest

from botflight_harness.telegram import Person, Refusal
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import Attempt, AttemptState
from shop import Shop

BLOCKED = Refusal(403, "Forbidden: bot was blocked by the user")


async def buys(shop: Shop, person: Person, refusal: Refusal) -> Attempt:
    """Confirm a picture whose file Telegram does not take to the chat."""
    await shop.opens_confirmation(person)
    shop.telegram.faults.refuse("sendPhoto", refusal)
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))
    (attempt,) = await shop.history(person)
    return attempt


@pytest.mark.parametrize(
    "refusal",
    [
        BLOCKED,
        Refusal(403, "Forbidden: user is deactivated"),
        Refusal(400, "Bad Request: chat not found"),
    ],
    ids=str,
)
async def test_who_cannot_be_reached_pays_nothing(shop: Shop, alice: Person, refusal: Refusal) -> None:
    """The file was made and charged for, Telegram does not take it: the price is back, once."""
    await shop.gives(alice, 10)

    attempt = await buys(shop, alice, refusal)

    assert (attempt.state, attempt.failure) == (AttemptState.REFUNDED, "chat_gone")
    assert (await shop.balance(alice), await shop.held(alice)) == (credits(10), credits(0))
    assert await shop.storage.violations() == []


async def test_a_free_generation_is_given_back(free_shop: Shop, alice: Person) -> None:
    """It counts for nothing that day."""
    await buys(free_shop, alice, BLOCKED)

    await alice.sends("/generate")

    assert "Free today: 5 of 5" in alice.last.text


async def test_what_was_paid_back_is_not_sent_again(shop: Shop, alice: Person) -> None:
    """Whoever takes the block away sees that the money is back; the file would be for nothing."""
    await shop.gives(alice, 10)
    attempt = await buys(shop, alice, BLOCKED)
    await alice.sends("/history")

    await alice.taps(f"attempt:{attempt.task_id.hex}:0")
    shown = alice.last
    await shop.harness.carry(alice.tap_data(alice.chat_in().visible()[-1], f"send_again:{attempt.task_id.hex}").updates)

    assert "Charged: nothing" in shown.text
    assert not [data for data in shown.callback_data if data.startswith("send_again:")]
    assert [seen.kind for seen in alice.screen if seen.media] == []
    assert "Asking for it has charged nothing" in alice.last.text


async def test_a_user_who_went_away_is_nobodys_lateness(shop: Shop, alice: Person) -> None:
    """No alert hangs on it: the generation counts as neither late nor failed."""
    await shop.gives(alice, 10)

    await buys(shop, alice, BLOCKED)

    counted = [
        shop.telemetry.sample("botflight_generations_total", model="text_to_image", timing=timing)
        for timing in ("in_time", "late", "failed")
    ]
    assert counted == [0, 0, 0]
