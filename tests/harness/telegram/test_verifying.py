"""Organizations that verify users and chats by their bots."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]


def test_users_and_chats_are_verified(telegram: Telegram, call: Call, alice: Person, bot: BotAccount) -> None:
    """With what the organization says of them."""
    bot.verifies = True
    channel = telegram.channel("News", username="news")

    call("verifyUser", user_id=alice.user_id)
    call("verifyChat", chat_id="@news", custom_description="The true news")

    marks = telegram.verifications
    assert (marks[alice.user_id].by, marks[channel.chat_id].description) == (bot, "The true news")


def test_a_mark_is_taken_away(
    telegram: Telegram, call: Call, not_modelled: Words, alice: Person, bot: BotAccount
) -> None:
    """By the bot that gave it."""
    bot.verifies = True
    call("verifyUser", user_id=alice.user_id)

    call("removeUserVerification", user_id=alice.user_id)

    assert telegram.verifications == {}
    assert "verified nobody" in not_modelled("removeUserVerification", user_id=alice.user_id)


@pytest.mark.parametrize("method", ["verifyUser", "removeUserVerification", "verifyChat", "removeChatVerification"])
def test_other_bots_verify_nobody(refusal: Words, alice: Person, method: str) -> None:
    """Telegram chooses which organizations may."""
    alice.send_text("/start")

    refused = refusal(method, user_id=alice.user_id, chat_id=alice.user_id)

    assert refused == "400 Bad Request: BOT_VERIFIER_FORBIDDEN"


def test_who_is_not_known_is_not_verified(refusal: Words, bot: BotAccount) -> None:
    """Of which Telegram speaks first."""
    bot.verifies = True

    assert refusal("verifyUser", user_id=5) == "400 Bad Request: user not found"
    assert refusal("verifyUser", user_id=-5) == "400 Bad Request: invalid user_id specified"
    assert refusal("verifyChat", chat_id=-5) == "400 Bad Request: chat not found"
