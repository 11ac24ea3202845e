"""Ephemeral messages: between a bot and one member of a group."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Group, ImpossibleAct, Person, Telegram, Upload

Call = Callable[..., Any]
Words = Callable[..., str]

BUTTON = {"inline_keyboard": [[{"text": "Mine?", "callback_data": "mine"}]]}


@pytest.fixture
def group(telegram: Telegram, alice: Person, bob: Person, bot: BotAccount) -> Group:
    """A group that the bot runs."""
    group = telegram.group("Friends", alice, bob)
    group.promote(bot)
    return group


@pytest.fixture
def whisper(call: Call, alice: Person, group: Group) -> dict[str, Any]:
    """What the bot says to alice alone, as far as edits name it."""
    sent = call("sendMessage", **to(alice, group), text="psst", reply_markup=BUTTON)
    where = {"chat_id": group.chat_id, "receiver_user_id": alice.user_id}
    return {**where, "ephemeral_message_id": sent["ephemeral_message_id"]}


def to(person: Person, group: Group, **more: Any) -> dict[str, Any]:
    return {"chat_id": group.chat_id, "ephemeral_message_parameters": {"receiver_user_id": person.user_id, **more}}


def test_one_member_sees_it(call: Call, alice: Person, bob: Person, group: Group) -> None:
    """It has no message_id, and the others see nothing."""
    call("sendMessage", chat_id=group.chat_id, text="to all")

    sent = call("sendMessage", **to(alice, group), text="to one")

    assert (sent["message_id"], sent["receiver_user"]) == (0, alice.as_json())
    assert [seen.text for seen in alice.screen_in(group)] == ["to all", "to one"]
    assert [seen.text for seen in bob.screen_in(group)] == ["to all"]


def test_it_stands_where_it_was_said(call: Call, alice: Person, group: Group) -> None:
    """Between what was written before and after."""
    for text in ("first", "third"):
        call("sendMessage", chat_id=group.chat_id, text=text)
        if text == "first":
            call("sendMessage", **to(alice, group), text="second")

    assert [seen.text for seen in alice.screen_in(group)] == ["first", "second", "third"]


def test_a_tap_is_answered_by_a_bot_that_runs_nothing(
    call: Call, alice: Person, bob: Person, bot: BotAccount, group: Group
) -> None:
    """In the place of the message that was tapped, for who tapped it."""
    group.add(bot)
    call("sendMessage", chat_id=group.chat_id, text="Who?", reply_markup=BUTTON)
    query_id = alice.tap("Mine?", where=group).update.payload["id"]

    call(
        "sendMessage",
        **to(alice, group, callback_query_id=query_id, replace_callback_query_message=True),
        text="You!",
    )

    assert [seen.text for seen in alice.screen_in(group)] == ["You!"]
    assert [seen.text for seen in bob.screen_in(group)] == ["Who?"]


def test_a_tap_is_answered_within_fifteen_seconds(
    telegram: Telegram, call: Call, not_modelled: Words, alice: Person, bot: BotAccount, group: Group
) -> None:
    """Otherwise the bot has to run the group."""
    call("sendMessage", chat_id=group.chat_id, text="Who?", reply_markup=BUTTON)
    query_id = alice.tap("Mine?", where=group).update.payload["id"]
    telegram.clock.move(seconds=16)
    group.add(bot)

    assert "15 seconds" in not_modelled("sendMessage", **to(alice, group, callback_query_id=query_id), text="You!")
    assert "answers nothing" in not_modelled("sendMessage", **to(alice, group), text="You!")


def test_a_command_reaches_the_bot_alone(call: Call, alice: Person, bob: Person, bot: BotAccount, group: Group) -> None:
    """Once the bot has declared it, and the bot answers it likewise."""
    group.add(bot)
    call("setMyCommands", commands=[{"command": "cards", "description": "x", "is_ephemeral": True}])

    told = alice.send_ephemeral("/cards", where=group).update.payload
    call(
        "sendMessage",
        **to(alice, group),
        text="Ace, king",
        reply_parameters={"ephemeral_message_id": told["ephemeral_message_id"]},
    )

    assert (told["message_id"], told["receiver_user"]["id"]) == (0, bot.user_id)
    assert [seen.text for seen in alice.screen_in(group)] == ["/cards", "Ace, king"]
    assert bob.screen_in(group) == []
    assert call("getMyCommands")[0]["is_ephemeral"] is True
    with pytest.raises(ImpossibleAct, match="no ephemeral command"):
        alice.send_ephemeral("/other", where=group)


def test_it_is_edited(call: Call, alice: Person, group: Group, whisper: dict[str, Any]) -> None:
    """Its text and its buttons, which go when they are left out."""
    assert call("editEphemeralMessageText", **whisper, text="<b>hey</b>", parse_mode="HTML") is True
    edited = alice.screen_in(group)[-1]
    assert (edited.text, edited.edited, edited.buttons) == ("hey", True, ())

    call("editEphemeralMessageReplyMarkup", **whisper, reply_markup=BUTTON)
    assert alice.screen_in(group)[-1].buttons == ("Mine?",)


def test_its_button_names_it(alice: Person, group: Group, whisper: dict[str, Any]) -> None:
    """By its ephemeral_message_id, so that the bot can edit it."""
    message = alice.tap("Mine?", where=group).update.payload["message"]

    assert message["ephemeral_message_id"] == whisper["ephemeral_message_id"]


def test_its_medium_and_caption_are_edited(
    telegram: Telegram, call: Call, refusal: Words, png: bytes, alice: Person, group: Group
) -> None:
    """With files that Telegram has; new ones cannot be uploaded there."""
    alice.send_file("photo", png, file_name="a.png", where=telegram.sole_bot())
    alice.send_file("document", png, file_name="b.png", where=telegram.sole_bot())
    photo, document = (message.content for message in alice.chat_in().visible())
    sent = call("sendPhoto", **to(alice, group), photo=photo["photo"][-1]["file_id"], caption="one")
    where = {"chat_id": group.chat_id, "receiver_user_id": alice.user_id}
    where["ephemeral_message_id"] = sent["ephemeral_message_id"]

    call("editEphemeralMessageCaption", **where, caption="two")
    two = alice.screen_in(group)[-1]
    media = {"type": "document", "media": document["document"]["file_id"], "caption": "three"}
    call("editEphemeralMessageMedia", **where, media=media)
    three = alice.screen_in(group)[-1]

    assert [(two.kind, two.text), (three.kind, three.text)] == [("photo", "two"), ("document", "three")]
    upload = {"type": "photo", "media": "attach://a"}
    refused = refusal("editEphemeralMessageMedia", {"a": Upload("a.png", png)}, **where, media=upload)
    assert refused == "400 Bad Request: file upload isn't allowed"


def test_it_is_deleted(call: Call, alice: Person, group: Group, whisper: dict[str, Any]) -> None:
    """And gone from the screen."""
    call("deleteEphemeralMessage", **whisper)

    assert alice.screen_in(group) == []


@pytest.mark.parametrize("method", ["editEphemeralMessageReplyMarkup", "deleteEphemeralMessage"])
def test_what_is_not_there_fails_the_test(
    not_modelled: Words, bob: Person, whisper: dict[str, Any], method: str
) -> None:
    """In which words Telegram refuses it is not known."""
    assert "of somebody else" in not_modelled(method, **{**whisper, "receiver_user_id": bob.user_id})


def test_there_are_none_in_private_chats(not_modelled: Words, alice: Person) -> None:
    """They are for groups."""
    alice.send_text("/start")
    receiver = {"receiver_user_id": alice.user_id}

    refused = not_modelled("sendMessage", chat_id=alice.user_id, text="x", ephemeral_message_parameters=receiver)

    assert "no person in the group" in refused
