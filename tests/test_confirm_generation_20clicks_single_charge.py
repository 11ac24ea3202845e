"""However often confirm is tapped, the money moves once."""

from __future__ import annotations

import pytest

from botflight_harness.telegram import Person
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from shop import Shop

CONFIRM = "Confirm"


def confirm_button(person: Person) -> str:
    """The callback data of the confirm button on the screen."""
    return next(data for data in person.last.callback_data if data.startswith("confirm_generation:"))


@pytest.mark.key_assertion("twenty taps: one submit, one charge, one history row")
@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "all at once"])
async def test_twenty_taps_on_confirm_charge_once(shop: Shop, alice: Person, together: bool) -> None:  # noqa: FBT001
    """Twenty taps are twenty updates, and one submit, one charge, one file and one history row come of them."""
    await shop.gives(alice, 100)
    await shop.opens_confirmation(alice)

    await alice.taps(confirm_button(alice), times=20, together=together)

    assert shop.provider.submits == 1
    assert await shop.balance(alice) == credits(95)
    assert await shop.held(alice) == credits(0)
    assert [attempt.state for attempt in await shop.history(alice)] == [AttemptState.DELIVERED]
    assert [seen.kind for seen in alice.screen].count("photo") == 1


async def test_every_one_of_the_twenty_taps_is_answered(shop: Shop, alice: Person) -> None:
    """No button keeps spinning: each tap has its answer, and each update its line; none of them failed."""
    await shop.gives(alice, 100)
    await shop.opens_confirmation(alice)
    answered_before = len([call for call in shop.telegram.calls if call.method == "answerCallbackQuery"])

    await alice.taps(confirm_button(alice), times=20, together=True)

    answers = [call for call in shop.telegram.calls if call.method == "answerCallbackQuery"]
    assert len(answers) - answered_before == 20
    lines = shop.updates()[-20:]
    assert sorted(line["outcome"] for line in lines) == ["ALREADY_CONFIRMED"] * 19 + ["OK"]
    assert not any("error.type" in line for line in lines)


async def test_the_same_confirm_update_twenty_times_is_one(shop: Shop, alice: Person) -> None:
    """A redelivered update is acknowledged and goes no further."""
    await shop.gives(alice, 100)
    await shop.opens_confirmation(alice)
    act = alice.tap(confirm_button(alice))
    await shop.harness.carry(act.updates)

    outcomes = await shop.harness.repeat(act.update, times=20)

    assert all(outcome.accepted for outcome in outcomes)
    assert shop.provider.submits == 1
    assert await shop.balance(alice) == credits(95)
    assert len(shop.telemetry.events("UPDATE_REPEATED")) == 20
