from __future__ import annotations

import pytest

from guest import Guest


async def test_start_greets_and_shows_the_menu(guest: Guest) -> None:
    """The first thing that a user sees is a greeting with everything that the bot can do."""
    reply = await guest.commands("/start")

    assert (reply.action, reply.outcome) == ("main_render", "OK")
    assert "Hello!" in guest.screen.text
    assert "✨ Generate" in guest.labels


async def test_the_menu_speaks_the_users_language(guest: Guest) -> None:
    """Who reads Russian is greeted in Russian."""
    guest.language = "ru"

    await guest.commands("/start")

    assert "Привет!" in guest.screen.text


async def test_the_menu_is_drawn_over_the_tapped_message(guest: Guest) -> None:
    """One message is edited in place, instead of a new one for each tap."""
    reply = await guest.taps("menu")

    assert guest.screen.in_place
    assert reply.action == "main_render"


async def test_the_menu_under_a_result_comes_as_a_new_message(guest: Guest) -> None:
    """Progress and results stay where they are."""
    await guest.taps("new_menu")

    assert not guest.screen.in_place


async def test_a_draft_ends_in_the_menu(guest: Guest) -> None:
    """What is written in the menu answers no question that stood before."""
    await guest.taps("model:text_to_image")

    await guest.commands("/menu")

    assert guest.session.draft is None


async def test_the_menu_writes_the_session(guest: Guest) -> None:
    """The session carries the update that wrote it, and when: older ones never override it."""
    reply = await guest.commands("/start")

    assert reply.session
    assert (reply.session.update_id, reply.session.written_at_ms) == (guest.update_id, guest.now_ms)


async def test_cancel_gives_the_draft_up(guest: Guest) -> None:
    """Cancel leads to the menu, says so, and nothing of the draft is left."""
    await guest.taps("model:text_to_image")

    reply = await guest.presses("Cancel")

    assert reply.action == "cancel_draft"
    assert guest.session.draft is None
    assert "Cancelled. Nothing was charged." in guest.screen.text


async def test_cancelling_twice_just_shows_the_menu(guest: Guest) -> None:
    """A second tap on cancel has nothing to cancel, and says nothing of it."""
    reply = await guest.taps("cancel")

    assert reply.outcome == "OK"
    assert "Cancelled" not in guest.screen.text


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("/menu", "main_render"),
        ("/generate", "list_models"),
        ("/balance", "show_balance"),
        ("/history", "show_history"),
        ("/language", "show_languages"),
        ("/help", "show_help"),
        ("/cancel", "cancel_draft"),
        ("/start ref-123", "main_render"),
    ],
)
async def test_every_command_has_its_feature(guest: Guest, line: str, action: str) -> None:
    """Commands lead where the buttons lead."""
    reply = await guest.commands(line)

    assert (reply.action, reply.outcome) == (action, "OK")


async def test_every_button_of_the_menu_leads_somewhere_and_back(guest: Guest) -> None:
    """From each screen behind the menu there is a way to the main menu."""
    await guest.commands("/menu")
    menu = guest.screen.keyboard

    for row in menu:
        for button in row:
            reply = await guest.taps(button.data)

            assert reply.outcome == "OK"
            assert "🏠 Main menu" in guest.labels


async def test_help_tells_how_many_are_free(free_guest: Guest, guest: Guest) -> None:
    """The page names the day's free generations, and leaves them out where there are none."""
    await free_guest.commands("/help")
    await guest.commands("/help")

    assert "There are 2 free generations a day." in free_guest.screen.text
    assert "free" not in guest.screen.text
