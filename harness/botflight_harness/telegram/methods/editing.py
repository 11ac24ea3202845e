"""Editing messages that the bot has sent."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram import objects
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.content import CAPTIONED, check_edited, check_sent, recaptioned, text_content
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.keyboards import Markup, check_place, read_markup
from botflight_harness.telegram.methods.albums import ALBUM_KINDS, ALONE
from botflight_harness.telegram.methods.media import input_media, media_kind
from botflight_harness.telegram.methods.request import Request, handler

_WHERE = "chat_id message_id reply_markup"
_EDITABLE_MEDIA = ("animation", "photo", "live_photo", "video", "audio", "document", "voice")
#: Of these more can be edited than the buttons.
_EDITABLE = CAPTIONED | {"checklist", "game", "rich_message", "text"}
#: What has one of these stays as it is.
_SETTLED = frozenset({"forward_origin", "is_paid_post"})
_PENDING = {"state": "pending"}
#: The period of a location that is live until it is stopped.
LIVE_FOREVER_S = 0x7FFFFFFF


def edit_message_text(request: Request) -> dict[str, Any] | bool:
    """Put another text in the place of the old one."""
    if "rich_message" in request.arguments:
        from botflight_harness.telegram.methods.rich import rich_content  # noqa: PLC0415 -- few bots need it

        content = rich_content(request)
    elif not request.arguments.text("text"):
        raise bad_request("message text is empty")
    else:
        content = text_content(request.formatted("text", "entities"))
    markup = _markup(request)
    message = editable(request)
    if "game" in message.content and "text" in content:
        kept = {name: value for name, value in message.content["game"].items() if name not in {"text", "text_entities"}}
        shown = {f"text_{name}" if name == "entities" else name: value for name, value in content.items()}
        return edit(request, message, {"game": kept | shown}, markup)
    if message.content.keys().isdisjoint({"text", "rich_message"}):
        raise bad_request("there is no text in the message to edit")
    return edit(request, message, content, markup)


def edit_message_caption(request: Request) -> dict[str, Any] | bool:
    """Put another caption below the medium; none takes it away."""
    markup = _markup(request)
    caption = request.formatted("caption", "caption_entities")
    message = editable(request)
    if message.content.keys().isdisjoint(CAPTIONED):
        raise bad_request("there is no caption in the message to edit")
    above = request.arguments.flag("show_caption_above_media")
    return edit(request, message, recaptioned(message.content, caption, above=above), markup)


def edit_message_media(request: Request) -> dict[str, Any] | bool:
    """Put another medium, with its caption, in the place of the old content."""
    markup = _markup(request)
    media = request.arguments.get("media")
    with objects.parsing("InputMedia"):
        kind = media_kind(request, media, _EDITABLE_MEDIA)
    message = editable(request, words="message media can't be edited")
    if not message.inline_message_id and message.content.keys().isdisjoint({*_EDITABLE_MEDIA, "rich_message", "text"}):
        raise bad_request("message media can't be edited")
    content = input_media(request, kind, media)
    check_sent(content)
    if "media_group_id" in message.extra:
        _check_album(message.content, kind)
    return edit(request, message, content, markup)


def _check_album(old: Mapping[str, Any], kind: str) -> None:
    """Check that another medium can stand in an album in the place of one. Raises Refusal."""
    if kind not in ALBUM_KINDS:
        raise bad_request("message content type can't be used in an album")
    former = next((alone for alone in ALONE if alone in old), "")
    if (former or kind in ALONE) and former != kind:
        raise bad_request("can't change media type in the album")


def edit_message_reply_markup(request: Request) -> dict[str, Any] | bool:
    """Put other buttons below the message; none takes them away."""
    markup = _markup(request)
    message = editable(request, only_buttons=True)
    return edit(request, message, message.content, markup)


def _markup(request: Request) -> Markup:
    return read_markup(request.arguments.get("reply_markup"))


def editable(request: Request, *, only_buttons: bool = False, words: str = "message can't be edited") -> Message:
    """Return the message that a call means to edit. Raises Refusal, in these words when the bot may not."""
    arguments = request.arguments
    if "chat_id" not in arguments and not arguments.integer("message_id"):
        return _inline(request)
    message = request.message(purpose="edit")
    check_editable(request, message, only_buttons=only_buttons, words=words)
    return message


def check_editable(request: Request, message: Message, *, only_buttons: bool = False, words: str) -> None:
    """Check that the bot may edit a message. Raises Refusal in these words."""
    if not _is_own(request, message) or _is_settled(message):
        raise bad_request(words)
    if not only_buttons and not _is_changeable(request, message):
        raise bad_request(words)


def _inline(request: Request) -> Message:
    number = request.arguments.text("inline_message_id")
    if not number:
        raise bad_request("message identifier is not specified")
    found = request.world.inline_messages.get(number)
    if found is None or found.via_bot is not request.bot or found.is_deleted:
        raise bad_request("MESSAGE_ID_INVALID")
    return found


def _is_own(request: Request, message: Message) -> bool:
    chat, bot = message.chat, request.bot
    if message.via_bot is not None:
        return message.via_bot is bot
    if chat.kind != "channel":
        return message.sender is bot
    is_posted = message.sender is bot and chat.may(bot.user_id, "can_post_messages")
    return is_posted or chat.may(bot.user_id, "can_edit_messages")


def _is_settled(message: Message) -> bool:
    """Tell whether a message stays as it is for anybody."""
    extra = message.extra
    if message.is_service or message.had_reply_keyboard or not extra.keys().isdisjoint(_SETTLED):
        return True
    return bool(extra.get("suggested_post_info", _PENDING)["state"] != "pending")


def _is_changeable(request: Request, message: Message) -> bool:
    """Tell whether more than the buttons of a message can be changed."""
    content = message.content
    if not content.keys().isdisjoint(_EDITABLE) or ("poll" in content and not content["poll"]["is_closed"]):
        return True
    live_s = content.get("location", {}).get("live_period", 0)
    age_ms = request.world.clock.now_ms() - message.date_s * SECOND_MS
    return bool(live_s) and (live_s == LIVE_FOREVER_S or age_ms < live_s * SECOND_MS)


def edit(request: Request, message: Message, content: dict[str, Any], markup: Markup) -> dict[str, Any] | bool:
    """Put the content into the message, with the buttons of the call; of an inline message nothing is returned."""
    if markup.reply is not None or markup.removes:
        raise bad_request("inline keyboard expected")
    check_place(markup, message.chat.kind)
    if content is not message.content:
        check_edited(content)
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
