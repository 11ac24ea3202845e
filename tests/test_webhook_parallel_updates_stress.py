"""Many people at once, with repeats and updates out of order: nothing is charged twice, lost or left unanswered."""

from __future__ import annotations

import asyncio
import random

import pytest

from botflight_harness.telegram import Person, Update
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from shop import PARTNER, Shop

PEOPLE = 200


async def to_the_confirm_screen(shop: Shop, people: list[Person]) -> None:
    """Bring everybody to the confirm screen, side by side."""
    await asyncio.gather(*(shop.gives(person, 100) for person in people))
    await asyncio.gather(*(shop.opens_confirmation(person) for person in people))


def confirm_taps(person: Person, times: int) -> list[Update]:
    """So many taps on the confirm button that the person sees."""
    button = next(data for data in person.last.callback_data if data.startswith("confirm_generation:"))
    return [person.tap(button).update for _ in range(times)]


@pytest.mark.key_assertion("parallel webhooks: each is charged once")
async def test_two_hundred_people_buy_at_once_and_each_is_charged_once(shop: Shop) -> None:
    """Everybody taps confirm three times; the taps arrive shuffled, together, and each once more."""
    people = [shop.telegram.user(f"Person {number}") for number in range(PEOPLE)]
    await to_the_confirm_screen(shop, people)
    taps = [update for person in people for update in confirm_taps(person, times=3)]
    random.Random(7).shuffle(taps)

    await shop.harness.together(taps)
    await asyncio.gather(*(shop.harness.repeat(update) for update in taps[:100]))

    assert shop.provider.submits == PEOPLE
    balances = await asyncio.gather(*(shop.balance(person) for person in people))
    assert set(balances) == {credits(95)}
    histories = await asyncio.gather(*(shop.history(person) for person in people))
    assert [[attempt.state for attempt in history] for history in histories] == [[AttemptState.DELIVERED]] * PEOPLE
    assert list(await shop.storage.violations()) == []


async def test_under_load_every_update_is_done_and_ends_ok(shop: Shop) -> None:
    """No update is left undone, and none ended with anything but OK."""
    people = [shop.telegram.user(f"Person {number}") for number in range(PEOPLE)]
    starts = [person.send_text("/start").update for person in people]
    random.Random(11).shuffle(starts)

    await shop.harness.together(starts)

    assert list(await shop.storage.undone(PARTNER)) == []
    assert {line["outcome"] for line in shop.updates()} == {"OK"}
    assert len(shop.updates()) == PEOPLE
    assert all(person.last.from_bot for person in people)
