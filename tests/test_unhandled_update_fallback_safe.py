"""Whatever a person sends, there is an answer, a way to the main menu and a log line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from botflight_harness.telegram import Person
from shop import Shop

#: A way to the main menu, or the main menu itself.
MENU = {"menu", "new_menu", "models"}

Surprise = Callable[[Person], Awaitable[object]]

SURPRISES: dict[str, Surprise] = {
    "a sticker": lambda person: person.sends_sticker(),
    "a voice note": lambda person: person.sends_voice(b"voice"),
    "a document": lambda person: person.sends_document(b"file"),
    "a location": lambda person: _content(person, {"location": {"latitude": 1.0, "longitude": 2.0}}),
    "a contact": lambda person: _content(person, {"contact": {"phone_number": "1", "first_name": "Bob"}}),
    "an unknown command": lambda person: person.sends("/nonsense"),
    "a text that nobody asked for": lambda person: person.sends("hello there"),
}


async def _content(person: Person, content: dict[str, object]) -> None:
    bot = person._telegram.sole_bot()
    assert bot.road is not None
    await bot.road.carry(person.send_content(content).updates)


@pytest.mark.key_assertion("whatever is sent is answered with a way to the menu")
@pytest.mark.parametrize("surprise", SURPRISES.values(), ids=SURPRISES.keys())
async def test_unhandled_update_fallback_non_text_shows_menu(shop: Shop, alice: Person, surprise: Surprise) -> None:
    """While a text is awaited, anything else gets an answer that has the main menu in it, and a line in the log."""
    await alice.sends("/start")
    await alice.taps("models")
    await alice.taps("model:text_to_image")
    if surprise is SURPRISES["a text that nobody asked for"]:
        await alice.sends("/menu")

    await surprise(alice)

    assert MENU & set(alice.last.callback_data)
    assert alice.last.from_bot
    assert shop.updates()[-1]["outcome"] != "FAILED"


async def test_a_sticker_keeps_the_question_that_was_asked(shop: Shop, alice: Person) -> None:
    """The draft survives: the answer to the question still leads on."""
    await shop.gives(alice, 100)
    await alice.sends("/start")
    await alice.taps("models")
    await alice.taps("model:text_to_image")

    await alice.sends_sticker()
    await alice.sends("a red fox")

    assert "answer:text_to_image:shape:1:1" in alice.last.callback_data


async def test_an_unknown_button_leads_to_the_menu(shop: Shop, alice: Person) -> None:
    """A button that this bot never made is answered, and logged by a name that says so."""
    await alice.sends("/start")
    message = shop.telegram.private_chat(alice, shop.harness.bot).visible()[-1]

    await shop.harness.carry(alice.tap_data(message, "made_up:1").updates)

    assert MENU & set(alice.last.callback_data)
    assert shop.updates()[-1]["outcome"] == "UNKNOWN_CALLBACK"


@pytest.mark.usefixtures("shop")
async def test_an_edited_message_is_answered(alice: Person) -> None:
    """An edit changes nothing, and the person is told so."""
    await alice.sends("/start")
    message = await alice.sends("hello")
    answers = len([seen for seen in alice.screen if seen.from_bot])

    await alice.edits(message, "hello again")

    assert len([seen for seen in alice.screen if seen.from_bot]) > answers
    assert MENU & set(alice.last.callback_data)


async def test_a_command_in_a_group_points_to_the_private_chat(shop: Shop, alice: Person) -> None:
    """In a group the bot says one line, and keeps out of what it was not asked."""
    group = shop.telegram.group("Friends", alice, shop.harness.bot)

    await alice.sends("/start", where=group)
    await alice.sends("what a day", where=group)

    answers = [seen for seen in alice.screen_in(group) if seen.from_bot]
    assert len(answers) == 1
    assert shop.harness.bot.username in answers[0].text
