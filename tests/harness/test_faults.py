from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import AnswerLost, Person, Refusal, Telegram

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def _acquainted(alice: Person, bob: Person) -> None:
    alice.send_text("/start")
    bob.send_text("/start")


def test_a_refusal_comes_before_the_effect(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person
) -> None:
    """Nothing is sent, the next call goes through."""
    telegram.faults.refuse("sendMessage", Refusal(500, "Internal Server Error"))

    assert refusal("sendMessage", chat_id=alice.user_id, text="x") == "500 Internal Server Error"

    call("sendMessage", chat_id=alice.user_id, text="y")
    assert [message.text for message in alice.screen] == ["/start", "y"]


def test_a_lost_call_has_no_effect(telegram: Telegram, call: Call, alice: Person) -> None:
    """It never reached Telegram."""
    telegram.faults.lose_call("sendMessage", how="reset")

    with pytest.raises(AnswerLost):
        call("sendMessage", chat_id=alice.user_id, text="x")

    assert alice.last.text == "/start"


def test_a_lost_answer_has_its_effect(telegram: Telegram, call: Call, alice: Person) -> None:
    """The message is there, and the bot cannot know."""
    telegram.faults.lose_answer("sendMessage")

    with pytest.raises(AnswerLost) as caught:
        call("sendMessage", chat_id=alice.user_id, text="x")

    assert alice.last.text == "x"
    assert caught.value.how == "timeout"


def test_a_fault_is_for_one_chat_and_a_number_of_calls(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person, bob: Person
) -> None:
    """Other chats and later calls are spared."""
    telegram.faults.flood("sendMessage", retry_after_s=3, times=2, chat_id=alice.user_id)

    call("sendMessage", chat_id=bob.user_id, text="x")
    refused = [refusal("sendMessage", chat_id=alice.user_id, text="x") for _ in range(2)]
    call("sendMessage", chat_id=alice.user_id, text="y")

    assert refused == ["429 Too Many Requests: retry after 3"] * 2
    assert (alice.last.text, bob.last.text) == ("y", "x")


def test_a_fault_that_was_not_used_up_is_told(telegram: Telegram) -> None:
    """The test wanted to see something that did not happen; it is told once."""
    telegram.faults.lose_answer("sendPhoto", times=2)

    with pytest.raises(AssertionError, match=r"fault never used: sendPhoto.*2 left"):
        telegram.check()
    telegram.check()


def test_a_fault_happens_at_least_once(telegram: Telegram) -> None:
    """None at all is a mistake of the test."""
    with pytest.raises(ValueError, match="0 times"):
        telegram.faults.flood("sendMessage", times=0)


def test_calls_are_recorded_with_how_they_ended(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person
) -> None:
    """The record shows method, parameters and the refusal, for assertions and for reading."""
    call("sendMessage", chat_id=alice.user_id, text="x")
    refusal("sendMessage", chat_id=1, text="x" * 200)

    good, bad = telegram.calls
    assert good.result["text"] == "x"
    assert str(bad).startswith("sendMessage(chat_id=1, text='xxx")
    assert str(bad).endswith("...) -> 400 Bad Request: chat not found")


def test_a_fault_may_be_for_whatever_is_called(telegram: Telegram, call: Call, refusal: Callable[..., str]) -> None:
    """The next calls fail, whichever they are."""
    telegram.faults.refuse("*", Refusal(500, "Internal Server Error"), times=2)

    assert refusal("getMe") == "500 Internal Server Error"
    assert refusal("getWebhookInfo") == "500 Internal Server Error"
    assert call("getMe")["is_bot"] is True
