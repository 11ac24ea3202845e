"""Chats with the messages in them, as Telegram keeps them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.files import StoredFile
from botflight_harness.telegram.members import OPEN_PERMISSIONS, Member

if TYPE_CHECKING:
    from botflight_harness.telegram.subscriptions import PaidMembership

ChatKind = Literal["private", "group", "supergroup", "channel"]

#: A chat keeps this many messages; the oldest are forgotten.
MESSAGES_MOST = 100_000


#: Content that nobody has written: it can be neither copied nor forwarded.
SERVICE = frozenset(
    {
        "chat_shared",
        "checklist_tasks_added",
        "checklist_tasks_done",
        "delete_chat_photo",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "gift",
        "left_chat_member",
        "new_chat_members",
        "new_chat_photo",
        "new_chat_title",
        "pinned_message",
        "refunded_payment",
        "successful_payment",
        "suggested_post_approval_failed",
        "suggested_post_approved",
        "suggested_post_declined",
        "suggested_post_paid",
        "suggested_post_refunded",
        "users_shared",
        "web_app_data",
    }
)
#: Who stands for anonymous administrators.
GROUP_ANONYMOUS_BOT = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
#: Who stands for a channel that writes elsewhere.
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


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
    #: the bot through which a person sent it, by inline mode
    via_bot: BotAccount | None = None
    inline_message_id: str = ""
    #: whom it is shown to; 0 is everybody in the chat
    only_for: int = 0
    #: for an ephemeral message, what it is called in its chat; its message_id is 0
    ephemeral_id: int = 0
    #: the message in whose place an ephemeral one is shown
    replaces: "Message | None" = None
    #: where an ephemeral message stands: after the message of this id
    after: int = 0
    #: ReactionType objects by user id
    reactions: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text, or the caption of a medium."""
        text: str = self.content.get("text") or self.content.get("caption") or ""
        return text

    def as_json(self, *, with_reply: bool = True) -> dict[str, Any]:
        """Return the Message object; what it replies to is shown one level deep."""
        json: dict[str, Any] = {
            "message_id": self.message_id,
            **self._sender(),
            "chat": self.chat.as_json(),
            "date": self.date_s,
            **self.extra,
            **self.content,
        }
        if self.via_bot is not None:
            json["via_bot"] = self.via_bot.as_json()
        if self.edit_date_s:
            json["edit_date"] = self.edit_date_s
        if with_reply and self.reply_to is not None and not self.reply_to.is_deleted:
            json["reply_to_message"] = self.reply_to.as_json(with_reply=False)
        if self.inline_keyboard:
            json["reply_markup"] = self.inline_keyboard
        return json

    @property
    def is_service(self) -> bool:
        """Whether it tells of an event, and was written by nobody."""
        return not SERVICE.isdisjoint(self.content)

    def _sender(self) -> dict[str, Any]:
        """Return who is shown as the writer: a channel speaks for itself, and so does an anonymous administrator."""
        if self.chat.kind == "channel":
            return {"sender_chat": self.chat.as_json()}
        if self.chat.parent is not None and self.sender.user_id != self.only_for:
            return {"from": CHANNEL_BOT, "sender_chat": self.chat.parent.as_json()}
        member = self.chat.members.get(self.sender.user_id)
        if member is not None and member.is_anonymous:
            return {"from": GROUP_ANONYMOUS_BOT, "sender_chat": self.chat.as_json()}
        if member is not None and (member.tag or member.custom_title):
            return {"from": self.sender.as_json(), "sender_tag": member.tag or member.custom_title}
        return {"from": self.sender.as_json()}


def _place(message: Message) -> tuple[int, int]:
    """Return where a message stands in its chat."""
    return (message.message_id or message.after, message.ephemeral_id)


