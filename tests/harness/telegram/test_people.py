import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]


async def test_seeing_waits_for_what_comes_later(call: Call, alice: Person) -> None:
    """A bot may work in the background: its message is seen when it comes."""
    alice.send_text("/start")
    asyncio.get_running_loop().call_soon(lambda: call("sendMessage", chat_id=alice.user_id, text="Your picture"))

    seen = await alice.sees("picture")

    assert seen.text == "Your picture"


async def test_seeing_fails_with_the_chat_and_the_calls(call: Call, alice: Person) -> None:
    """The failure tells the whole story."""
    alice.send_text("/start")
    call("sendMessage", chat_id=alice.user_id, text="Wait")

    with pytest.raises(AssertionError) as caught:
        await alice.sees("picture", button="Save", timeout=0.01)

    told = str(caught.value)
    assert "Alice does not see 'picture' and a button 'Save'" in told
    assert "  Alice: /start\n" in told
    assert "sendMessage(chat_id=" in told


async def test_a_message_is_looked_for_by_its_kind(call: Call, alice: Person) -> None:
    """A die has no words; the newest of its kind is seen, behind what came after it."""
    alice.send_text("/start")
    call("sendDice", chat_id=alice.user_id)
    call("sendMessage", chat_id=alice.user_id, text="Good luck")

    assert (await alice.sees(kind="dice")).text.startswith("🎲")
    with pytest.raises(AssertionError, match="a message of kind 'photo'"):
        await alice.sees(kind="photo", timeout=0.01)


async def test_what_was_deleted_is_not_seen(call: Call, alice: Person) -> None:
    """Only what is on the screen now counts."""
    alice.send_text("/start")
    sent = call("sendMessage", chat_id=alice.user_id, text="Your picture")
    call("deleteMessage", chat_id=alice.user_id, message_id=sent["message_id"])

    with pytest.raises(AssertionError, match="does not see"):
        await alice.sees("picture", timeout=0.01)


async def test_own_messages_are_not_the_bots_answer(alice: Person) -> None:
    """Writing `hello` does not make the bot say it."""
    alice.send_text("hello")

    with pytest.raises(AssertionError, match="does not see"):
        await alice.sees("hello", timeout=0.01)


async def test_without_a_road_updates_wait(alice: Person, bot: BotAccount) -> None:
    """A bot that polls takes them by itself."""
    await alice.sends("hello")

    assert [update.payload["text"] for update in bot.updates] == ["hello"]


def test_a_person_edits_a_message(alice: Person) -> None:
    """The bot gets an edited_message, under the same message_id."""
    sent = alice.send_text("one")

    edited = alice.edit_text(alice.screen[0], "two").update

    assert edited.kind == "edited_message"
    assert edited.payload["message_id"] == sent.update.payload["message_id"]
    assert (edited.payload["text"], "edit_date" in edited.payload) == ("two", True)


def test_only_own_messages_are_edited(call: Call, alice: Person) -> None:
    """Nobody edits what the bot has written."""
    alice.send_text("/start")
    call("sendMessage", chat_id=alice.user_id, text="x")

    with pytest.raises(ImpossibleAct, match="no such message"):
        alice.edit_text(alice.last, "y")


def test_blocking_and_unblocking_are_told_to_the_bot(alice: Person) -> None:
    """As changes of the bot's membership."""
    blocked, unblocked = alice.block().update, alice.unblock().update

    statuses = [
        (update.payload["old_chat_member"]["status"], update.payload["new_chat_member"]["status"])
        for update in (blocked, unblocked)
    ]
    assert statuses == [("member", "kicked"), ("kicked", "member")]
    assert blocked.kind == "my_chat_member"


def test_who_has_blocked_the_bot_cannot_write_to_it(alice: Person) -> None:
    """The client has no input field then."""
    alice.block()

    with pytest.raises(ImpossibleAct, match="unblock"):
        alice.send_text("hello")


def test_an_old_screen_can_still_be_tapped(call: Call, telegram: Telegram, alice: Person) -> None:
    """A client that has not heard of the deletion sends a tap on what is left of the message."""
    alice.send_text("/start")
    sent = call("sendMessage", chat_id=alice.user_id, text="x")
    message = telegram.private_chat(alice, telegram.sole_bot()).messages[sent["message_id"]]
    call("deleteMessage", chat_id=alice.user_id, message_id=sent["message_id"])

    payload = alice.tap_data(message, "go").update.payload

    assert payload["message"] == {"chat": sent["chat"], "message_id": sent["message_id"], "date": 0}


def test_two_bots_need_a_name(telegram: Telegram, bot: BotAccount, alice: Person) -> None:
    """With several bots a person says which one is meant."""
    other = telegram.bot()

    with pytest.raises(LookupError, match="2 bots"):
        alice.send_text("hello")
    alice.send_text("hello", where=other)

    assert (len(bot.updates), len(other.updates)) == (0, 1)


def test_what_is_no_text_can_be_read_too(telegram: Telegram, call: Call, alice: Person) -> None:
    """A person reads the question of a poll, the title of an invoice, and what a die shows."""
    alice.send_text("/start")
    telegram.rolls(6)
    call("sendPoll", chat_id=alice.user_id, question="Tea?", options=["Yes", "No"])
    call("sendDice", chat_id=alice.user_id)
    call("sendVenue", chat_id=alice.user_id, latitude=1, longitude=2, title="Mill", address="Road 1")
    call("sendContact", chat_id=alice.user_id, phone_number="+31", first_name="Mill")
    call("sendLocation", chat_id=alice.user_id, latitude=1, longitude=2)

    seen = [(message.kind, message.text) for message in alice.screen[1:]]

    assert seen == [
        ("poll", "Tea?\n( ) Yes\n( ) No"),
        ("dice", "🎲 6"),
        ("venue", "Mill, Road 1"),
        ("contact", "Mill +31"),
        ("location", "1.0, 2.0"),
    ]
