from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from botflight_service.billing.ledger import TransferKind
from botflight_service.billing.money import Credits, credits
from botflight_service.bot.callback_data import ConfirmGeneration
from botflight_service.generation import request
from botflight_service.generation.attempts import AttemptState, Funding
from guest import NOW_MS, Guest, features_over

DAY_MS = 24 * 60 * 60 * 1000


async def test_the_confirm_screen_says_what_it_takes(guest: Guest) -> None:
    """Answers, price and balance stand on it, and the task is minted from the update that drew it."""
    guest.has(12)

    await guest.reaches_confirm()

    assert "Description: a red fox" in guest.screen.text
    assert "Shape: Square 1:1" in guest.screen.text
    assert "Price: 5 credits\nYou have: 12 credits" in guest.screen.text
    assert guest.screen.keyboard[0][0].data == f"confirm_generation:{request.task_id_of(42, guest.update_id).hex}"


async def test_the_confirm_screen_says_what_is_free(free_guest: Guest) -> None:
    """While free ones are left, they are named instead of a price."""
    await free_guest.reaches_confirm()

    assert "Free today: 2 of 2" in free_guest.screen.text
    assert "Price" not in free_guest.screen.text


async def test_the_confirm_screen_warns_of_an_empty_wallet(guest: Guest) -> None:
    """What is missing is said before the tap."""
    guest.has(3.5)

    await guest.reaches_confirm()

    assert "You have: 3.5 credits\nMissing: 1.5 credits" in guest.screen.text


async def test_a_long_prompt_is_shortened_on_the_confirm_screen(guest: Guest) -> None:
    """The screen stays readable, the attempt keeps every letter."""
    guest.has(10)
    await guest.reaches_confirm("word " * 290)

    shown = guest.screen.text
    await guest.presses("Confirm")

    assert len(shown) < 1000
    assert "…" in shown
    assert guest.reply.attempt
    assert guest.reply.attempt.inputs["prompt"] == ("word " * 290).strip()


async def test_confirm_begins_the_attempt(guest: Guest) -> None:
    """One tap: an attempt, a hold, no draft, and the progress drawn over the confirm message."""
    guest.has(12)
    await guest.reaches_confirm()

    reply = await guest.presses("Confirm")

    assert (reply.action, reply.outcome) == ("confirm_generation", "OK")
    assert reply.attempt
    assert (reply.attempt.state, reply.attempt.screen_message_id) == (AttemptState.CONFIRMED, 77)
    assert [(moved.kind, moved.amount_hundredths) for moved in reply.transfers] == [(TransferKind.HOLD, 500)]
    assert reply.free is None
    assert guest.session.draft is None
    assert "In the queue" in guest.screen.text
    assert guest.screen.in_place


async def test_the_attempt_is_found_by_the_tap(guest: Guest) -> None:
    """The attempt carries the correlation id of the tap on confirm, and what was answered."""
    guest.has(12)
    await guest.reaches_confirm()

    reply = await guest.presses("Confirm")

    assert reply.attempt
    assert reply.attempt.correlation_id == uuid5(UUID(int=0), str(guest.update_id))
    assert reply.attempt.inputs == {"prompt": "a red fox", "shape": "1:1"}


async def test_a_free_generation_takes_no_money(free_guest: Guest) -> None:
    """The deduction counts on the day of the partner's zone, and no transfer is made."""
    await free_guest.reaches_confirm()

    reply = await free_guest.presses("Confirm")

    assert reply.transfers == ()
    assert reply.free
    assert (reply.free.day, reply.free.daily_limit) == ("2026-11-24", 2)
    assert reply.attempt
    assert reply.attempt.funding is Funding.FREE


async def test_the_day_begins_at_midnight_in_the_partners_zone(free_guest: Guest) -> None:
    """At 22:00 UTC it is tomorrow in Moscow."""
    free_guest.now_ms = NOW_MS + 12 * 60 * 60 * 1000
    await free_guest.reaches_confirm()

    reply = await free_guest.presses("Confirm")

    assert reply.free
    assert reply.free.day == "2026-11-25"