@dataclass(slots=True)
class Topic:
    """A topic of a forum."""

    thread_id: int
    name: str
    icon_color: int
    icon_custom_emoji_id: str = ""
    is_closed: bool = False
    is_hidden: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the ForumTopic object."""
        topic = {"message_thread_id": self.thread_id, "name": self.name, "icon_color": self.icon_color}
        return topic | {"icon_custom_emoji_id": self.icon_custom_emoji_id} if self.icon_custom_emoji_id else topic


@dataclass(slots=True, eq=False)
class Chat:
    """A chat of one person with one bot, a group, or a channel."""

    chat_id: int
    kind: ChatKind
    #: title, username, is_forum, or names of the person
    facts: dict[str, Any]
    #: the bot of a private chat; None elsewhere
    bot: BotAccount | None = None
    #: those that are there now: what is deleted is taken out
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int = 0
    #: by user id: those that are in the group or channel, and those that were
    members: dict[int, Member] = field(default_factory=dict)
    #: what a plain member may do
    permissions: Mapping[str, bool] = field(default_factory=lambda: dict(OPEN_PERMISSIONS))
    #: message ids, the newest pin last
    pinned: list[int] = field(default_factory=list)
    description: str = ""
    photo: StoredFile | None = None
    #: the set of stickers that the group shows first
    sticker_set_name: str = ""
    #: whether its administrators may choose one: Telegram lets them in large groups
    can_set_sticker_set: bool = False
    #: channels that nobody may write in the name of
    banned_senders: set[int] = field(default_factory=set)
    #: topics of a forum by the id of their thread
    topics: dict[int, Topic] = field(default_factory=dict)
    #: user ids of those who have asked to come in without a link
    requests: set[int] = field(default_factory=set)
    #: the bot that decides who comes in, by queries of its own
    guard: BotAccount | None = None
    #: by user id: who pays to be in the channel
    paid_memberships: dict[int, "PaidMembership"] = field(default_factory=dict)
    #: what the channel has earned
    stars: int = 0
    #: ChatBoost objects by their id
    boosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: of a channel's direct messages: the channel
    parent: "Chat | None" = None
    #: messages that one person alone is shown, by their ephemeral ids
    ephemeral: dict[int, Message] = field(default_factory=dict)
    last_ephemeral_id: int = 0
    #: where the ids of messages come from, when several chats share them
    ids: Iterator[int] | None = None
    #: what the bot is still writing, by draft_id: whether it can be stopped, and until when it is shown
    drafts: dict[int, tuple[bool, int]] = field(default_factory=dict)
    #: the keyboard below the chat, as it is shown now
    reply_keyboard: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the Chat object."""
        return {"id": self.chat_id, "type": self.kind, **self.facts}

    @property
    def is_forum(self) -> bool:
        """Whether its messages lie in topics."""
        return bool(self.facts.get("is_forum"))

    def member(self, user_id: int) -> Member | None:
        """Return what somebody is in the chat, or None when they never were there."""
        return self.members.get(user_id)

    def has(self, user_id: int) -> bool:
        """Tell whether somebody is in the chat now."""
        member = self.members.get(user_id)
        return member is not None and member.is_here

    def is_administrator(self, user_id: int) -> bool:
        """Tell whether somebody runs the chat."""
        member = self.members.get(user_id)
        return member is not None and member.is_administrator

    def may(self, user_id: int, right: str) -> bool:
        """Tell whether somebody has the right of an administrator."""
        member = self.members.get(user_id)
        return member is not None and member.may(right)

    def next_message_id(self) -> int:
        """Return a message id that was never used."""
        if self.ids is not None:
            return next(self.ids)
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

    def seen_by(self, user_id: int) -> Iterable[Message]:
        """Return what somebody sees of the chat now, the newest first."""
        if self.parent is None and not self.ephemeral:
            return self.newest_first()
        mine = [message for message in self.ephemeral.values() if message.only_for == user_id]
        replaced = {message.replaces.message_id for message in mine if message.replaces is not None}
        shown = [
            message
            for message in self.messages.values()
            if message.only_for in {0, user_id} and message.message_id not in replaced
        ]
        return sorted([*shown, *mine], key=_place, reverse=True)
