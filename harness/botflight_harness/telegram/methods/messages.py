"""Sending and deleting messages, and showing what the bot is doing."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.clock import HOUR_MS
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.content import text_content
from botflight_harness.telegram.directly import direct_topic
from botflight_harness.telegram.entities import format_text
from botflight_harness.telegram.ephemeral import answer
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import Markup, read_markup
from botflight_harness.telegram.members import needed_permission
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.utf16 import utf16_length

DELETABLE_MS = 48 * HOUR_MS
DELETED_AT_ONCE_MOST = 100

#: What every send* method takes beside its content.
SENDING = (
    "business_connection_id chat_id message_thread_id direct_messages_topic_id ephemeral_message_parameters "
    "reply_markup reply_parameters protect_content message_effect_id"
)
#: What the refusal calls a content; a venue has a location too, and a live photo a photo.
_NOUNS = {
    "audio": "music",
    "animation": "animations",
    "checklist": "checklists",
    "contact": "contacts",
    "dice": "dice",
    "document": "documents",
    "game": "games",
    "invoice": "invoice messages",
    "paid_media": "paid media",
    "photo": "photos",
    "poll": "polls",
    "rich_message": "the rich message",
    "sticker": "stickers",
    "venue": "venues",
    "location": "locations",
    "video": "videos",
    "video_note": "video notes",
    "voice": "voice notes",
}

_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send_message(request: Request) -> dict[str, Any]:
    """Send a text."""
    content = text_content(request.formatted("text", "entities"))
    markup = read_markup(request.arguments.get("reply_markup"))
    return deliver(request, content, markup).as_json()


def deliver(request: Request, content: dict[str, Any], markup: Markup, *, album: str = "") -> Message:
    """Put a message of the bot into the chat that the call names."""
    chat = request.chat()
    extra = thread(request, chat)
    if request.arguments.flag("protect_content"):
        extra["has_protected_content"] = True
    if "ephemeral_message_parameters" in request.arguments:
        return _whisper(request, chat, content, markup, extra)
    check_sending(request, chat, content)
    if album:
        extra["media_group_id"] = album
    if "message_effect_id" in request.arguments and chat.kind == "private":
        extra["effect_id"] = request.arguments.text("message_effect_id")
    sender, said = request.sender()
    replied, shown = _replied(request, chat)
    message = request.world.post(chat, sender, content, markup=markup, reply_to=replied, extra=extra | said | shown)
    message.only_for = extra.get("direct_messages_topic", {}).get("topic_id", 0)
    if replied is not None and "message_thread_id" in replied.extra and chat.is_forum:
        message.extra |= {name: replied.extra[name] for name in ("message_thread_id", "is_topic_message")}
    return message


def _whisper(
    request: Request, chat: Chat, content: dict[str, Any], markup: Markup, extra: Mapping[str, Any]
) -> Message:
    parameters = request.arguments.get("ephemeral_message_parameters")
    replied = request.arguments.get("reply_parameters") or {}
    if not isinstance(parameters, Mapping) or not isinstance(replied, Mapping):
        raise NotModelled("ephemeral_message_parameters that are no object")
    if replied.keys() - {"ephemeral_message_id", "quote", "quote_parse_mode", "quote_entities"}:
        raise NotModelled(f"an ephemeral message with reply_parameters {dict(replied)}")
    return answer(request.world, request.bot, chat, content, markup, parameters, replied, extra)


def check_sending(request: Request, chat: Chat, content: Mapping[str, Any]) -> None:
    """Check that the bot may send this here. Raises Refusal."""
    if chat.kind == "private":
        return
    member = request.world.membership(chat, request.bot.user_id)
    if chat.kind == "channel":
        if member is None or not member.may("can_post_messages"):
            raise bad_request("need administrator rights in the channel chat")
        return
    needed = needed_permission(content)
    if member is None or member.is_administrator:
        return
    allowed = needed in member.permissions if member.status == "restricted" else chat.permissions.get(needed, False)
    if not allowed:
        noun = next((noun for kind, noun in _NOUNS.items() if kind in content), "text messages")
        raise bad_request(f"not enough rights to send {noun} to the chat")


def thread(request: Request, chat: Chat) -> dict[str, Any]:
    """Return what a message of a forum's topic carries. Raises Refusal when there is no such topic, or it is closed."""
    if chat.parent is not None:
        return _direct_topic(request, chat)
    number = request.arguments.integer("message_thread_id")
    if not number:
        return {}
    topic = chat.topics.get(number)
    if topic is None:
        raise bad_request("message thread not found")
    if topic.is_closed and not chat.may(request.bot.user_id, "can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
    return {"message_thread_id": number, "is_topic_message": True}


def _direct_topic(request: Request, chat: Chat) -> dict[str, Any]:
    number = request.arguments.integer("direct_messages_topic_id")
    person = request.world.people.get(number)
    if person is None or not any(message.only_for == number for message in chat.newest_first()):
        raise NotModelled("direct messages of a channel to somebody who has not written there")
    return {"direct_messages_topic": direct_topic(person)}


def _replied(request: Request, chat: Chat) -> tuple[Message | None, dict[str, Any]]:
    """Return the message that is replied to in this chat, and what else a reply shows."""
    parameters = request.arguments.get("reply_parameters")
    if not parameters:
        return None, {}
    if not isinstance(parameters, Mapping):
        raise bad_request("can't parse reply parameters JSON object")
    if parameters.keys() & {"ephemeral_message_id", "checklist_task_id", "poll_option_id"}:
        raise NotModelled(f"reply_parameters {dict(parameters)}")
    elsewhere = parameters.get("chat_id") not in {None, chat.chat_id}
    source = request.world.find_chat(request.bot, parameters["chat_id"]) if elsewhere else chat
    found = source.message(int(parameters.get("message_id", 0))) if source is not None else None
    if found is None:
        if parameters.get("allow_sending_without_reply"):
            return None, {}
        raise bad_request("message to be replied not found")
    shown = _quote(parameters, found)
    if not elsewhere:
        return found, shown
    external = {"origin": origin(found), "chat": found.chat.as_json(), "message_id": found.message_id}
    return None, shown | {"external_reply": external | _media(found)}


def _quote(parameters: Mapping[str, Any], found: Message) -> dict[str, Any]:
    if not parameters.get("quote"):
        return {}
    quote = format_text(
        str(parameters["quote"]),
        parse_mode=parameters.get("quote_parse_mode") or "",
        entities=parameters.get("quote_entities"),
    )
    at = found.text.find(quote.text)
    if at < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    shown: dict[str, Any] = {"text": quote.text, "position": utf16_length(found.text[:at]), "is_manual": True}
    return {"quote": shown | {"entities": list(quote.entities)} if quote.entities else shown}


def _media(found: Message) -> dict[str, Any]:
    known = ("animation", "audio", "document", "photo", "sticker", "video", "voice", "contact", "dice", "location")
    return {name: found.content[name] for name in known if name in found.content}


def origin(message: Message) -> dict[str, Any]:
    """Return the MessageOrigin object: where a message is from."""
    if "forward_origin" in message.extra:
        former: dict[str, Any] = message.extra["forward_origin"]
        return former
    if message.chat.kind == "channel":
        where = {"chat": message.chat.as_json(), "message_id": message.message_id}
        return {"type": "channel", "date": message.date_s, **where}
    return {"type": "user", "sender_user": message.sender.as_json(), "date": message.date_s}


def delete_message(request: Request) -> bool:
    """Delete a message that is not older than 48 hours."""
    message = request.message(purpose="delete")
    if not _may_delete(request, message):
        raise bad_request("message can't be deleted")
    request.world.remove(message)
    return True


def delete_messages(request: Request) -> bool:
    """Delete those of the messages that can be found and deleted."""
    numbers = request.arguments.get("message_ids")
    if not isinstance(numbers, list):
        raise bad_request("expected an Array of message identifiers")
    if len(numbers) > DELETED_AT_ONCE_MOST:
        raise bad_request("too many message identifiers specified")
    chat = request.chat()
    for number in numbers:
        message = chat.message(int(number))
        if message is not None and _may_delete(request, message):
            request.world.remove(message)
    return True


def _may_delete(request: Request, message: Message) -> bool:
    chat, bot_id = message.chat, request.bot.user_id
    if chat.kind != "private" and chat.may(bot_id, "can_delete_messages"):
        return True
    if request.world.clock.now_ms() - message.date_s * 1000 > DELETABLE_MS:
        return False
    return message.sender is request.bot or chat.kind == "private"


def send_chat_action(request: Request) -> bool:
    """Show for five seconds what the bot is doing."""
    action = request.arguments.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    request.world.tell("chat_action", request.chat(), details={"action": action})
    return True


METHODS = {
    "sendMessage": handler(send_message, f"{SENDING} text parse_mode entities"),
    "deleteMessage": handler(delete_message, "chat_id message_id"),
    "deleteMessages": handler(delete_messages, "chat_id message_ids"),
    "sendChatAction": handler(send_chat_action, "chat_id message_thread_id action"),
}
