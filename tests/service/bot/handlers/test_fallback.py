from __future__ import annotations

import pytest

from botflight_service.session import Draft
from guest import Guest

CONTENTS = [
    "sticker",
    "voice",
    "video",
    "video_note",
    "animation",
    "audio",
    "document",
    "location",
    "contact",
    "poll",
    "dice",
    "story",
    "edited_message",
    "something_new",
]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("what", CONTENTS)
async def test_whatever_comes_is_answered_with_the_menu(guest: Guest, what: str, language: str) -> None:
    """Nothing that a user sends meets silence."""
    guest.language = language

    reply = await guest.sends(what)

    assert (reply.action, reply.outcome) == ("unexpected_input", "UNEXPECTED_INPUT")
    assert len(guest.screen.text.split("\n\n")) >= 3
    assert "menu" not in [button.data for row in guest.screen.keyboard for button in row]
    assert "models" in [button.data for row in guest.screen.keyboard for button in row]


@pytest.mark.parametrize("what", CONTENTS)
async def test_in_the_middle_of_a_draft_the_question_is_asked_again(guest: Guest, what: str) -> None:
    """The draft is kept, the question stands again, and there is a way to the main menu."""
    await guest.taps("model:text_to_image")

    reply = await guest.sends(what)

    assert reply.outcome == "UNEXPECTED_INPUT"
    assert "What should be in the picture?" in guest.screen.text
    assert "🏠 Main menu" in guest.labels
    assert guest.session.draft == Draft(model="text_to_image", step="prompt")


async def test_a_picture_sent_as_a_file_is_told_how_to_come(guest: Guest) -> None:
    """The most likely mistake where a photo is awaited has an answer that helps."""
    await guest.taps("model:upscale")

    await guest.sends("document")

    assert "please send it as a photo" in guest.screen.text
    assert "Which photo shall I enlarge?" in guest.screen.text


async def test_an_edited_message_is_told_of(guest: Guest) -> None:
    """Who edits an answer learns that it changed nothing."""
    await guest.sends("edited_message")

    assert "I do not see changes in sent messages." in guest.screen.text


@pytest.mark.parametrize("data", ["pay:100", "", "model:", "confirm_generation:xyz", "🙂", "a" * 64])
async def test_an_unknown_button_leads_to_the_menu(guest: Guest, data: str) -> None:
    """Callback data that this bot never wrote is answered with the menu."""
    reply = await guest.taps(data)

    assert (reply.action, reply.outcome) == ("unknown_callback", "UNKNOWN_CALLBACK")
    assert reply.toast
    assert "✨ Generate" in guest.labels


async def test_an_unknown_button_keeps_the_draft(guest: Guest) -> None:
    """In the middle of a draft, the question is asked again instead."""
    await guest.taps("model:upscale")

    await guest.taps("pay:100")

    assert guest.session.draft
    assert "Which photo shall I enlarge?" in guest.screen.text


@pytest.mark.parametrize("line", ["/stats", "/Start_", "/creditt 1 2", "/"])
async def test_an_unknown_command_leads_to_the_menu(guest: Guest, line: str) -> None:
    """A command that there is not is said not to be."""
    reply = await guest.features.on_command(guest._visit(text=line), line[1:].split(" ", maxsplit=1)[0], ())

    assert reply.outcome == "UNKNOWN_COMMAND"
    assert "I do not know this command." in reply.screens[0].text


async def test_an_unknown_command_keeps_the_draft(guest: Guest) -> None:
    """A typo in the middle of a draft loses nothing, and the command is no answer."""
    await guest.taps("model:text_to_image")

    await guest.commands("/strat")

    assert guest.session.draft == Draft(model="text_to_image", step="prompt")


async def test_text_in_the_menu_is_told_where_to_begin(guest: Guest) -> None:
    """Who writes a prompt without having chosen a model learns what to tap."""
    reply = await guest.writes("a red fox")

    assert reply.outcome == "UNEXPECTED_INPUT"
    assert "tap <b>✨ Generate</b> first" in guest.screen.text
    assert "✨ Generate" in guest.labels


async def test_a_photo_in_the_menu_is_told_where_to_begin(guest: Guest) -> None:
    """The same for a photo."""
    reply = await guest.shows()

    assert reply.outcome == "UNEXPECTED_INPUT"
    assert "✨ Generate" in guest.labels


async def test_a_group_is_pointed_to_the_private_chat(guest: Guest) -> None:
    """One line with the bot's name, no buttons, and no session is touched."""
    guest.private = False

    replies = [
        await guest.commands("/start"),
        await guest.writes("@botflight_bot draw"),
        await guest.shows(),
        await guest.sends("sticker"),
    ]

    for reply in replies:
        assert (reply.action, reply.outcome, reply.session) == ("group_pointer", "NOT_PRIVATE", None)
        assert [(screen.text, screen.keyboard) for screen in reply.screens] == [
            ("I work in private chats only: @botflight_bot", ())
        ]


async def test_a_tap_in_a_group_is_answered_over_the_chat(guest: Guest) -> None:
    """A button that found its way into a group does nothing there."""
    guest.private = False

    reply = await guest.taps("balance")

    assert reply.screens == ()
    assert reply.toast == "I work in private chats only: @botflight_bot"


async def test_an_admin_command_in_a_group_gives_nothing(admin: Guest) -> None:
    """Money is not handed out in public."""
    admin.private = False

    reply = await admin.commands("/credit 1001 5")

    assert (reply.outcome, reply.transfers) == ("NOT_PRIVATE", ())
