"""The bots of the world: who they are, what they set about themselves, and what waits for them."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from botflight_harness.telegram.updates import Update, UpdateQueue


class Road(Protocol):
    """How updates travel to a bot. People wait on it until what they did was handled."""

    def carry(self, updates: Sequence[Update]) -> Awaitable[None]:
        """Deliver what waits, in the official server's order, until `updates` were handled."""
        ...

    def together(self, updates: Sequence[Update]) -> Awaitable[None]:
        """Deliver `updates` at the same moment, whatever their lanes, until they were handled."""
        ...


@dataclass(slots=True)
class Webhook:
    """Where a bot asked its updates to be posted."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    allowed_updates: tuple[str, ...] = ()
    ip_address: str = ""
    has_custom_certificate: bool = False
    last_error_ms: int = 0
    last_error: str = ""


@dataclass(slots=True, eq=False)
class BotAccount:
    """A bot, as its owner made it with BotFather."""

    token: str
    user_id: int
    first_name: str
    username: str
    updates: UpdateQueue
    webhook: Webhook | None = None
    road: Road | None = None
    #: by (scope as text, language)
    commands: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    #: name, description and short_description by (which, language)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    #: by chat id; 0 stands for every private chat
    menu_buttons: dict[int, dict[str, Any]] = field(default_factory=dict)
    #: Private chats of one bot share their message ids, as they share its account's box.
    last_private_message_id: int = 0
    #: what it asks for when it is made an administrator, in channels and in groups
    default_rights: dict[bool, frozenset[str]] = field(default_factory=dict)
    #: since when it runs on this server; 0 while it does not
    launched_ms: int = 0
    #: until when it is kept out, as it has logged out
    logged_out_until_ms: int = 0
    #: BotFather's /setprivacy: when off, every message of a group reaches the bot.
    privacy_mode: bool = True
    #: BotFather's /setinline: people may type after the bot's name.
    inline_mode: bool = False
    #: BotFather's /setinlinefeedback: the bot hears which answer was chosen.
    inline_feedback: bool = False
    #: BotFather's setting for bots that guard groups: they are asked about those who want to come in.
    join_request_queries: bool = False
    #: Who had it made by a bot that manages it; 0 is none.
    owner_id: int = 0
    #: Only its owner and these users can use it; None lets everybody.
    users: frozenset[int] | None = None
    #: An organization that Telegram lets verify others.
    verifies: bool = False

    def can_be_used_by(self, user_id: int) -> bool:
        """Tell whether somebody may use the bot at all."""
        return self.users is None or user_id == self.owner_id or user_id in self.users

    def has_ephemeral_command(self, name: str) -> bool:
        """Tell whether the bot has declared a command that is sent to it alone."""
        declared = (command for commands in self.commands.values() for command in commands)
        return any(command["command"] == name and command.get("is_ephemeral") for command in declared)

    def as_json(self) -> dict[str, Any]:
        """Return the User object of the bot."""
        return {"id": self.user_id, "is_bot": True, "first_name": self.first_name, "username": self.username}

    def me(self) -> dict[str, Any]:
        """Return what getMe answers."""
        return {
            **self.as_json(),
            "can_join_groups": True,
            "can_read_all_group_messages": not self.privacy_mode,
            "supports_inline_queries": self.inline_mode,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": False,
            "allows_users_to_create_topics": False,
            "can_manage_bots": False,
            "supports_join_request_queries": self.join_request_queries,
        }
