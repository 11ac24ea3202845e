from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, NotModelled, Person, Telegram

Call = Callable[..., Any]


def test_a_bot_is_closed_after_ten_minutes(telegram: Telegram, call: Call, refusal: Callable[..., str]) -> None:
    """Before that the server asks to wait; what is closed cannot be closed again, and starts with the next call."""
    call("getMe")
    telegram.clock.move(minutes=4)
    assert refusal("close") == "429 Too Many Requests: retry after 360"

    telegram.clock.move(minutes=6)
    assert call("close") is True

    assert refusal("close") == "400 Bad Request: the bot has already been closed"
    assert call("getMe")["is_bot"]
    assert refusal("close") == "429 Too Many Requests: retry after 600"


def test_a_bot_with_a_webhook_is_not_closed(telegram: Telegram, call: Call) -> None:
    """Telegram asks to delete it first, and what happens otherwise is not modelled."""
    call("setWebhook", url="https://example.com/hook")
    telegram.clock.move(minutes=10)

    with pytest.raises(NotModelled, match="delete it first"):
        call("close")
    telegram.take_complaints()


def test_who_has_logged_out_stays_out_for_ten_minutes(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person, bot: BotAccount
) -> None:
    """Nothing is left of what waited, nor of the webhook."""
    call("setWebhook", url="https://example.com/hook")
    alice.send_text("hello")

    assert call("logOut") is True

    assert (len(bot.updates), bot.webhook) == (0, None)
    assert refusal("getMe") == "400 Logged out"
    telegram.clock.move(minutes=10)
    assert call("getMe")["is_bot"]