async def test_every_further_tap_changes_nothing(guest: Guest) -> None:
    """Twenty taps on one button begin one attempt; the others are told that it is under way."""
    guest.has(100)
    await guest.reaches_confirm()
    button = ConfirmGeneration(guest.task_id)

    replies = [await guest.taps(button) for _ in range(20)]

    assert [reply.attempt is not None for reply in replies] == [True] + [False] * 19
    assert {(reply.toast, reply.screens, reply.transfers, reply.session) for reply in replies[1:]} == {
        ("It is already under way: ordered once, and charged once at the most.", (), (), None)
    }
    assert {reply.outcome for reply in replies[1:]} == {"ALREADY_CONFIRMED"}
    assert guest.shelf.available[guest.user_id] == credits(95)


async def test_a_tap_on_what_is_finished_points_to_the_history(guest: Guest) -> None:
    """Long after, the old button says that it is over."""
    guest.has(10)
    await guest.reaches_confirm()
    button = ConfirmGeneration(guest.task_id)
    attempt = (await guest.taps(button)).attempt
    assert attempt
    guest.settled(attempt, state=AttemptState.DELIVERED)

    reply = await guest.taps(button)

    assert reply.toast
    assert "finished" in reply.toast


async def test_a_button_without_a_draft_has_expired(guest: Guest) -> None:
    """Cancelled and tapped after all: nothing is taken, the menu is drawn."""
    guest.has(10)
    await guest.reaches_confirm()
    button = ConfirmGeneration(guest.task_id)
    await guest.presses("Cancel")

    reply = await guest.taps(button)

    assert (reply.outcome, reply.attempt, reply.transfers) == ("EXPIRED_BUTTON", None, ())
    assert "This button has expired: the tap changed nothing, and nothing was charged." in guest.screen.text
    assert "✨ Generate" in guest.labels


async def test_a_button_of_another_draft_has_expired(guest: Guest) -> None:
    """An old confirm message does not start the new draft: that one is shown instead."""
    guest.has(100)
    await guest.reaches_confirm("a red fox")
    old = ConfirmGeneration(guest.task_id)
    await guest.reaches_confirm("a blue whale")

    reply = await guest.taps(old)

    assert (reply.outcome, reply.attempt) == ("EXPIRED_BUTTON", None)
    assert "a blue whale" in guest.screen.text


async def test_a_changed_answer_makes_the_old_button_expire(guest: Guest) -> None:
    """The confirm screen from before going back showed other answers, so it confirms nothing."""
    guest.has(100)
    await guest.reaches_confirm()
    old = ConfirmGeneration(guest.task_id)
    await guest.presses("Back")
    await guest.presses("Wide")

    reply = await guest.taps(old)

    assert (reply.outcome, reply.attempt) == ("EXPIRED_BUTTON", None)
    assert guest.task_id != old.task_id


async def test_somebody_elses_button_does_nothing(guest: Guest) -> None:
    """Another user's task neither begins nor shows anything."""
    guest.has(10)
    await guest.reaches_confirm()
    button = ConfirmGeneration(guest.task_id)
    await guest.taps(button)
    stranger = Guest(guest.features, guest.shelf, user_id=2002)

    reply = await stranger.taps(button)

    assert (reply.outcome, reply.attempt) == ("EXPIRED_BUTTON", None)


async def test_free_ones_that_are_used_up_meanwhile_are_not_charged_instead(free_guest: Guest) -> None:
    """Promised free and no longer free: nothing is taken, a new screen shows the price."""
    free_guest.has(100)
    await free_guest.reaches_confirm()
    old = ConfirmGeneration(free_guest.task_id)
    free_guest.shelf.free["2026-11-24"] = 2

    reply = await free_guest.taps(old)

    assert (reply.outcome, reply.attempt, reply.transfers, reply.free) == ("OFFER_CHANGED", None, (), None)
    assert "The terms have changed" in free_guest.screen.text
    assert "Price: 5 credits" in free_guest.screen.text
    assert free_guest.task_id != old.task_id


