from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount

Call = Callable[..., Any]


def test_a_bot_knows_itself(call: Call, bot: BotAccount) -> None:
    """What getMe says is the bot of the token."""
    me = call("getMe")

    assert (me["id"], me["is_bot"], me["username"]) == (bot.user_id, True, bot.username)


def test_commands_are_kept_by_scope_and_language(call: Call) -> None:
    """What is set for one is not there for another."""
    commands = [{"command": "/start", "description": "Begin"}]

    call("setMyCommands", commands=commands, language_code="ru")

    assert call("getMyCommands", language_code="ru") == [{"command": "start", "description": "Begin"}]
    assert call("getMyCommands") == []
    call("deleteMyCommands", language_code="ru")
    assert call("getMyCommands", language_code="ru") == []


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "Start", "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "start", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "start", "description": "x"}] * 101, "BOT_COMMANDS_TOO_MUCH"),
        ("[", "can't parse commands JSON object"),
        ({}, "expected an Array of BotCommand"),
    ],
)
def test_wrong_commands_are_refused(refusal: Callable[..., str], commands: object, words: str) -> None:
    """Each in Telegram's words."""
    assert refusal("setMyCommands", commands=commands) == f"400 Bad Request: {words}"


def test_texts_are_kept_by_language(call: Call, bot: BotAccount) -> None:
    """A language without a text of its own has the general one."""
    call("setMyDescription", description="Draws")
    call("setMyDescription", description="Рисует", language_code="ru")

    assert call("getMyDescription", language_code="ru") == {"description": "Рисует"}
    assert call("getMyDescription", language_code="de") == {"description": "Draws"}
    assert call("getMyName") == {"name": bot.first_name}


def test_too_long_a_text_is_refused(refusal: Callable[..., str]) -> None:
    """A short description has 120 signs at the most."""
    words = refusal("setMyShortDescription", short_description="x" * 121)

    assert words == "400 Bad Request: bot short description is too long"


def test_the_menu_button_is_kept_by_chat(call: Call) -> None:
    """One chat may have another than the rest."""
    call("setChatMenuButton", menu_button={"type": "commands"})

    assert call("getChatMenuButton", chat_id=5) == {"type": "commands"}
