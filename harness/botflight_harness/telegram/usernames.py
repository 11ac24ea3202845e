"""Usernames: which are allowed, and which are taken (misc.cpp of tdlib)."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram

_ALLOWED = re.compile(r"(?!.*__)[A-Za-z][A-Za-z0-9_]{3,30}[A-Za-z0-9]")
_RESERVED = ("admin", "telegram", "support", "security", "settings", "contacts", "service", "telegraph")


def is_allowed(username: str) -> bool:
    """Tell whether somebody may choose it."""
    return bool(_ALLOWED.fullmatch(username)) and not username.lower().startswith(_RESERVED)


def is_taken(world: "Telegram", username: str) -> bool:
    """Tell whether a person, a bot or a chat has it."""
    people = (person.username or "" for person in world.people.values())
    bots = (bot.username for bot in world.bots.values())
    groups = (str(group.chat.facts.get("username", "")) for group in world.groups.values())
    return any(username.lower() == one.lower() for names in (people, bots, groups) for one in names)
