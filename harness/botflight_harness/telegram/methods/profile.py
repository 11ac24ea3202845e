"""What a bot says about itself: its commands, names, descriptions and menu button."""

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.members import CHANNEL_RIGHTS, GROUP_RIGHTS, RIGHTS
from botflight_harness.telegram.methods.request import Handler, Request, handler

COMMANDS_MOST = 100
COMMAND_DESCRIPTION_MOST = 256
TEXT_CHARACTERS_MOST = {"name": 64, "description": 512, "short_description": 120}

_ANONYMOUS = "is_anonymous"
_COMMAND = re.compile(r"/?([a-z0-9_]{1,32})")
_SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)


def get_me(request: Request) -> dict[str, Any]:
    """Say who the bot is."""
    return request.bot.me()


def set_my_commands(request: Request) -> bool:
    """Set the commands of a scope and a language."""
    commands = request.arguments.get("commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > COMMANDS_MOST:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    request.bot.commands[_scope(request)] = [_command(command) for command in commands]
    return True


def get_my_commands(request: Request) -> list[dict[str, Any]]:
    """Return the commands of a scope and a language."""
    return request.bot.commands.get(_scope(request), [])


def delete_my_commands(request: Request) -> bool:
    """Forget the commands of a scope and a language."""
    request.bot.commands.pop(_scope(request), None)
    return True


def _command(command: object) -> dict[str, Any]:
    if not isinstance(command, Mapping) or not {"command", "description"} <= command.keys():
        raise bad_request("can't parse BotCommand: expected an Object")
    found = _COMMAND.fullmatch(str(command["command"]))
    if found is None:
        raise bad_request("BOT_COMMAND_INVALID")
    description = str(command["description"]).strip()
    if not 1 <= len(description) <= COMMAND_DESCRIPTION_MOST:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    told = {"command": found[1], "description": description}
    return told | {"is_ephemeral": True} if command.get("is_ephemeral") else told


def _scope(request: Request) -> tuple[str, str]:
    scope = request.arguments.get("scope") or {"type": "default"}
    if not isinstance(scope, Mapping):
        raise bad_request("can't parse BotCommandScope: BotCommandScope must be an Object")
    if scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    return json.dumps(scope, sort_keys=True), request.arguments.text("language_code")


def set_my_text(request: Request, *, which: str) -> bool:
    """Set the name or a description for a language; an empty one takes it away."""
    text = request.arguments.text(which)
    if len(text) > TEXT_CHARACTERS_MOST[which]:
        raise bad_request(f"bot {which.replace('_', ' ')} is too long")
    key = (which, request.arguments.text("language_code"))
    if text:
        request.bot.texts[key] = text
    else:
        request.bot.texts.pop(key, None)
    return True


def get_my_text(request: Request, *, which: str) -> dict[str, str]:
    """Return the name or a description for a language, or that for all of them."""
    texts = request.bot.texts
    default = texts.get((which, ""), request.bot.first_name if which == "name" else "")
    return {which: texts.get((which, request.arguments.text("language_code")), default)}


def set_chat_menu_button(request: Request) -> bool:
    """Set the button beside the input field, of one private chat or of all."""
    button = request.arguments.get("menu_button") or {"type": "default"}
    if not isinstance(button, Mapping) or button.get("type") not in {"default", "commands", "web_app"}:
        raise bad_request("can't parse menu button: MenuButton has unsupported type")
    request.bot.menu_buttons[request.arguments.integer("chat_id")] = dict(button)
    return True


def get_chat_menu_button(request: Request) -> dict[str, Any]:
    """Return the button beside the input field."""
    buttons = request.bot.menu_buttons
    chat_id = request.arguments.integer("chat_id")
    return buttons.get(chat_id) or buttons.get(0) or {"type": "commands" if request.bot.commands else "default"}


def set_my_default_administrator_rights(request: Request) -> bool:
    """Say which rights the bot asks for when it is made an administrator; none takes the wish back."""
    is_channel = request.arguments.flag("for_channels")
    value = request.arguments.get("rights")
    if value is None:
        request.bot.default_rights.pop(is_channel, None)
        return True
    with objects.parsing("ChatAdministratorRights"):
        fields = objects.an_object(value, "ChatAdministratorRights")
        given = {name for name in (*RIGHTS, *CHANNEL_RIGHTS, *GROUP_RIGHTS, _ANONYMOUS) if objects.flag(fields, name)}
    request.bot.default_rights[is_channel] = frozenset(given)
    return True


def get_my_default_administrator_rights(request: Request) -> dict[str, bool]:
    """Return which rights the bot asks for."""
    is_channel = request.arguments.flag("for_channels")
    asked = request.bot.default_rights.get(is_channel, frozenset())
    return {name: name in asked for name in (*RIGHTS, *(CHANNEL_RIGHTS if is_channel else GROUP_RIGHTS), _ANONYMOUS)}


def _texts() -> dict[str, Handler]:
    spelled = {"name": "Name", "description": "Description", "short_description": "ShortDescription"}
    setters = {
        f"setMy{spelling}": handler(partial(set_my_text, which=which), f"{which} language_code")
        for which, spelling in spelled.items()
    }
    getters = {
        f"getMy{spelling}": handler(partial(get_my_text, which=which), "language_code")
        for which, spelling in spelled.items()
    }
    return setters | getters


METHODS = {
    "getMe": handler(get_me),
    "setMyCommands": handler(set_my_commands, "commands scope language_code"),
    "getMyCommands": handler(get_my_commands, "scope language_code"),
    "deleteMyCommands": handler(delete_my_commands, "scope language_code"),
    "setChatMenuButton": handler(set_chat_menu_button, "chat_id menu_button"),
    "getChatMenuButton": handler(get_chat_menu_button, "chat_id"),
    "setMyDefaultAdministratorRights": handler(set_my_default_administrator_rights, "rights for_channels"),
    "getMyDefaultAdministratorRights": handler(get_my_default_administrator_rights, "for_channels"),
    **_texts(),
}
