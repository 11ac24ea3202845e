from collections.abc import Callable, Mapping
from typing import Any

import pytest

from botflight_harness import BotAccount, Refusal, Telegram
from botflight_harness.telegram.parameters import Upload

Call = Callable[..., Any]


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    """The bot of the world."""
    return telegram.sole_bot()


@pytest.fixture
def call(telegram: Telegram, bot: BotAccount) -> Call:
    """Call a method as the bot: `call("sendMessage", chat_id=..., text=...)`."""

    def call(method: str, files: Mapping[str, Upload] | None = None, **parameters: Any) -> Any:
        return telegram.call(bot.token, method, parameters, files)

    return call


@pytest.fixture
def refusal(call: Call) -> Callable[..., str]:
    """Call a method that is refused, and return the code and the words."""

    def refusal(method: str, files: Mapping[str, Upload] | None = None, **parameters: Any) -> str:
        with pytest.raises(Refusal) as caught:
            call(method, files, **parameters)
        return str(caught.value)

    return refusal
