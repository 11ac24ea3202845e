"""Chats with the messages in them, as Telegram keeps them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from botflight_harness.telegram.accounts import BotAccount

ChatKind = Literal["private", "group", "supergroup"]

#: A chat keeps this many messages; the oldest are forgotten.
MESSAGES_MOST = 100_000


class Account(Protocol):
    """Somebody who can write: a person or a bot."""

    @property
    def user_id(self) -> int:
        """The id, the same in every chat."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return the User object."""
        ...


@dataclass(slots=True, eq=False)
class Message:
    """A message in a chat."""

    chat: "Chat"
    message_id: int
    sender: Account
    date_s: int
    #: text and entities, or a medium with its caption
    content: dict[str, Any]
    inline_keyboard: dict[str, Any] | None = None
    reply_to: "Message | None" = None
    edit_date_s: int = 0
    is_deleted: bool = False
    #: A message that came with a keyboard below the chat can never be edited.
    had_reply_keyboard: bool = False
    #: media_group_id, forward_origin, has_protected_content and the like
    extra: dict[str, Any] = field(default_factory=dict)
    #: what stands behind it and is not shown: the invoice or the poll
    behind: object = None

    @property
    def text(self) -> str:
        """The text, or the caption of a medium."""
        text: str = self.content.get("text") or self.content.get("caption") or ""
        return text

    def as_json(self, *, with_reply: bool = True) -> dict[str, Any]:
        """Return the Message object; what it replies to is shown one level deep."""
        json: dict[str, Any] = {
            "message_id": self.message_id,
            "from": self.sender.as_json(),
            "chat": self.chat.as_json(),
            "date": self.date_s,
            **self.extra,
            **self.content,
        }
        if self.edit_date_s:
            json["edit_date"] = self.edit_date_s
        if with_reply and self.reply_to is not None and not self.reply_to.is_deleted:
            json["reply_to_message"] = self.reply_to.as_json(with_reply=False)
        if self.inline_keyboard:
            json["reply_markup"] = self.inline_keyboard
        return json


@dataclass(slots=True, eq=False)
class Chat:
    """A chat of one person with one bot, or a group."""

    chat_id: int
    kind: ChatKind
    #: title, or names of the person
    facts: dict[str, Any]
    #: the bot of a private chat; None in a group
    bot: BotAccount | None = None
    #: those that are there now: what is deleted is taken out
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int = 0
    #: user ids of those in the group
    member_ids: set[int] = field(default_factory=set)
    #: the keyboard below the chat, as it is shown now
    reply_keyboard: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the Chat object."""
        return {"id": self.chat_id, "type": self.kind, **self.facts}

    def next_message_id(self) -> int:
        """Return a message id that was never used."""
        if self.bot is not None:
            self.bot.last_private_message_id += 1
            return self.bot.last_private_message_id
        self.last_message_id += 1
        return self.last_message_id

    def add(self, message: Message) -> None:
        """Keep a message, and forget the oldest when there are too many."""
        self.messages[message.message_id] = message
        if len(self.messages) > MESSAGES_MOST:
            del self.messages[next(iter(self.messages))]

    def message(self, message_id: int) -> Message | None:
        """Return a message that is there, or None."""
        return self.messages.get(message_id)

    def visible(self) -> list[Message]:
        """Return the messages that are there now, the oldest first."""
        return list(self.messages.values())

    def newest_first(self) -> Iterator[Message]:
        """Return the messages that are there now, without copying a long chat."""
        return reversed(self.messages.values())
