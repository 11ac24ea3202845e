"""Sending, forwarding, copying and deleting messages, and showing what the bot is doing."""

from typing import Any

from botflight_harness.clock import HOUR_MS
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.entities import Formatted
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import Markup, read_markup
from botflight_harness.telegram.methods.request import Request, handler

TEXT_CHARACTERS_MOST = 4096
DELETABLE_MS = 48 * HOUR_MS
DELETED_AT_ONCE_MOST = 100

#: What every send* method takes beside its content.
SENDING = "chat_id reply_markup reply_parameters protect_content"

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


def text_content(formatted: Formatted) -> dict[str, Any]:
    """Return the content of a text message. Raises Refusal when it is empty or too long."""
    if not formatted.text:
        raise bad_request("message text is empty")
    if len(formatted.text) > TEXT_CHARACTERS_MOST:
        raise bad_request("message is too long")
    content: dict[str, Any] = {"text": formatted.text}
    if formatted.entities:
        content["entities"] = list(formatted.entities)
    return content


def deliver(request: Request, content: dict[str, Any], markup: Markup) -> Message:
    """Put a message of the bot into the chat that the call names."""
    chat = request.chat()
    extra = {"has_protected_content": True} if request.arguments.flag("protect_content") else {}
    return request.world.post(chat, request.bot, content, markup=markup, reply_to=_replied(request, chat), extra=extra)


def _replied(request: Request, chat: Chat) -> Message | None:
    parameters = request.arguments.get("reply_parameters")
    if not parameters:
        return None
    elsewhere = parameters.get("chat_id", chat.chat_id) != chat.chat_id
    if elsewhere or (parameters.keys() & {"quote", "ephemeral_message_id", "checklist_task_id"}):
        raise NotModelled(f"reply_parameters {parameters}")
    found = chat.message(int(parameters.get("message_id", 0)))
    if found is None and not parameters.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return found


def copy_message(request: Request) -> dict[str, Any]:
    """Send the content of a message anew, without saying where it is from."""
    source = _source(request, purpose="copy")
    content = dict(source.content)
    if "caption" in request.arguments and "text" not in content:
        formatted = request.formatted("caption", "caption_entities")
        content.pop("caption_entities", None)
        content["caption"] = formatted.text
        if formatted.entities:
            content["caption_entities"] = list(formatted.entities)
    copy = deliver(request, content, read_markup(request.arguments.get("reply_markup")))
    return {"message_id": copy.message_id}


def forward_message(request: Request) -> dict[str, Any]:
    """Send a message on, with where it is from."""
    source = _source(request, purpose="forward")
    chat = request.chat()
    origin = {"type": "user", "sender_user": source.sender.as_json(), "date": source.date_s}
    extra = {"forward_origin": source.extra.get("forward_origin", origin)}
    return request.world.post(chat, request.bot, dict(source.content), extra=extra).as_json()


def _source(request: Request, *, purpose: str) -> Message:
    chat = request.world.find_chat(request.bot, request.arguments.get("from_chat_id"))
    if chat is None:
        raise bad_request("chat not found")
    found = chat.message(request.arguments.integer("message_id"))
    if found is None:
        raise bad_request(f"message to {purpose} not found")
    return found


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
    if request.world.clock.now_ms() - message.date_s * 1000 > DELETABLE_MS:
        return False
    return message.sender is request.bot or message.chat.kind == "private"


def send_chat_action(request: Request) -> bool:
    """Show for five seconds what the bot is doing."""
    action = request.arguments.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    request.world.tell("chat_action", request.chat(), details={"action": action})
    return True


METHODS = {
    "sendMessage": handler(send_message, f"{SENDING} text parse_mode entities"),
    "copyMessage": handler(copy_message, f"{SENDING} from_chat_id message_id caption parse_mode caption_entities"),
    "forwardMessage": handler(forward_message, "chat_id from_chat_id message_id"),
    "deleteMessage": handler(delete_message, "chat_id message_id"),
    "deleteMessages": handler(delete_messages, "chat_id message_ids"),
    "sendChatAction": handler(send_chat_action, "chat_id action"),
}
