"""Sending polls and quizzes, and stopping them."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram import polls
from botflight_harness.telegram.entities import format_text
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.messages import SENDING, deliver
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
    if not question.text:
        raise bad_request("poll question must be non-empty")
    if len(question.text) > QUESTION_CHARACTERS_MOST:
        raise bad_request(f"poll question length must not exceed {QUESTION_CHARACTERS_MOST}")
    kind = arguments.text("type", "regular")
    if kind not in {"regular", "quiz"}:
        raise bad_request("unsupported poll type specified")
    options = _options(request)
    is_quiz = kind == "quiz"
    several = arguments.flag("allows_multiple_answers")
    return Poll(
        str(request.world.random.randrange(10**17, 10**18)),
        request.bot,
        question.text,
        question.entities,
        options,
        is_anonymous=arguments.flag("is_anonymous") if "is_anonymous" in arguments else True,
        is_quiz=is_quiz,
        allows_multiple_answers=several,
        allows_revoting=arguments.flag("allows_revoting") if "allows_revoting" in arguments else not is_quiz,
        members_only=arguments.flag("members_only"),
        correct_option_ids=_correct(arguments.get("correct_option_ids"), len(options)) if is_quiz else (),
        details=_details(request, is_quiz=is_quiz),
        is_closed=arguments.flag("is_closed"),
    )


def _options(request: Request) -> tuple[Option, ...]:
    given = request.arguments.get("options")
    if not isinstance(given, list):
        raise bad_request("expected an Array of InputPollOption as options")
    if not given:
        raise bad_request("poll must have at least 1 option")
    if len(given) > OPTIONS_MOST:
        raise bad_request(f"poll can't have more than {OPTIONS_MOST} options")
    return tuple(_option(number, value) for number, value in enumerate(given))


def _option(number: int, value: object) -> Option:
    option = {"text": value} if isinstance(value, str) else value
    if not isinstance(option, Mapping) or "text" not in option:
        raise bad_request("can't parse InputPollOption: expected an Object")
    if option.get("media"):
        raise NotModelled("sendPoll with media in an option")
    formatted = format_text(
        str(option["text"]), parse_mode=option.get("text_parse_mode") or "", entities=option.get("text_entities")
    )
    if not formatted.text:
        raise bad_request("poll options must be non-empty")
    if len(formatted.text) > OPTION_CHARACTERS_MOST:
        raise bad_request(f"poll options length must not exceed {OPTION_CHARACTERS_MOST}")
    return Option(str(number), formatted.text, formatted.entities)


def _correct(given: object, count: int) -> tuple[int, ...]:
    if not isinstance(given, list) or not given:
        raise bad_request("quiz must have at least one correct option")
    if not all(isinstance(number, int) and 0 <= number < count for number in given):
        raise bad_request("wrong correct option ID specified")
    return tuple(given)


def _details(request: Request, *, is_quiz: bool) -> dict[str, Any]:
    arguments = request.arguments
    details: dict[str, Any] = {}
    if is_quiz and "explanation" in arguments:
        explained = request.formatted("explanation", "explanation_entities", parse_mode="explanation_parse_mode")
        if len(explained.text) > EXPLANATION_CHARACTERS_MOST:
            raise bad_request("poll explanation is too long")
        details["explanation"] = explained.text
        details["explanation_entities"] = list(explained.entities)
    now_s = request.world.clock.now_ms() // SECOND_MS
    open_s = arguments.integer("open_period") or max(arguments.integer("close_date") - now_s, 0)
    if open_s:
        if not OPEN_S_LEAST <= open_s <= OPEN_S_MOST:
            raise bad_request("poll can't be open for the time that was asked for")
        details |= {"open_period": open_s, "close_date": now_s + open_s}
    return details


def stop_poll(request: Request) -> dict[str, Any]:
    """Close a poll that the bot has sent, and return how it stands."""
    message = request.message(purpose="stop")
    poll = message.behind
    if not isinstance(poll, Poll):
        raise bad_request("message with poll to stop not found")
    if message.sender is not request.bot or poll.bot is not request.bot:
        raise bad_request("poll can't be stopped")
    if poll.is_closed:
        raise bad_request("poll has already been closed")
    message.inline_keyboard = read_markup(request.arguments.get("reply_markup")).inline
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
