"""Sending polls and quizzes, and stopping them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram import objects, polls
from botflight_harness.telegram.entities import Formatted, format_text
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.editing import check_editable
from botflight_harness.telegram.methods.messages import SENDING, deliver, place
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.polls import Option, Poll

QUESTION_CHARACTERS_MOST = 300
OPTION_CHARACTERS_MOST = 100
OPTIONS_MOST = 12
EXPLANATION_CHARACTERS_MOST = 200
OPEN_S_LEAST, OPEN_S_MOST = 5, 2_628_000


def send_poll(request: Request) -> dict[str, Any]:
    """Send a poll or a quiz."""
    poll = _poll(request)
    markup = read_markup(request.arguments.get("reply_markup"))
    message = deliver(request, {"poll": poll.as_json()}, markup)
    polls.place(request.world, poll, message)
    if "close_date" in poll.details and not poll.is_closed:
        world = request.world
        world.at(poll.details["close_date"] * SECOND_MS, lambda: _close_by_time(request, poll))
    return message.as_json()


def _close_by_time(request: Request, poll: Poll) -> None:
    polls.close(request.world, poll)


def _poll(request: Request) -> Poll:
    arguments = request.arguments
    question = request.formatted("question", "question_entities", parse_mode="question_parse_mode")
    options = _options(arguments.get("options"))
    kind = arguments.text("type") or "regular"
    if kind not in {"regular", "quiz"}:
        raise bad_request("unsupported poll type specified")
    is_quiz = kind == "quiz"
    correct = _numbers(arguments.get("correct_option_ids")) if is_quiz else ()
    chat = place(request)
    _check_texts(question, options)
    if is_quiz:
        _check_correct(correct, len(options))
    if arguments.flag("members_only") and chat.kind != "channel":
        raise bad_request("poll voters can be restricted only in channel chats")
    is_anonymous = arguments.flag("is_anonymous") if "is_anonymous" in arguments else True
    if chat.kind == "channel" and not is_anonymous:
        raise bad_request("non-anonymous polls can't be sent to channel chats")
    return Poll(
        str(request.world.random.randrange(10**17, 10**18)),
        request.bot,
        question.text,
        question.entities,
        options,
        is_anonymous=is_anonymous,
        is_quiz=is_quiz,
        allows_multiple_answers=arguments.flag("allows_multiple_answers"),
        allows_revoting=arguments.flag("allows_revoting") if "allows_revoting" in arguments else not is_quiz,
        members_only=arguments.flag("members_only"),
        correct_option_ids=correct,
        details=_details(request, is_quiz=is_quiz),
        is_closed=arguments.flag("is_closed"),
    )


def _options(given: object) -> tuple[Option, ...]:
    if not isinstance(given, list):
        raise bad_request("expected an Array of String as options")
    return tuple(_option(number, value) for number, value in enumerate(given))


def _option(number: int, value: object) -> Option:
    if isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, Mapping):
        raise bad_request("expected an option to be of type String")
    if value.get("media"):
        raise NotModelled("sendPoll with media in an option")
    with objects.refusing():
        text, parse_mode = objects.text(value, "text", required=True), objects.text(value, "text_parse_mode")
    formatted = format_text(text, parse_mode=parse_mode, entities=value.get("text_entities"))
    return Option(str(number), formatted.text, formatted.entities)


def _numbers(given: object) -> tuple[int, ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        raise bad_request("expected an Array of correct option identifiers")
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in given):
        raise bad_request("correct option identifier must be of type Number")
    return tuple(given)


def _check_texts(question: Formatted, options: Sequence[Option]) -> None:
    if not question.text:
        raise bad_request("text must be non-empty")
    if len(question.text) > QUESTION_CHARACTERS_MOST:
        raise bad_request(f"poll question length must not exceed {QUESTION_CHARACTERS_MOST}")
    if not options:
        raise bad_request("poll must have at least one answer option")
    if len(options) > OPTIONS_MOST:
        raise bad_request(f"poll can't have more than {OPTIONS_MOST} options")
    for option in options:
        if not option.text:
            raise bad_request("text must be non-empty")
        if len(option.text) > OPTION_CHARACTERS_MOST:
            raise bad_request(f"poll options length must not exceed {OPTION_CHARACTERS_MOST}")


def _check_correct(numbers: Sequence[int], count: int) -> None:
    if not numbers:
        raise bad_request("correct quiz option list must be non-empty")
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise bad_request("correct quiz option list must be increasing")
    if not all(0 <= number < count for number in numbers):
        raise bad_request("wrong quiz correct_option_id")


def _details(request: Request, *, is_quiz: bool) -> dict[str, Any]:
    arguments = request.arguments
    details: dict[str, Any] = {}
    if is_quiz and "explanation" in arguments:
        explained = request.formatted("explanation", "explanation_entities", parse_mode="explanation_parse_mode")
        if len(explained.text) > EXPLANATION_CHARACTERS_MOST:
            raise NotModelled(f"an explanation of more than {EXPLANATION_CHARACTERS_MOST} characters")
        details["explanation"] = explained.text
        details["explanation_entities"] = list(explained.entities)
    now_s = request.world.clock.now_ms() // SECOND_MS
    open_s = min(max(arguments.integer("open_period"), 0), OPEN_S_MOST) or max(
        arguments.integer("close_date") - now_s, 0
    )
    if open_s:
        if not OPEN_S_LEAST <= open_s <= OPEN_S_MOST:
            raise NotModelled(f"a poll that is open for {open_s} s")
        details |= {"open_period": open_s, "close_date": now_s + open_s}
    return details


def stop_poll(request: Request) -> dict[str, Any]:
    """Close a poll that the bot has sent, and return how it stands."""
    markup = read_markup(request.arguments.get("reply_markup"))
    message = request.known_chat().message(request.arguments.integer("message_id"))
    if message is None:
        raise bad_request("message with poll to stop not found")
    poll = message.behind
    if not isinstance(poll, Poll):
        raise bad_request("message is not a poll")
    check_editable(request, message, words="poll can't be stopped")
    if markup.reply is not None or markup.removes:
        raise bad_request("inline keyboard expected")
    message.inline_keyboard = markup.inline
    polls.close(request.world, poll)
    return poll.as_json()


METHODS = {
    "sendPoll": handler(
        send_poll,
        f"{SENDING} question question_parse_mode question_entities options is_anonymous type allows_multiple_answers "
        "allows_revoting members_only correct_option_ids explanation explanation_parse_mode explanation_entities "
        "open_period close_date is_closed",
    ),
    "stopPoll": handler(stop_poll, "chat_id message_id reply_markup"),
}
