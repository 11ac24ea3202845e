from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import ImpossibleAct, Person, Telegram

Call = Callable[..., Any]
TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
def menu(call: Call, alice: Person) -> dict[str, Any]:
    """A message with two buttons."""
    alice.send_text("/start")
    buttons = [[{"text": "Go", "callback_data": "go"}, {"text": "Site", "url": "https://example.com"}]]
    menu: dict[str, Any] = call(
        "sendMessage", chat_id=alice.user_id, text="menu", reply_markup={"inline_keyboard": buttons}
    )
    return menu


def test_a_tap_is_a_callback_query(menu: dict[str, Any], alice: Person) -> None:
    """It carries who tapped, the message as it is, and the data."""
    payload = alice.tap("Go").update.payload

    assert payload["from"] == alice.as_json()
    assert payload["message"] == menu
    assert payload["data"] == "go"


def test_a_tap_is_answered_once(
    call: Call, refusal: Callable[..., str], menu: dict[str, Any], telegram: Telegram, alice: Person
) -> None:
    """The answer is shown to who tapped; a second one is refused."""
    shown: list[Any] = []
    query_id = alice.tap("go").update.payload["id"]
    telegram.subscribe(lambda event: shown.append(event.details))

    assert call("answerCallbackQuery", callback_query_id=query_id, text="Done", show_alert="true") is True

    assert menu["text"] == "menu"
    assert (shown[0]["text"], shown[0]["show_alert"], shown[0]["user_id"]) == ("Done", True, alice.user_id)
    assert refusal("answerCallbackQuery", callback_query_id=query_id) == TOO_OLD


@pytest.mark.usefixtures("menu")
def test_an_answer_must_come_in_time(refusal: Callable[..., str], telegram: Telegram, alice: Person) -> None:
    """After 150 seconds the query is gone."""
    query_id = alice.tap("Go").update.payload["id"]

    telegram.clock.move(seconds=150)

    assert refusal("answerCallbackQuery", callback_query_id=query_id) == TOO_OLD


def test_an_unknown_query_cannot_be_answered(refusal: Callable[..., str]) -> None:
    """Nor can one that never was."""
    assert refusal("answerCallbackQuery", callback_query_id="1") == TOO_OLD


@pytest.mark.usefixtures("menu")
def test_only_a_button_that_is_there_can_be_tapped(alice: Person) -> None:
    """The failure shows what the person sees."""
    with pytest.raises(ImpossibleAct, match=r"no button 'Stop'(.|\n)*\[Go\] \[Site\]"):
        alice.tap("Stop")


@pytest.mark.usefixtures("menu")
def test_a_link_tells_the_bot_nothing(alice: Person) -> None:
    """Tapping a URL button makes no update, so the test has made a mistake."""
    with pytest.raises(ImpossibleAct, match="tells the bot nothing"):
        alice.tap("Site")


@pytest.mark.usefixtures("menu")
def test_the_newest_message_with_the_button_is_tapped(call: Call, alice: Person) -> None:
    """Unless the test names another one."""
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "newer"}]]}
    call("sendMessage", chat_id=alice.user_id, text="another", reply_markup=keyboard)
    older = alice.screen[1]

    assert alice.tap("Go").update.payload["data"] == "newer"
    assert alice.tap("Go", on=older).update.payload["data"] == "go"


def test_a_reply_button_writes_its_label(call: Call, alice: Person) -> None:
    """A keyboard below the chat is pressed as it is read, and a one-time keyboard goes away."""
    alice.send_text("/start")
    keyboard = {"keyboard": [["Yes", {"text": "No"}]], "one_time_keyboard": True}
    call("sendMessage", chat_id=alice.user_id, text="Sure?", reply_markup=keyboard)

    assert alice.tap("No").update.payload["text"] == "No"

    with pytest.raises(ImpossibleAct):
        alice.tap("Yes")


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "x", "callback_data": "й" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": " ", "callback_data": "x"}, "inline keyboard button text must be non-empty"),
        ({"callback_data": "x"}, "can't parse inline keyboard button: Can't find field \"text\""),
        ("x", "can't parse inline keyboard button: InlineKeyboardButton must be an Object"),
        (
            {"text": "x", "callback_data": ""},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
    ],
)
def test_wrong_buttons_are_refused(refusal: Callable[..., str], alice: Person, button: object, words: str) -> None:
    """A callback's data is 1-64 bytes, and a button has a label and something to do."""
    alice.send_text("/start")

    refused = refusal("sendMessage", chat_id=alice.user_id, text="x", reply_markup={"inline_keyboard": [[button]]})

    assert refused == f"400 Bad Request: {words}"


def test_a_hundred_buttons_are_the_most(call: Call, refusal: Callable[..., str], alice: Person) -> None:
    """One more is refused."""
    alice.send_text("/start")
    button = {"text": "x", "callback_data": "x"}

    call("sendMessage", chat_id=alice.user_id, text="x", reply_markup={"inline_keyboard": [[button] * 8] * 12})
    refused = refusal(
        "sendMessage", chat_id=alice.user_id, text="x", reply_markup={"inline_keyboard": [[button] * 8] * 13}
    )

    assert refused == "400 Bad Request: reply markup is too long"
