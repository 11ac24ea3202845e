from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Person, Telegram

Call = Callable[..., Any]
KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


@pytest.fixture
def where(call: Call, alice: Person) -> dict[str, int]:
    """A message that can be edited: where it is."""
    alice.send_text("/start")
    sent = call("sendMessage", chat_id=alice.user_id, text="one", reply_markup=KEYBOARD)
    return {"chat_id": alice.user_id, "message_id": sent["message_id"]}


def test_an_edit_is_seen_in_place(call: Call, where: dict[str, int], alice: Person) -> None:
    """The same message shows the new text, with the time of the edit; without a markup the buttons go."""
    edited = call("editMessageText", **where, text="two")

    assert edited["edit_date"] == 1767268800
    assert (alice.last.text, alice.last.buttons, alice.last.edited) == ("two", (), True)


def test_an_edit_that_changes_nothing_is_refused(refusal: Callable[..., str], where: dict[str, int]) -> None:
    """Same text and same buttons is an error of its own."""
    assert refusal("editMessageText", **where, text=" one ", reply_markup=KEYBOARD) == (
        "400 Bad Request: message is not modified: specified new message content and reply markup are exactly the "
        "same as a current content and reply markup of the message"
    )


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("editMessageText", {"text": "x", "message_id": 1}, "message to edit not found"),
        ("editMessageText", {"text": ""}, "message text is empty"),
        ("editMessageText", {"text": "x", "chat_id": 5}, "chat not found"),
        ("editMessageCaption", {"caption": "x"}, "there is no caption in the message to edit"),
        ("editMessageReplyMarkup", {"reply_markup": {"keyboard": [["x"]]}}, "inline keyboard expected"),
    ],
)
def test_wrong_edits_are_refused(
    refusal: Callable[..., str], where: dict[str, int], method: str, parameters: dict[str, Any], words: str
) -> None:
    """Each in Telegram's words."""
    assert refusal(method, **{**where, **parameters}) == f"400 Bad Request: {words}"


def test_only_own_messages_can_be_edited(refusal: Callable[..., str], where: dict[str, int], alice: Person) -> None:
    """What a person wrote stays."""
    theirs = alice.screen[0].message_id

    words = refusal("editMessageText", chat_id=where["chat_id"], message_id=theirs, text="x")

    assert words == "400 Bad Request: message can't be edited"


def test_a_message_with_a_reply_keyboard_cannot_be_edited(
    call: Call, refusal: Callable[..., str], alice: Person
) -> None:
    """Only inline keyboards leave a message open to edits."""
    alice.send_text("/start")
    sent = call("sendMessage", chat_id=alice.user_id, text="x", reply_markup={"keyboard": [["Yes", "No"]]})

    words = refusal("editMessageText", chat_id=alice.user_id, message_id=sent["message_id"], text="y")

    assert words == "400 Bad Request: message can't be edited"


def test_buttons_can_be_taken_away(call: Call, where: dict[str, int], alice: Person) -> None:
    """An edit of the markup that gives none leaves the text alone."""
    call("editMessageReplyMarkup", **where)

    assert (alice.last.text, alice.last.buttons) == ("one", ())


def test_what_was_seen_before_an_edit_stays_as_it_was(
    call: Call, where: dict[str, int], telegram: Telegram, alice: Person, bot: BotAccount
) -> None:
    """An update carries the message of its moment, and so does what a screen gave."""
    before = alice.last
    tap = alice.tap("Go").update

    call("editMessageText", **where, text="two")

    assert before.text == "one"
    assert tap.payload["message"]["text"] == "one"
    assert tap.payload["message"]["from"] == bot.as_json()
    assert telegram.calls[-1].method == "editMessageText"
