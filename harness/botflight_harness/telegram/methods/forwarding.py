"""Sending on what is there: forwarded, with where it is from, or copied, without."""

from itertools import pairwise
from typing import Any

from botflight_harness.telegram import polls
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.content import CAPTION_CHARACTERS_MOST
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.messages import SENDING, check_sending, deliver, origin, thread
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.polls import Poll

AT_ONCE_MOST = 100

_CAPTION_FIELDS = ("caption", "caption_entities", "show_caption_above_media")


def copy_message(request: Request) -> dict[str, Any]:
    """Send the content of a message anew, without saying where it is from."""
    source = _source(request, request.arguments.integer("message_id"))
    if source is None:
        raise bad_request("message to copy not found")
    if not _may_copy(request, source):
        raise bad_request("message can't be copied")
    content = dict(source.content)
    if "caption" in request.arguments and "text" not in content:
        content = _with_caption(request, content)
    return {"message_id": _copy(request, source, content).message_id}


def copy_messages(request: Request) -> list[dict[str, Any]]:
    """Copy several messages; those that are gone or may not be copied are passed over."""
    drops_captions = request.arguments.flag("remove_caption")
    copied = []
    for source in _sources(request):
        if _may_copy(request, source):
            kept = {name: value for name, value in source.content.items() if name not in _CAPTION_FIELDS}
            copied.append(_copy(request, source, kept if drops_captions else dict(source.content)))
    return [{"message_id": message.message_id} for message in copied]


def _copy(request: Request, source: Message, content: dict[str, Any]) -> Message:
    markup = read_markup(request.arguments.get("reply_markup"))
    if isinstance(source.behind, Poll):
        poll = _fresh(request, source.behind)
        copy = deliver(request, {"poll": poll.as_json()}, markup)
        polls.place(request.world, poll, copy)
        return copy
    return deliver(request, content, markup)


def _fresh(request: Request, poll: Poll) -> Poll:
    """Return the same poll without its votes, as the bot's own."""
    return Poll(
        str(request.world.random.randrange(10**17, 10**18)),
        request.bot,
        poll.question,
        poll.question_entities,
        poll.options,
        is_anonymous=poll.is_anonymous,
        is_quiz=poll.is_quiz,
        allows_multiple_answers=poll.allows_multiple_answers,
        allows_revoting=poll.allows_revoting,
        members_only=poll.members_only,
        correct_option_ids=poll.correct_option_ids,
        details=dict(poll.details),
    )


def _with_caption(request: Request, content: dict[str, Any]) -> dict[str, Any]:
    formatted = request.formatted("caption", "caption_entities")
    if len(formatted.text) > CAPTION_CHARACTERS_MOST:
        raise bad_request("message caption is too long")
    content = {name: value for name, value in content.items() if name not in _CAPTION_FIELDS}
    if formatted.text:
        content["caption"] = formatted.text
    if formatted.entities:
        content["caption_entities"] = list(formatted.entities)
    return content


def forward_message(request: Request) -> dict[str, Any]:
    """Send a message on, with where it is from."""
    source = _source(request, request.arguments.integer("message_id"))
    if source is None:
        raise bad_request("message to forward not found")
    if not _may_forward(source):
        raise bad_request("message can't be forwarded")
    return _forward(request, source).as_json()


def forward_messages(request: Request) -> list[dict[str, Any]]:
    """Forward several messages; those that are gone or may not be forwarded are passed over."""
    forwarded = [_forward(request, source) for source in _sources(request) if _may_forward(source)]
    return [{"message_id": message.message_id} for message in forwarded]


def _forward(request: Request, source: Message) -> Message:
    chat = request.chat()
    check_sending(request, chat, source.content)
    extra = {**thread(request, chat), "forward_origin": origin(source)}
    if "media_group_id" in source.extra:
        extra["media_group_id"] = source.extra["media_group_id"]
    message = request.world.post(chat, request.bot, dict(source.content), extra=extra)
    if isinstance(source.behind, Poll):
        polls.place(request.world, source.behind, message)
    return message


def _sources(request: Request) -> list[Message]:
    numbers = request.arguments.get("message_ids")
    if not isinstance(numbers, list) or not numbers:
        raise bad_request("message identifiers are not specified")
    if len(numbers) > AT_ONCE_MOST:
        raise bad_request("too many message identifiers specified")
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    found = [_source(request, int(number)) for number in numbers]
    sources = [source for source in found if source is not None]
    if not sources:
        raise bad_request("there are no messages to forward or copy")
    return sources


def _source(request: Request, number: int) -> Message | None:
    chat = request.world.find_chat(request.bot, request.arguments.get("from_chat_id"))
    if chat is None or not _may_read(request, chat):
        raise bad_request("chat not found")
    return chat.message(number)


def _may_read(request: Request, chat: Chat) -> bool:
    return chat.kind == "private" or chat.has(request.bot.user_id) or "username" in chat.facts


def _may_forward(message: Message) -> bool:
    return not message.is_service and "has_protected_content" not in message.extra


def _may_copy(request: Request, message: Message) -> bool:
    if not _may_forward(message) or "invoice" in message.content:
        return False
    poll = message.behind
    return not isinstance(poll, Poll) or not poll.is_quiz or poll.bot is request.bot or poll.is_closed


METHODS = {
    "copyMessage": handler(
        copy_message, f"{SENDING} from_chat_id message_id caption parse_mode caption_entities show_caption_above_media"
    ),
    "copyMessages": handler(
        copy_messages, "chat_id message_thread_id from_chat_id message_ids protect_content remove_caption"
    ),
    "forwardMessage": handler(forward_message, "chat_id message_thread_id from_chat_id message_id protect_content"),
    "forwardMessages": handler(forward_messages, "chat_id message_thread_id from_chat_id message_ids protect_content"),
}
