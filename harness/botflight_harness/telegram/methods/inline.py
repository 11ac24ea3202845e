"""Answering inline queries."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.inline import input_content
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.updates import KEPT_INLINE_QUERY_MS

RESULTS_MOST = 50
RESULT_ID_BYTES_MOST = 64
OFFSET_BYTES_MOST = 64


def answer_inline_query(request: Request) -> bool:
    """Show answers to who is typing, once and in time."""
    arguments = request.arguments
    results = arguments.get("results")
    if not isinstance(results, list):
        raise bad_request("can't parse inline query results JSON object")
    if len(results) > RESULTS_MOST:
        raise bad_request("RESULTS_TOO_MUCH")
    if len(arguments.text("next_offset").encode()) > OFFSET_BYTES_MOST:
        raise bad_request("NEXT_OFFSET_INVALID")
    for result in results:
        read_result(result)
    if len({result["id"] for result in results}) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    query = request.world.inline_queries.get(arguments.text("inline_query_id"))
    late = query is not None and request.world.clock.now_ms() - query.at_ms >= KEPT_INLINE_QUERY_MS
    if query is None or query.bot is not request.bot or query.results is not None or late:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    query.results = results
    query.next_offset = arguments.text("next_offset")
    query.button = arguments.get("button") or {}
    return True


def read_result(result: object) -> dict[str, Any]:
    """Return an InlineQueryResult that Telegram would take. Raises Refusal."""
    if not isinstance(result, Mapping):
        raise bad_request("can't parse inline query result: InlineQueryResult must be an Object")
    for name in ("type", "id"):
        if name not in result:
            raise bad_request(f"can't parse inline query result: Can't find field \"{name}\"")
    if not 1 <= len(str(result["id"]).encode()) <= RESULT_ID_BYTES_MOST:
        raise bad_request("RESULT_ID_INVALID")
    if result["type"] == "article" and not result.get("title"):
        raise bad_request("can't parse inline query result: Can't find field \"title\"")
    if result["type"] == "article" and not result.get("input_message_content"):
        raise bad_request("can't parse inline query result: Can't find field \"input_message_content\"")
    read_markup(result.get("reply_markup"))
    if isinstance(given := result.get("input_message_content"), Mapping) and "message_text" in given:
        input_content(given)
    return dict(result)


METHODS = {
    "answerInlineQuery": handler(
        answer_inline_query, "inline_query_id results cache_time is_personal next_offset button"
    ),
}
