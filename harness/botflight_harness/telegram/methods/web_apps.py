"""What bots do for Mini Apps: sending in somebody's name, and preparing what they may send."""

from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.inline import inline_content
from botflight_harness.telegram.keyboards import read_reply_button
from botflight_harness.telegram.methods.inline import read_result
from botflight_harness.telegram.methods.request import Request, handler

_TARGETS = {"user": "user", "bot": "private", "group": "supergroup", "channel": "channel"}
#: What may be asked of somebody from within a page.
_QUESTIONS = ("request_users", "request_chat", "request_managed_bot")


def answer_web_app_query(request: Request) -> dict[str, Any]:
    """Send a message in the name of who has a Mini App open, once."""
    world, bot = request.world, request.bot
    result = read_result(request.arguments.get("result"))
    app = world.web_apps.get(request.arguments.text("web_app_query_id"))
    if app is None or app.bot is not bot or not app.query_id or app.is_answered:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    content, keyboard = inline_content(world, bot, result)
    app.is_answered = True
    act = world.people[app.user_id].send_content(content, where=bot, via=bot, inline_keyboard=keyboard)
    number = act.message.inline_message_id if act.message is not None else ""
    return {"inline_message_id": number} if number else {}


def save_prepared_inline_message(request: Request) -> dict[str, Any]:
    """Keep a message that somebody may send from within a Mini App."""
    arguments = request.arguments
    result = read_result(arguments.get("result"))
    user_id = request.user().user_id
    kinds = frozenset(kind for name, kind in _TARGETS.items() if arguments.flag(f"allow_{name}_chats"))
    if not kinds:
        raise bad_request("at least one chat type must be allowed")
    content, keyboard = inline_content(request.world, request.bot, result)
    now_ms = request.world.clock.now_ms()
    made = request.world.web_apps.prepare(request.bot, user_id, content, keyboard=keyboard, kinds=kinds, now_ms=now_ms)
    return {"id": made.prepared_id, "expiration_date": made.until_ms // SECOND_MS}


def save_prepared_keyboard_button(request: Request) -> dict[str, Any]:
    """Keep a question for people or a chat that a Mini App may ask."""
    button = read_reply_button(request.arguments.get("button"))
    user_id = request.user().user_id
    if not any(name in button for name in _QUESTIONS):
        raise NotModelled(f"savePreparedKeyboardButton with a button that is none of {', '.join(_QUESTIONS)}")
    now_ms = request.world.clock.now_ms()
    made = request.world.web_apps.prepare(request.bot, user_id, button, now_ms=now_ms)
    return {"id": made.prepared_id}


METHODS = {
    "answerWebAppQuery": handler(answer_web_app_query, "web_app_query_id result"),
    "savePreparedInlineMessage": handler(
        save_prepared_inline_message,
        "user_id result allow_user_chats allow_bot_chats allow_group_chats allow_channel_chats",
    ),
    "savePreparedKeyboardButton": handler(save_prepared_keyboard_button, "user_id button"),
}
