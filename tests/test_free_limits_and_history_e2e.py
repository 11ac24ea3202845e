"""Free generations are counted by day and user, given back on failure, and all that was made is found again."""

from __future__ import annotations

import pytest

from botflight_harness.telegram import Person
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState, Funding
from shop import Shop


async def confirms(person: Person) -> None:
    """Tap confirm on the screen."""
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))


@pytest.mark.key_assertion("free limits and history, end to end")
async def test_five_free_generations_a_day_and_then_money(free_shop: Shop, alice: Person) -> None:
    """The sixth one of a day is paid for."""
    shop = free_shop
    await shop.gives(alice, 5)

    for _ in range(6):
        await shop.opens_confirmation(alice)
        await confirms(alice)

    history = await shop.history(alice)
    assert [attempt.funding for attempt in history] == [Funding.BALANCE, *[Funding.FREE] * 5]
    assert {attempt.state for attempt in history} == {AttemptState.DELIVERED}
    assert await shop.balance(alice) == credits(0)


async def test_the_confirm_screen_says_which_free_generation_it_is(free_shop: Shop, alice: Person) -> None:
    """`2 of 5`: a person knows what is left before they tap."""
    await free_shop.opens_confirmation(alice)
    await confirms(alice)

    await free_shop.opens_confirmation(alice)

    assert "2 of 5" in alice.last.text or "4 of 5" in alice.last.text


async def test_a_failed_free_generation_is_given_back(free_shop: Shop, alice: Person) -> None:
    """What failed does not count: all five are still there after it."""
    shop = free_shop
    shop.provider.fails("content_refused")
    await shop.opens_confirmation(alice)
    await confirms(alice)

    for _ in range(5):
        await shop.opens_confirmation(alice)
        await confirms(alice)

    fundings = [(attempt.state, attempt.funding) for attempt in await shop.history(alice)]
    assert fundings == [*[(AttemptState.DELIVERED, Funding.FREE)] * 5, (AttemptState.FAILED, Funding.FREE)]


async def test_a_failed_paid_generation_gives_the_money_back(shop: Shop, alice: Person) -> None:
    """The hold is released, and the person is told what happened to the money."""
    await shop.gives(alice, 5)
    shop.provider.fails("content_refused")

    await shop.opens_confirmation(alice)
    await confirms(alice)

    assert await shop.balance(alice) == credits(5)
    assert await shop.held(alice) == credits(0)
    assert list(await shop.storage.violations()) == []


async def test_not_enough_money_leads_to_the_top_up_and_the_menu(shop: Shop, alice: Person) -> None:
    """Nothing is taken and nothing is submitted; both ways on are on the screen."""
    await shop.opens_confirmation(alice)

    if any(data.startswith("confirm_generation:") for data in alice.last.callback_data):
        await confirms(alice)

    assert shop.provider.submits == 0
    assert {"menu", "new_menu"} & set(alice.last.callback_data)
    assert await shop.history(alice) == []


async def test_what_was_made_is_found_in_history_and_sent_again(shop: Shop, alice: Person) -> None:
    """From the history the same file comes once more, without being made or paid again."""
    await shop.gives(alice, 20)
    await shop.opens_confirmation(alice)
    await confirms(alice)
    first = next(seen for seen in alice.screen if seen.kind == "photo")

    await alice.sends("/history")
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("attempt:")))
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("send_again:")))

    photos = [seen for seen in alice.screen if seen.kind == "photo"]
    assert [photo.media for photo in photos] == [first.media, first.media]
    assert shop.provider.submits == 1
    assert await shop.balance(alice) == credits(15)


async def test_a_generation_can_be_repeated_from_history(shop: Shop, alice: Person) -> None:
    """Repeat leads to a new confirm screen with the same answers, and to a second charge only when confirmed."""
    await shop.gives(alice, 20)
    await shop.opens_confirmation(alice)
    await confirms(alice)

    await alice.sends("/history")
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("attempt:")))
    await alice.taps(next(data for data in alice.last.callback_data if data.startswith("repeat:")))
    before = await shop.balance(alice)
    await confirms(alice)

    assert before == credits(15)
    assert await shop.balance(alice) == credits(10)
    one, other = await shop.history(alice)
    assert dict(one.inputs) == dict(other.inputs)
