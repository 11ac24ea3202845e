"""Who may use a bot that another bot manages."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]


@pytest.fixture
def made(alice: Person, bot: BotAccount) -> BotAccount:
    """A bot that alice has had made."""
    return alice.create_managed_bot("helper_bot", by=bot)


def test_everybody_may_at_first(call: Call, bob: Person, made: BotAccount) -> None:
    """As with any bot."""
    bob.send_text("/start", where=made)

    assert call("getManagedBotAccessSettings", user_id=made.user_id) == {"is_access_restricted": False}


def test_access_is_kept_to_some(telegram: Telegram, call: Call, alice: Person, bob: Person, made: BotAccount) -> None:
    """And always to the owner."""
    carol = telegram.user("Carol")

    call("setManagedBotAccessSettings", user_id=made.user_id, is_access_restricted=True, added_user_ids=[bob.user_id])

    alice.send_text("/start", where=made)
    bob.send_text("/start", where=made)
    with pytest.raises(ImpossibleAct, match="no access"):
        carol.send_text("/start", where=made)
    settings = call("getManagedBotAccessSettings", user_id=made.user_id)
    assert settings == {"is_access_restricted": True, "added_users": [bob.as_json()]}


def test_access_is_opened_again(call: Call, bob: Person, made: BotAccount) -> None:
    """Whoever was named with it."""
    call("setManagedBotAccessSettings", user_id=made.user_id, is_access_restricted=True)

    call("setManagedBotAccessSettings", user_id=made.user_id, is_access_restricted=False, added_user_ids=[0])

    bob.send_text("/start", where=made)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({}, "expected an Array of user identifiers"),
        (list(range(1, 12)), "too many user identifiers specified"),
        ([None], "user identifier must be a Number"),
        (["x"], "can't parse user identifier as a Number"),
        ([0], "invalid user identifier specified"),
    ],
)
def test_who_is_added_is_read(refusal: Words, made: BotAccount, numbers: Any, words: str) -> None:
    """As the official server reads it."""
    more = {"is_access_restricted": True, "added_user_ids": numbers}

    assert refusal("setManagedBotAccessSettings", user_id=made.user_id, **more) == f"400 Bad Request: {words}"


def test_other_bots_are_not_its_business(refusal: Words, alice: Person, bot: BotAccount) -> None:
    """Nor people, nor who is not known."""
    refused = [refusal("getManagedBotAccessSettings", user_id=number) for number in (bot.user_id, alice.user_id, 5)]

    assert refused == [f"400 Bad Request: {words}" for words in ("BOT_INVALID", "user is not a bot", "user not found")]
