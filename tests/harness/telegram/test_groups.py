from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Group, ImpossibleAct, Person, Telegram


@pytest.fixture
def group(telegram: Telegram, alice: Person, bot: BotAccount) -> Group:
    """A group of a person and the bot."""
    return telegram.group("Friends", alice, bot)


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("hello all", False),
        ("/start", True),
        ("/start@{bot}", True),
        ("/start@other_bot", False),
        ("ask @{bot} about it", True),
        ("ask @somebody", False),
    ],
)
def test_privacy_mode_lets_through_what_is_for_the_bot(
    alice: Person, group: Group, bot: BotAccount, text: str, *, reaches: bool
) -> None:
    """A bot in a group sees commands and mentions of it."""
    act = alice.send_text(text.format(bot=bot.username), where=group)

    assert bool(act.updates) is reaches


def test_a_reply_to_the_bot_reaches_it(call: Callable[..., Any], alice: Person, group: Group) -> None:
    """Whatever its text."""
    sent = call("sendMessage", chat_id=group.chat_id, text="Yes?")

    act = alice.send_text("never mind", where=group, reply_to=sent["message_id"])

    assert act.update.payload["reply_to_message"]["text"] == "Yes?"


def test_without_privacy_mode_everything_reaches_the_bot(alice: Person, group: Group, bot: BotAccount) -> None:
    """As BotFather's /setprivacy has it."""
    bot.privacy_mode = False

    assert alice.send_text("hello all", where=group).update.payload["chat"]["title"] == "Friends"


def test_a_bot_that_is_no_member_cannot_write(refusal: Callable[..., str], group: Group, bot: BotAccount) -> None:
    """It is told so."""
    group.remove(bot)

    words = refusal("sendMessage", chat_id=group.chat_id, text="x")

    assert words == "403 Forbidden: bot is not a member of the supergroup chat"


def test_a_person_outside_cannot_write(bob: Person, group: Group) -> None:
    """Only members write."""
    with pytest.raises(ImpossibleAct, match="not in Friends"):
        bob.send_text("hello", where=group)
