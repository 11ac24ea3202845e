from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]


@pytest.fixture(autouse=True)
def _limited(telegram: Telegram, alice: Person, bob: Person, bot: BotAccount) -> None:
    alice.send_text("/start", where=bot)
    bob.send_text("/start", where=bot)
    telegram.flood_limits.turn_on()


def test_one_message_a_second_goes_to_a_chat(
    telegram: Telegram, call: Call, refusal: Words, alice: Person, bob: Person
) -> None:
    """The second is told to wait, other chats are not, and after a second it goes through."""
    call("sendMessage", chat_id=alice.user_id, text="1")
    call("sendMessage", chat_id=bob.user_id, text="1")

    refused = refusal("sendMessage", chat_id=alice.user_id, text="2")
    telegram.clock.move(seconds=1)
    call("sendMessage", chat_id=alice.user_id, text="2")

    assert refused == "429 Too Many Requests: retry after 1"
    assert [message.text for message in alice.screen] == ["/start", "1", "2"]
    assert telegram.flood_limits.refusals == 1


def test_twenty_a_minute_go_to_a_group(telegram: Telegram, call: Call, refusal: Words, bot: BotAccount) -> None:
    """The wait is until the first of them is a minute old."""
    group = telegram.group("Friends", bot)
    for _ in range(20):
        call("sendMessage", chat_id=group.chat_id, text="x")
        telegram.clock.move(seconds=1)

    assert refusal("sendMessage", chat_id=group.chat_id, text="x") == "429 Too Many Requests: retry after 40"
    telegram.clock.move(seconds=40)
    call("sendMessage", chat_id=group.chat_id, text="x")


def test_thirty_a_second_go_out_overall(telegram: Telegram, call: Call, refusal: Words, bot: BotAccount) -> None:
    """Whatever the chats."""
    people = [telegram.user(f"P{number}") for number in range(31)]
    for person in people:
        person.send_text("/start", where=bot)
    for person in people[:30]:
        call("sendMessage", chat_id=person.user_id, text="x")

    assert "429" in refusal("sendMessage", chat_id=people[30].user_id, text="x")


def test_only_messages_count(telegram: Telegram, call: Call, alice: Person) -> None:
    """Edits and actions have limits of their own, which nobody has published."""
    sent = call("sendMessage", chat_id=alice.user_id, text="1")

    call("editMessageText", chat_id=alice.user_id, message_id=sent["message_id"], text="2")
    call("sendChatAction", chat_id=alice.user_id, action="typing")

    assert alice.last.text == "2"


def test_short_bursts_may_pass_and_the_switch_turns_off(telegram: Telegram, call: Call, alice: Person) -> None:
    """As far as the test lets them."""
    telegram.flood_limits.turn_on(burst=2)
    for _ in range(3):
        call("sendMessage", chat_id=alice.user_id, text="x")

    telegram.flood_limits.turn_off()
    call("sendMessage", chat_id=alice.user_id, text="x")

    assert len(alice.screen) == 5
