from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]


@pytest.fixture
def show(call: Call, alice: Person, bot: BotAccount) -> Callable[..., None]:
    """Put a keyboard of these buttons below alice's chat."""
    alice.send_text("/start", where=bot)

    def show(*buttons: dict[str, Any], **more: Any) -> None:
        call("sendMessage", chat_id=alice.user_id, text="Choose", reply_markup={"keyboard": [list(buttons)], **more})

    return show


def content_of(person: Person, bot: BotAccount) -> dict[str, Any]:
    """What the newest message of the chat holds."""
    return person.chat_in(bot).visible()[-1].content


def test_a_button_that_asks_for_a_number_or_a_place_shares_it(
    show: Callable[..., None], alice: Person, bot: BotAccount
) -> None:
    """Its label is not written, as on a telephone."""
    show({"text": "My number", "request_contact": True}, {"text": "I am here", "request_location": True})
    alice.location = (59.93, 30.36)

    alice.tap("My number")
    contact = content_of(alice, bot)["contact"]
    update = alice.tap("I am here").update

    assert (contact["first_name"], contact["user_id"]) == ("Alice", alice.user_id)
    assert update.payload["location"] == {"latitude": 59.93, "longitude": 30.36}
    assert "text" not in update.payload


def test_a_plain_button_writes_its_label(show: Callable[..., None], alice: Person) -> None:
    """A command on it is a command; a keyboard for one time goes away."""
    show({"text": "/help"}, one_time_keyboard=True)

    update = alice.tap("/help").update

    assert update.payload["entities"] == [{"type": "bot_command", "offset": 0, "length": 5}]
    with pytest.raises(ImpossibleAct, match="sees no button"):
        alice.tap("/help")


@pytest.mark.parametrize(
    ("name", "opens"),
    [
        ("request_users", {"request_id": 1}),
        ("request_chat", {"request_id": 1, "chat_is_channel": False}),
        ("request_poll", {}),
        ("web_app", {"url": "https://example.com/"}),
    ],
)
def test_a_press_that_opens_a_choice_tells_the_bot_nothing(
    show: Callable[..., None], alice: Person, name: str, opens: dict[str, object]
) -> None:
    """Somebody has to choose or go on first."""
    show({"text": "Choose", name: opens})

    with pytest.raises(ImpossibleAct, match=name):
        alice.tap("Choose")


def test_a_person_deletes_what_they_may(
    call: Call, refusal: Callable[..., str], telegram: Telegram, alice: Person, bob: Person, bot: BotAccount
) -> None:
    """Anything in a private chat, one's own elsewhere; the bot is not told, and finds nothing to edit."""
    alice.send_text("/start", where=bot)
    sent = call("sendMessage", chat_id=alice.user_id, text="Welcome")
    group = telegram.group("Tea", alice, bob, bot)
    theirs = alice.send_text("hello", where=group).message
    told = len(bot.updates)

    alice.delete()
    with pytest.raises(ImpossibleAct, match="Bob may not delete"):
        bob.delete(theirs, where=group)
    alice.delete(theirs, where=group)

    assert [message.text for message in alice.screen_in(bot)] == ["/start"]
    assert group.chat.visible() == []
    assert len(bot.updates) == told
    edit = {"chat_id": alice.user_id, "message_id": sent["message_id"], "text": "x"}
    assert "message to edit not found" in refusal("editMessageText", **edit)
