"""Sending and deleting messages, and showing what the bot is doing."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.clock import HOUR_MS, SECOND_MS
from botflight_harness.telegram import objects
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.content import check_sent, text_content
from botflight_harness.telegram.directly import direct_topic
from botflight_harness.telegram.entities import format_text
from botflight_harness.telegram.ephemeral import answer
from botflight_harness.telegram.errors import NotModelled, Refusal, bad_request
from botflight_harness.telegram.keyboards import Markup, check_place, read_markup
from botflight_harness.telegram.members import needed_permission
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.parameters import peer_id
from botflight_harness.telegram.utf16 import utf16_length

DELETABLE_MS = 48 * HOUR_MS
#: A die in a private chat stays for as long as this.
DICE_MS = 24 * HOUR_MS

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
    """Put a message of the bot into the chat that the call names.

    Raises Refusal, for the first of what is wrong in the order in which the official server looks.
    """
    parameters, number = read_reply(request)
    chat = request.known_chat()
    extra = thread(request, chat)
    if request.arguments.flag("protect_content"):
        extra["has_protected_content"] = True
    if "ephemeral_message_parameters" in request.arguments:
        return _whisper(request, chat, content, markup, extra)
    replied, shown = _replied(request, chat, parameters, number) if number > 0 else (None, {})
    if chat.kind != "private":
        check_writing(request, chat)
        check_place(markup, chat.kind)
    check_sent(content)
    check_content(request, chat, content)
    if chat.kind == "private":
        request.check_not_blocked(chat)
    if album:
        extra["media_group_id"] = album
    if "message_effect_id" in request.arguments and chat.kind == "private":
        extra["effect_id"] = request.arguments.text("message_effect_id")
    sender, said = request.sender()
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


def place(request: Request) -> Chat:
    """Return the chat that a call means to send to, where the bot may write. Raises Refusal."""
    read_reply(request)
    chat = request.known_chat()
    thread(request, chat)
    check_writing(request, chat)
    return chat


def check_writing(request: Request, chat: Chat) -> None:
    """Check that the bot may send anything here. Raises Refusal."""
    if chat.kind == "channel" and not chat.may(request.bot.user_id, "can_post_messages"):
        raise bad_request("need administrator rights in the channel chat")


def check_content(request: Request, chat: Chat, content: Mapping[str, Any]) -> None:
    """Check that the bot may send this here. Raises Refusal."""
    if chat.kind in {"private", "channel"}:
        return
    member = request.world.membership(chat, request.bot.user_id)
    needed = needed_permission(content)
    if member is None or member.is_administrator:
        return
    allowed = needed in member.permissions if member.status == "restricted" else chat.permissions.get(needed, False)
    if not allowed:
        raise bad_request(f"not enough rights to send {_noun(content)} to the chat")


def _noun(content: Mapping[str, Any]) -> str:
    if "live_period" in content.get("location", ()):
        return "live locations"
    return next((noun for kind, noun in _NOUNS.items() if kind in content), "text messages")


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


def read_reply(request: Request) -> tuple[Mapping[str, Any], int]:
    """Return the parameters of a reply, and the number of the message; 0 for none. Raises Refusal."""
    parameters = request.arguments.get("reply_parameters")
    if parameters is None:
        return {}, 0
    if not isinstance(parameters, Mapping):
        raise bad_request("object expected as reply parameters")
    if not parameters:
        return {}, 0
    with objects.refusing():
        return parameters, objects.integer(parameters, "message_id", required="ephemeral_message_id" not in parameters)


def _replied(
    request: Request, chat: Chat, parameters: Mapping[str, Any], number: int
) -> tuple[Message | None, dict[str, Any]]:
    """Return the message that is replied to in this chat, and what else a reply shows."""
    if parameters.keys() & {"ephemeral_message_id", "checklist_task_id", "poll_option_id"}:
        raise NotModelled(f"reply_parameters {dict(parameters)}")
    peer = peer_id(parameters.get("chat_id") or chat.chat_id)
    elsewhere = peer != chat.chat_id
    found = (request.readable_chat(peer) if elsewhere else chat).message(number)
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
    refused = _deletion_refused(request, message)
    if refused is not None:
        raise refused
    request.world.remove(message)
    return True


def delete_messages(request: Request) -> bool:
    """Delete those of the messages that can be found: all of them, or none where one cannot be deleted."""
    numbers = request.message_ids()
    chat = request.known_chat()
    found = [message for number in numbers if (message := chat.message(number)) is not None]
    for message in found:
        refused = _deletion_refused(request, message)
        if refused is not None:
            raise refused
    for message in found:
        request.world.remove(message)
    return True


def _deletion_refused(request: Request, message: Message) -> Refusal | None:
    """Return why the bot may not delete a message, or None."""
    chat, bot_id = message.chat, request.bot.user_id
    age_ms = request.world.clock.now_ms() - message.date_s * SECOND_MS
    if chat.kind == "private":
        kept = age_ms > DELETABLE_MS or ("dice" in message.content and age_ms < DICE_MS)
        return bad_request("message can't be deleted for everyone") if kept else None
    if age_ms >= DELETABLE_MS or "forum_topic_created" in message.content:
        return bad_request("message can't be deleted")
    may_all = chat.parent is not None or chat.may(bot_id, "can_delete_messages")
    may_own = message.sender is request.bot and (
        chat.may(bot_id, "can_post_messages") if chat.kind == "channel" or message.is_service else True
    )
    return None if may_all or may_own else bad_request("message can't be deleted")


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
