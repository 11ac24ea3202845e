"""What Telegram brought, as far as the bot reads it: who, where, and what they did.

Read straight from the update's JSON. python-telegram-bot makes an object of every field instead: 112 of the 862 us that
an update took on the main thread, and another 35 to find its handler (measured; docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from botflight_service.bot.visit import Bill, Tap
from botflight_service.updates.envelope import Envelope

PRIVATE: Final = "private"
CHANNEL: Final = "channel"

#: Contents of a message that the bot has no use for, by the name that they go under in logs.
CONTENTS: Final = (
    "sticker",
    "voice",
    "video",
    "video_note",
    "animation",
    "audio",
    "document",
    "location",
    "contact",
    "poll",
    "dice",
    "story",
)
#: What a message holds that Telegram writes itself (Bot API 10.3); nobody waits for an answer to it.
SERVICE: Final = frozenset(
    {
        "boost_added",
        "channel_chat_created",
        "chat_background_set",
        "chat_owner_changed",
        "chat_owner_left",
        "chat_shared",
        "checklist_tasks_added",
        "checklist_tasks_done",
        "community_chat_added",
        "community_chat_joined",
        "community_chat_removed",
        "connected_website",
        "delete_chat_photo",
        "direct_message_price_changed",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "gift",
        "gift_upgrade_sent",
        "giveaway_completed",
        "giveaway_created",
        "group_chat_created",
        "left_chat_member",
        "managed_bot_created",
        "message_auto_delete_timer_changed",
        "migrate_from_chat_id",
        "migrate_to_chat_id",
        "new_chat_members",
        "new_chat_photo",
        "new_chat_title",
        "paid_message_price_changed",
        "pinned_message",
        "poll_option_added",
        "poll_option_deleted",
        "proximity_alert_triggered",
        "suggested_post_approval_failed",
        "suggested_post_approved",
        "suggested_post_declined",
        "suggested_post_paid",
        "suggested_post_refunded",
        "supergroup_chat_created",
        "unique_gift",
        "users_shared",
        "video_chat_ended",
        "video_chat_participants_invited",
        "video_chat_scheduled",
        "video_chat_started",
        "web_app_data",
        "write_access_allowed",
    }
)
_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update of somebody, in a chat."""

    user_id: int
    #: IETF language tag of the user's app; None where Telegram does not say.
    language_code: str | None
    chat_id: int
    #: `private`, `group`, `supergroup` or `channel`.
    chat_type: str
    #: When a message was sent, in seconds since 1970; None for what Telegram does not date.
    dated_s: int | None
    #: The message, or the callback query, as Telegram sent it.
    content: Mapping[str, Any]

    @property
    def private(self) -> bool:
        """Whether nobody else reads along."""
        return self.chat_type == PRIVATE

    @property
    def tap(self) -> Tap:
        """What was tapped. For callback queries."""
        message = _object(self.content, "message")
        # Too old to be read (its date is 0), it cannot be drawn over; the message of a file has no text to draw over.
        editable = bool(message.get("date")) and "text" in message
        return Tap(
            data=_text(self.content, "data") or "", message_id=_id(message, "message_id") or 0, editable=editable
        )

    @property
    def words(self) -> str | None:
        """The text of a message, or the caption of its file."""
        text = _text(self.content, "text")
        return text if text is not None else _text(self.content, "caption")

    @property
    def photo_file_id(self) -> str | None:
        """The largest size of a photo."""
        sizes = self.content.get("photo")
        return _text(sizes[-1], "file_id") if isinstance(sizes, list) and sizes else None

    @property
    def command(self) -> tuple[str, tuple[str, ...]] | None:
        """The command that a message begins with, without slash and bot name, and the words after it."""
        text, entities = _text(self.content, "text"), self.content.get("entities")
        if text is None or not isinstance(entities, list) or not entities:
            return None
        if entities[0].get("type") != "bot_command" or entities[0].get("offset") != 0:
            return None
        words = text.split()
        if not words:
            return None
        return words[0][1:].partition("@")[0].lower(), tuple(words[1:])

    @property
    def mentions(self) -> list[str]:
        """The names, with @, that a text mentions."""
        text, entities = _text(self.content, "text"), self.content.get("entities")
        if text is None or not isinstance(entities, list):
            return []
        # Telegram counts in units of UTF-16.
        units = text.encode("utf-16-le")
        return [
            units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le", "replace")
            for entity in entities
            if entity.get("type") == "mention"
        ]

    @property
    def replied_to(self) -> int | None:
        """The id of whose message this one replies to."""
        return _id(_object(_object(self.content, "reply_to_message"), "from"), "id")

    @property
    def is_service(self) -> bool:
        """Whether Telegram wrote the message itself."""
        if SERVICE.isdisjoint(self.content):
            return False
        # python-telegram-bot, which fetches updates where none are delivered, writes some that are not there as false.
        return any(self.content[name] for name in SERVICE & self.content.keys())

    @property
    def what(self) -> str:
        """The name of a content that the bot has no use for."""
        return next((name for name in CONTENTS if name in self.content), "message")

    def bill(self, name: str) -> Bill | None:
        """Read a `successful_payment` or a `refunded_payment`; None where there is none."""
        told = self.content.get(name)
        if not isinstance(told, dict):
            return None
        return Bill(
            charge_id=told["telegram_payment_charge_id"],
            currency=told["currency"],
            total=told["total_amount"],
            payload=told["invoice_payload"],
        )


def content_of(envelope: Envelope) -> Mapping[str, Any]:
    """The object that an update is about."""
    return _object(orjson.loads(envelope.payload), envelope.kind)


def arrival_of(envelope: Envelope) -> Arrival | None:
    """Read a message or a callback query; None where nobody sent it, or where it belongs to no chat."""
    content = content_of(envelope)
    message = _object(content, "message") if envelope.kind == "callback_query" else content
    user, chat = _object(content, "from"), _object(message, "chat")
    user_id, chat_id, chat_type = _id(user, "id"), _id(chat, "id"), _text(chat, "type")
    if user_id is None or chat_id is None or chat_type is None:
        return None
    dated_s = _id(content, "date")
    return Arrival(user_id, _text(user, "language_code"), chat_id, chat_type, dated_s, content)


def query_id_of(envelope: Envelope) -> str | None:
    """The id by which a tap is answered; None for what is no tap."""
    return _text(content_of(envelope), "id") if envelope.kind == "callback_query" else None


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else _NOTHING


def _id(holder: Mapping[str, Any], name: str) -> int | None:
    found = holder.get(name)
    return found if isinstance(found, int) else None


def _text(holder: Mapping[str, Any], name: str) -> str | None:
    found = holder.get(name)
    return found if isinstance(found, str) else None
