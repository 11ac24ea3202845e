"""What happens in the world, told to those who watch: live pages, and people waiting for an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

EventKind = Literal[
    "message_sent",
    "message_edited",
    "message_deleted",
    "callback_answered",
    "chat_action",
    "reaction",
    "reply_keyboard",
    "blocked",
    "unblocked",
]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a chat."""

    kind: EventKind
    chat_id: int
    #: the bot of a private chat; 0 in a group
    bot_id: int
    at_ms: int
    #: the message as it is now, for the three kinds that have one
    message: dict[str, Any] | None = None
    #: callback_answered: text, show_alert, user_id; chat_action: action; reply_keyboard: keyboard;
    #: reaction: message_id, reactions
    details: dict[str, Any] | None = None


Listener = Callable[[Event], None]
