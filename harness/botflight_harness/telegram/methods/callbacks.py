"""Answering the taps on inline buttons."""

import re

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.updates import KEPT_QUERY_MS

ANSWER_CHARACTERS_MOST = 200

_OWN_LINK = re.compile(r"(?:(?:https?://)?(?:t|telegram)\.me/|tg://resolve\?domain=)(\w+)", re.IGNORECASE)


def answer_callback_query(request: Request) -> bool:
    """End the waiting of who tapped, with a text or without, once and in time."""
    text = request.arguments.text("text")
    if len(text) > ANSWER_CHARACTERS_MOST:
        raise bad_request("MESSAGE_TOO_LONG")
    query = request.world.callback_queries.get(request.arguments.text("callback_query_id"))
    now_ms = request.world.clock.now_ms()
    # The window is that in which the official server still delivers the query.
    if query is None or query.bot is not request.bot or query.is_answered or now_ms - query.at_ms >= KEPT_QUERY_MS:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    url = request.arguments.text("url")
    # Beside a game an answer opens nothing but the bot itself: https://core.telegram.org/bots/api#answercallbackquery
    if url and not query.of_game and not _opens(request, url):
        raise bad_request("URL_INVALID")
    query.is_answered = True
    query.url = url
    details = {
        "callback_query_id": query.query_id,
        "user_id": query.user_id,
        "text": text,
        "show_alert": request.arguments.flag("show_alert"),
        "url": url,
    }
    request.world.tell("callback_answered", query.chat, details=details)
    return True


def _opens(request: Request, url: str) -> bool:
    found = _OWN_LINK.match(url)
    return found is not None and found[1].lower() == request.bot.username.lower()


METHODS = {
    "answerCallbackQuery": handler(answer_callback_query, "callback_query_id text show_alert url cache_time"),
}
