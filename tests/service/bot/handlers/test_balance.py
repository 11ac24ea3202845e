from __future__ import annotations

from botflight_service.billing.money import credits
from guest import Guest


async def test_the_balance_shows_what_is_there(guest: Guest) -> None:
    """Available credits alone, where nothing is held and nothing free."""
    guest.has(2.5)

    await guest.commands("/balance")

    assert guest.screen.text == "<b>Balance</b>\n\nAvailable: 2.5 credits"


async def test_the_balance_shows_what_is_held(guest: Guest) -> None:
    """What is set aside for attempts under way is named apart."""
    guest.has(2.5)
    guest.shelf.held[guest.user_id] = credits(5)

    await guest.commands("/balance")

    assert "Held for what is being made: 5 credits" in guest.screen.text


async def test_the_balance_shows_what_is_free_today(free_guest: Guest) -> None:
    """Free generations count down through the day, and never below zero."""
    free_guest.shelf.free["2026-11-24"] = 1
    await free_guest.commands("/balance")
    one_left = free_guest.screen.text
    free_guest.shelf.free["2026-11-24"] = 7

    await free_guest.commands("/balance")

    assert "Free today: 1 of 2" in one_left
    assert "Free today: 0 of 2" in free_guest.screen.text


async def test_the_balance_leads_to_the_top_up(guest: Guest) -> None:
    """The screen has the ways to top up, to the history and to the menu."""
    await guest.taps("balance")

    assert guest.labels == ["➕ Top up", "🗂 History", "🏠 Main menu"]


async def test_the_balance_leaves_the_session_as_it_is(guest: Guest) -> None:
    """A look changes nothing."""
    reply = await guest.commands("/balance")

    assert reply.session is None


async def test_the_top_up_shows_ones_number(guest: Guest) -> None:
    """The administrator needs the user's id; it is shown to be copied."""
    guest.language = "ru"
    guest.has(21)

    await guest.taps("top_up")

    assert f"<code>{guest.user_id}</code>" in guest.screen.text
    assert "На балансе: 21 кредит" in guest.screen.text
    assert guest.labels == [
        "50 кредитов · ⭐ 50",
        "275 кредитов · ⭐ 250",
        "1200 кредитов · ⭐ 1000",
        "🏠 Главное меню",
    ]
