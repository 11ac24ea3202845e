"""Sending on what is there: forwarded, with where it is from, or copied, without."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from botflight_harness.telegram import polls
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.content import CAPTION_FIELDS, CAPTIONED, recaptioned
from botflight_harness.telegram.errors import Refusal, bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.messages import (
    SENDING,
    check_content,
    check_writing,
    deliver,
    origin,
    place,
    thread,
)
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.polls import Poll

_NEVER_COPIED = frozenset({"invoice", "paid_media", "giveaway", "giveaway_winners"})


def copy_message(request: Request) -> dict[str, Any]:
    """Send the content of a message anew, without saying where it is from."""
    caption = request.formatted("caption", "caption_entities") if "caption" in request.arguments else None
    source = _source(request, purpose="copy")
    place(request)
    if not _may_copy(request, source):
        raise bad_request("the message can't be copied")
    content = dict(source.content)
    if caption is not None and not content.keys().isdisjoint(CAPTIONED):
        content = recaptioned(content, caption, above=request.arguments.flag("show_caption_above_media"))
    return {"message_id": _copy(request, source, content).message_id}


def copy_messages(request: Request) -> list[dict[str, Any]]:
    """Copy several messages; those that are gone or may not be copied are passed over."""
    drops_captions = request.arguments.flag("remove_caption")
    copied = []
    for source in _sources(request, _may_copy):
        kept = {name: value for name, value in source.content.items() if name not in CAPTION_FIELDS}
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


def forward_message(request: Request) -> dict[str, Any]:
    """Send a message on, with where it is from."""
    source = _source(request, purpose="forward")
    place(request)
    if not _may_forward(request, source):
        raise bad_request("the message can't be forwarded")
    return _forward(request, source).as_json()


def forward_messages(request: Request) -> list[dict[str, Any]]:
    """Forward several messages; those that are gone or may not be forwarded are passed over."""
    forwarded = [_forward(request, source) for source in _sources(request, _may_forward)]
    return [{"message_id": message.message_id} for message in forwarded]


def _forward(request: Request, source: Message) -> Message:
    chat = request.chat()
    extra = {**thread(request, chat), "forward_origin": origin(source)}
    if "media_group_id" in source.extra:
        extra["media_group_id"] = source.extra["media_group_id"]
    message = request.world.post(chat, request.bot, dict(source.content), extra=extra)
    if isinstance(source.behind, Poll):
        polls.place(request.world, source.behind, message)
    return message


def _sources(request: Request, may: Callable[[Request, Message], bool]) -> list[Message]:
    """Return those of the messages that are there and may go where the call says. Raises Refusal when none may."""
    numbers = request.message_ids()
    thread(request, request.known_chat())
    chat = request.readable_chat(request.arguments.get("from_chat_id"))
    found = [source for number in numbers if (source := chat.message(number)) is not None]
    if not found:
        raise bad_request("there are no messages to forward")
    check_writing(request, request.known_chat())
    if any(later.message_id <= earlier.message_id for earlier, later in pairwise(found)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    sources = [source for source in found if may(request, source)]
    if not sources:
        raise bad_request("messages can't be forwarded")
    return sources


def _source(request: Request, *, purpose: str) -> Message:
    found = request.readable_chat(request.arguments.get("from_chat_id")).message(
        request.arguments.integer("message_id")
    )
    if found is None:
        raise bad_request(f"message to {purpose} not found")
    return found


def _may_forward(request: Request, message: Message) -> bool:
    return "has_protected_content" not in message.extra and _may_go(request, message)


def _may_copy(request: Request, message: Message) -> bool:
    """Tell whether a message may be copied: what is protected too, as the protection holds for people."""
    if not _NEVER_COPIED.isdisjoint(message.content) or not _may_go(request, message):
        return False
    poll = message.behind
    return not isinstance(poll, Poll) or not poll.is_quiz or poll.bot is request.bot or poll.is_closed


def _may_go(request: Request, message: Message) -> bool:
    if message.is_service:
        return False
    try:
        check_content(request, request.known_chat(), message.content)
    except Refusal:
        return False
    return True


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
