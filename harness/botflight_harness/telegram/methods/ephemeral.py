"""Editing and deleting ephemeral messages that the bot has sent."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.content import (
    CAPTIONED,
    caption_of,
    check_edited,
    media_content,
    recaptioned,
    text_content,
)
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.media import find_file
from botflight_harness.telegram.methods.request import Request, handler

_WHERE = "chat_id receiver_user_id ephemeral_message_id reply_markup"
_MEDIA = ("animation", "photo", "video", "audio", "document")


def edit_text(request: Request) -> bool:
    """Put another text in the place of the old one."""
    if not request.arguments.text("text"):
        raise bad_request("message text is empty")
    content = text_content(request.formatted("text", "entities"))
    message = _message(request)
    if "text" not in message.content:
        raise NotModelled("editEphemeralMessageText of a message without a text")
    return _edit(request, message, content)


def edit_caption(request: Request) -> bool:
    """Put another caption below the medium; none takes it away."""
    caption = request.formatted("caption", "caption_entities")
    message = _message(request)
    if message.content.keys().isdisjoint(CAPTIONED):
        raise NotModelled("editEphemeralMessageCaption of a message without a medium")
    above = request.arguments.flag("show_caption_above_media")
    return _edit(request, message, recaptioned(message.content, caption, above=above))


def edit_media(request: Request) -> bool:
    """Put another medium, with its caption, in the place of the old content."""
    media = request.arguments.get("media")
    if not isinstance(media, Mapping):
        raise bad_request("can't parse input media JSON object")
    kind = str(media.get("type", ""))
    if kind not in _MEDIA:
        raise bad_request("invalid message content type specified")
    if request.arguments.upload(media.get("media")) is not None:
        raise bad_request("file upload isn't allowed")
    message = _message(request)
    stored = find_file(request, kind, media.get("media"))
    return _edit(request, message, media_content(stored, caption_of(media), media))


def edit_reply_markup(request: Request) -> bool:
    """Put other buttons below the message; none takes them away."""
    message = _message(request)
    return _edit(request, message, message.content)


def delete(request: Request) -> bool:
    """Delete an ephemeral message."""
    message = _message(request)
    message.is_deleted = True
    del message.chat.ephemeral[message.ephemeral_id]
    request.world.tell("message_deleted", message.chat, message=message)
    return True


def _message(request: Request) -> Message:
    chat, arguments = request.chat(), request.arguments
    found = chat.ephemeral.get(arguments.integer("ephemeral_message_id"))
    if found is None or found.sender is not request.bot or found.only_for != arguments.integer("receiver_user_id"):
        raise NotModelled(f"{arguments.method.name} of a message that is not there, or of somebody else")
    return found


def _edit(request: Request, message: Message, content: dict[str, Any]) -> bool:
    markup = read_markup(request.arguments.get("reply_markup"))
    if markup.reply is not None or markup.removes:
        raise bad_request("inline keyboard expected")
    if content is not message.content:
        check_edited(content)
    if content == message.content and markup.inline == message.inline_keyboard:
        raise NotModelled(f"{request.arguments.method.name} that changes nothing")
    request.world.change(message, content, inline_keyboard=markup.inline)
    return True


METHODS = {
    "editEphemeralMessageText": handler(edit_text, f"{_WHERE} text parse_mode entities"),
    "editEphemeralMessageCaption": handler(
        edit_caption, f"{_WHERE} caption parse_mode caption_entities show_caption_above_media"
    ),
    "editEphemeralMessageMedia": handler(edit_media, f"{_WHERE} media"),
    "editEphemeralMessageReplyMarkup": handler(edit_reply_markup, _WHERE),
    "deleteEphemeralMessage": handler(delete, "chat_id receiver_user_id ephemeral_message_id"),
}