async def test_the_new_offer_can_be_confirmed(free_guest: Guest) -> None:
    """What was offered anew is charged as offered."""
    free_guest.has(100)
    await free_guest.reaches_confirm()
    free_guest.shelf.free["2026-11-24"] = 2
    await free_guest.presses("Confirm")

    reply = await free_guest.presses("Confirm")

    assert reply.attempt
    assert reply.attempt.funding is Funding.BALANCE
    assert [moved.amount_hundredths for moved in reply.transfers] == [500]


async def test_a_new_day_makes_it_free(free_guest: Guest) -> None:
    """Asked for money yesterday, free today: that is offered anew as well."""
    free_guest.has(100)
    free_guest.shelf.free["2026-11-24"] = 2
    await free_guest.reaches_confirm()
    free_guest.now_ms += DAY_MS

    reply = await free_guest.presses("Confirm")

    assert reply.outcome == "OFFER_CHANGED"
    assert "Free today: 2 of 2" in free_guest.screen.text


async def test_a_short_wallet_leads_to_the_top_up(guest: Guest) -> None:
    """Price, balance and what is missing are said; nothing is taken and the order is kept."""
    guest.has(4.99)
    await guest.reaches_confirm()

    reply = await guest.presses("Confirm")

    assert (reply.outcome, reply.attempt, reply.transfers) == ("INSUFFICIENT_FUNDS", None, ())
    assert "Missing: 0.01 credits" in guest.screen.text
    assert f"<code>{guest.user_id}</code>" in guest.screen.text
    assert guest.labels[-2:] == ["↩️ Back to my order", "🏠 Main menu"]
    assert guest.labels[0] == "50 credits · ⭐ 50"


async def test_after_a_top_up_the_order_goes_on(guest: Guest) -> None:
    """Back to the order, confirm, and it begins under the id that was offered first."""
    await guest.reaches_confirm()
    task_id = guest.task_id
    await guest.presses("Confirm")
    guest.has(5)
    await guest.presses("Back to my order")

    reply = await guest.presses("Confirm")

    assert reply.attempt
    assert reply.attempt.task_id == task_id
    assert guest.shelf.available[guest.user_id] == Credits(0)


async def test_a_screen_that_cannot_be_edited_shows_no_progress(guest: Guest) -> None:
    """On a message too old to edit, the attempt goes without a screen of its own."""
    guest.has(10)
    await guest.reaches_confirm()

    reply = await guest.taps(ConfirmGeneration(guest.task_id), editable=False)

    assert reply.attempt
    assert reply.attempt.screen_message_id is None


@pytest.mark.parametrize("price", [4, 6])
async def test_another_price_is_offered_anew(guest: Guest, price: float) -> None:
    """A price that changed since the screen was drawn is never taken without asking."""
    guest.has(100)
    await guest.reaches_confirm()
    draft = guest.session.draft
    assert draft
    assert draft.offer
    guest.session = replace(guest.session, draft=replace(draft, offer=replace(draft.offer, price=credits(price))))

    reply = await guest.presses("Confirm")

    assert (reply.outcome, reply.attempt) == ("OFFER_CHANGED", None)
    assert "Price: 5 credits" in guest.screen.text


async def test_the_top_up_names_its_contact(guest: Guest) -> None:
    """Where somebody helps, they are named, beside the packs."""
    guest.features = features_over(guest.shelf, contact="@helpful_admin")

    await guest.taps("top_up")

    assert "write to @helpful_admin" in guest.screen.text
    assert guest.labels[-1] == "🏠 Main menu"
