"""Editing messages that the bot has sent."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.content import CAPTION_CHARACTERS_MOST, text_content
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.media import KINDS, input_media
from botflight_harness.telegram.methods.request import Request, handler

_WHERE = "chat_id message_id reply_markup"
_CAPTION_FIELDS = ("caption", "caption_entities", "show_caption_above_media")
_EDITABLE_MEDIA = ("animation", "photo", "live_photo", "video", "audio", "document", "voice")


def edit_message_text(request: Request) -> dict[str, Any] | bool:
    """Put another text in the place of the old one."""
    if "rich_message" in request.arguments:
        from botflight_harness.telegram.methods.rich import rich_content  # noqa: PLC0415 -- few bots need it

        content = rich_content(request)
    elif "text" not in request.arguments:
        raise bad_request("message text is empty")
    else:
        content = text_content(request.formatted("text", "entities"))
    message = editable(request)
    if "game" in message.content and "text" in content:
        kept = {name: value for name, value in message.content["game"].items() if name not in {"text", "text_entities"}}
        shown = {f"text_{name}" if name == "entities" else name: value for name, value in content.items()}
        return edit(request, message, {"game": kept | shown})
    if message.content.keys().isdisjoint({"text", "rich_message"}):
        raise bad_request("there is no text in the message to edit")
    return edit(request, message, content)


def edit_message_caption(request: Request) -> dict[str, Any] | bool:
    """Put another caption below the medium; none takes it away."""
    message = editable(request)
    if not any(kind in message.content for kind in KINDS):
        raise bad_request("there is no caption in the message to edit")
    return edit(request, message, captioned(request, message))


def captioned(request: Request, message: Message) -> dict[str, Any]:
    """Return the content of a message with the caption of a call. Raises Refusal when that is too long."""
    formatted = request.formatted("caption", "caption_entities")
    if len(formatted.text) > CAPTION_CHARACTERS_MOST:
        raise bad_request("message caption is too long")
    content = {name: value for name, value in message.content.items() if name not in _CAPTION_FIELDS}
    if formatted.text:
        content["caption"] = formatted.text
    if formatted.entities:
        content["caption_entities"] = list(formatted.entities)
    if request.arguments.flag("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def edit_message_media(request: Request) -> dict[str, Any] | bool:
    """Put another medium, with its caption, in the place of the old content."""
    media = request.arguments.get("media")
    if not isinstance(media, Mapping):
        raise bad_request("can't parse input media JSON object")
    kind = str(media.get("type", ""))
    if kind not in _EDITABLE_MEDIA:
        raise bad_request(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    return edit(request, editable(request), input_media(request, kind, media))


def edit_message_reply_markup(request: Request) -> dict[str, Any] | bool:
    """Put other buttons below the message; none takes them away."""
    message = editable(request)
    return edit(request, message, message.content)


def editable(request: Request) -> Message:
    """Return the message that a call means to edit. Raises Refusal when the bot may not."""
    if "inline_message_id" in request.arguments:
        found = request.world.inline_messages.get(request.arguments.text("inline_message_id"))
        if found is None or found.via_bot is not request.bot or found.is_deleted:
            raise bad_request("MESSAGE_ID_INVALID")
        return found
    if "chat_id" not in request.arguments:
        raise bad_request("chat_id is empty")
    message = request.message(purpose="edit")
    may_edit = message.chat.kind == "channel" and message.chat.may(request.bot.user_id, "can_edit_messages")
    if message.is_service or not (message.sender is request.bot or may_edit):
        raise bad_request("message can't be edited")
    if message.had_reply_keyboard or not message.extra.keys().isdisjoint({"forward_origin", "is_paid_post"}):
        raise bad_request("message can't be edited")
    return message


def edit(request: Request, message: Message, content: dict[str, Any]) -> dict[str, Any] | bool:
    """Put the content into the message, with the buttons of the call; of an inline message nothing is returned."""
    markup = read_markup(request.arguments.get("reply_markup"))
    if markup.reply is not None or markup.removes:
        raise bad_request("inline keyboard expected")
    if content == message.content and markup.inline == message.inline_keyboard:
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    request.world.change(message, content, inline_keyboard=markup.inline)
    return True if message.inline_message_id else message.as_json()


METHODS = {
    "editMessageText": handler(edit_message_text, f"{_WHERE} inline_message_id text parse_mode entities rich_message"),
    "editMessageCaption": handler(
        edit_message_caption,
        f"{_WHERE} inline_message_id caption parse_mode caption_entities show_caption_above_media",
    ),
    "editMessageMedia": handler(edit_message_media, f"{_WHERE} inline_message_id media"),
    "editMessageReplyMarkup": handler(edit_message_reply_markup, f"{_WHERE} inline_message_id"),
}
