from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, NotModelled, Person, Refusal, Telegram
from botflight_harness.telegram.methods import METHODS

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def _acquainted(alice: Person, bot: BotAccount) -> None:
    alice.send_text("/start")


def test_a_message_has_the_bot_apis_shape(call: Call, bot: BotAccount, alice: Person) -> None:
    """What sendMessage returns is the Message object of the Bot API."""
    sent = call("sendMessage", chat_id=alice.user_id, text="hello")

    assert sent == {
        "message_id": sent["message_id"],
        "from": bot.as_json(),
        "chat": {"id": alice.user_id, "type": "private", "first_name": "Alice"},
        "date": 1767268800,
        "text": "hello",
    }


def test_parameters_may_come_as_text(call: Call, alice: Person) -> None:
    """Forms carry numbers, flags and JSON as text."""
    sent = call(
        "sendMessage",
        chat_id=str(alice.user_id),
        text="hello",
        disable_notification="true",
        reply_markup='{"inline_keyboard":[[{"text":"Go","callback_data":"go"}]]}',
    )

    assert sent["reply_markup"]["inline_keyboard"] == [[{"text": "Go", "callback_data": "go"}]]


def test_methods_are_known_in_any_case(call: Call, alice: Person) -> None:
    """The official server does not mind the case of a method's letters."""
    assert call("sendmessage", chat_id=alice.user_id, text="x")["text"] == "x"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "400 Bad Request: message text is empty"),
        ({"text": "hello"}, "400 Bad Request: chat_id is empty"),
        ({"text": "", "chat_id": 1}, "400 Bad Request: message text is empty"),
        ({"text": "hello", "chat_id": 1}, "400 Bad Request: chat not found"),
        ({"text": "hello", "chat_id": "@nobody"}, "400 Bad Request: chat not found"),
        ({"text": "x", "chat_id": 1, "parse_mode": "BBCode"}, "400 Bad Request: unsupported parse_mode"),
        ({"text": "x", "reply_markup": "{"}, "400 Bad Request: can't parse reply keyboard markup JSON object"),
        ({"text": "x", "chat_id": 1, "reply_markup": "[]"}, "400 Bad Request: object expected as reply markup"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused(refusal: Callable[..., str], parameters: dict[str, Any], words: str) -> None:
    """Refusals come in Telegram's words, the content being looked at before the chat."""
    assert refusal("sendMessage", **parameters) == words


def test_a_text_of_4096_signs_is_sent(call: Call, alice: Person) -> None:
    """The limit counts what is left after the markup."""
    sent = call("sendMessage", chat_id=alice.user_id, text=f"<b>{'x' * 4096}</b>", parse_mode="HTML")

    assert len(sent["text"]) == 4096


def test_who_has_blocked_the_bot_gets_nothing(refusal: Callable[..., str], alice: Person) -> None:
    """A blocked bot is told so until the person takes the block away."""
    alice.block()

    assert refusal("sendMessage", chat_id=alice.user_id, text="x") == "403 Forbidden: bot was blocked by the user"


def test_a_stranger_cannot_be_written_to(refusal: Callable[..., str], bob: Person) -> None:
    """A bot cannot begin a conversation."""
    assert refusal("sendMessage", chat_id=bob.user_id, text="x") == "400 Bad Request: chat not found"


def test_a_wrong_token_is_unauthorized(telegram: Telegram) -> None:
    """Nobody else's token is taken."""
    with pytest.raises(Refusal, match="401 Unauthorized"):
        telegram.call("1:wrong", "getMe", {})


def test_an_unknown_method_is_not_found(refusal: Callable[..., str]) -> None:
    """What Telegram does not know is a 404, not a failure of the harness."""
    assert refusal("sendTelepathy") == "404 Not Found: method not found"


def test_a_known_method_without_a_model_says_so(
    telegram: Telegram, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No made-up success: the call fails, and so does the test, whatever the bot does."""
    monkeypatch.delitem(METHODS, "getMe")

    with pytest.raises(NotModelled):
        call("getMe")

    assert telegram.problems == ["not modelled: getMe"]
    telegram.problems.clear()


def test_a_parameter_without_a_model_says_so(telegram: Telegram, call: Call, alice: Person) -> None:
    """A parameter that would be passed over is no success either."""
    with pytest.raises(NotModelled, match="suggested_post_parameters"):
        call("sendMessage", chat_id=alice.user_id, text="x", suggested_post_parameters={"price": {}})

    telegram.problems.clear()


def test_a_reply_shows_what_it_replies_to(call: Call, alice: Person) -> None:
    """The message that is replied to is shown one level deep."""
    first = call("sendMessage", chat_id=alice.user_id, text="one")
    second = call(
        "sendMessage", chat_id=alice.user_id, text="two", reply_parameters={"message_id": first["message_id"]}
    )

    assert second["reply_to_message"]["text"] == "one"


def test_a_reply_to_nothing_is_refused(refusal: Callable[..., str], alice: Person) -> None:
    """Unless the bot said that it may be sent without."""
    words = refusal("sendMessage", chat_id=alice.user_id, text="x", reply_parameters={"message_id": 1})

    assert words == "400 Bad Request: message to be replied not found"


def test_a_message_can_be_deleted_once(call: Call, refusal: Callable[..., str], alice: Person) -> None:
    """It goes from the screen, and cannot be found again."""
    sent = call("sendMessage", chat_id=alice.user_id, text="x")
    where = {"chat_id": alice.user_id, "message_id": sent["message_id"]}

    assert call("deleteMessage", **where) is True

    assert [message.text for message in alice.screen] == ["/start"]
    assert refusal("deleteMessage", **where) == "400 Bad Request: message to delete not found"


def test_an_old_message_cannot_be_deleted(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person
) -> None:
    """After 48 hours it stays."""
    sent = call("sendMessage", chat_id=alice.user_id, text="x")
    telegram.clock.move(hours=49)

    words = refusal("deleteMessage", chat_id=alice.user_id, message_id=sent["message_id"])

    assert words == "400 Bad Request: message can't be deleted for everyone"


def test_a_message_can_be_copied_and_forwarded(call: Call, alice: Person, bot: BotAccount) -> None:
    """A copy says nothing of its origin, a forwarded message does."""
    sent = call("sendMessage", chat_id=alice.user_id, text="x")
    where = {"chat_id": alice.user_id, "from_chat_id": alice.user_id, "message_id": sent["message_id"]}

    copy, forward = call("copyMessage", **where), call("forwardMessage", **where)

    assert copy == {"message_id": sent["message_id"] + 1}
    assert forward["forward_origin"]["sender_user"] == bot.as_json()
    assert [message.text for message in alice.screen][-2:] == ["x", "x"]


def test_an_action_is_told_to_those_who_watch(telegram: Telegram, call: Call, alice: Person) -> None:
    """`typing` is an event of the chat."""
    events: list[Any] = []
    telegram.subscribe(events.append)

    call("sendChatAction", chat_id=alice.user_id, action="typing")

    assert [(event.kind, event.details) for event in events] == [("chat_action", {"action": "typing"})]


def test_an_unknown_action_is_refused(refusal: Callable[..., str], alice: Person) -> None:
    """In the official server's words."""
    words = refusal("sendChatAction", chat_id=alice.user_id, action="dancing")

    assert words == "400 Bad Request: wrong parameter action in request"


def test_parameters_of_former_years_are_still_taken(call: Call, alice: Person) -> None:
    """As the official server takes them."""
    asked = alice.send_text("Tea?").update.payload

    sent = call("sendMessage", chat_id=alice.user_id, text="Yes", reply_to_message_id=asked["message_id"])

    assert sent["reply_to_message"]["text"] == "Tea?"


def test_message_ids_are_numbers(refusal: Callable[..., str], alice: Person) -> None:
    """Anything else in their list is refused, and numbers written as text are taken."""
    number = alice.send_text("/start").message.message_id
    here = {"chat_id": alice.user_id, "from_chat_id": alice.user_id}

    assert "can't parse message identifier as a Number" in refusal("forwardMessages", **here, message_ids=[number, "x"])
    assert "strictly increasing" in refusal("forwardMessages", **here, message_ids=[number, str(number)])


def test_a_list_that_goes_too_deep_is_no_json(refusal: Callable[..., str], alice: Person) -> None:
    """A hundred thousand brackets are refused like any other text that is none."""
    alice.send_text("/start")

    assert "can't parse" in refusal("sendMessage", chat_id=alice.user_id, text="x", reply_markup="[" * 100_000)


def test_an_id_with_two_signs_is_a_name(refusal: Callable[..., str]) -> None:
    """Nobody is called so."""
    assert "chat not found" in refusal("sendMessage", chat_id="--1", text="x")


@pytest.mark.parametrize(
    "wrong", [{"type": "text_mention"}, {"type": "text_mention", "user": {}}, {"type": "bold", "offset": "0"}]
)
def test_an_entity_that_lacks_what_it_needs_is_refused(
    refusal: Callable[..., str], alice: Person, wrong: dict[str, Any]
) -> None:
    """A mention needs its user, and a place is told in numbers."""
    entities = [{"offset": 0, "length": 1, **wrong}]

    assert "can't parse MessageEntity" in refusal("sendMessage", chat_id=alice.user_id, text="x", entities=entities)


def test_entities_are_a_list(refusal: Callable[..., str], alice: Person) -> None:
    """Anything else is refused, also where a form carries it."""
    for wrong in (True, "true", {"type": "bold"}):
        assert "can't parse entities" in refusal("sendMessage", chat_id=alice.user_id, text="x", entities=wrong)
