"""Deciding who comes into a group that the bot guards."""

from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.guarding import JoinQuery
from botflight_harness.telegram.membership import let_in, waiting_for
from botflight_harness.telegram.methods.request import Request, handler

_RESULTS = frozenset({"approve", "decline", "queue"})


def answer_join_query(request: Request) -> bool:
    """Let somebody in, turn them away, or leave it to the other administrators."""
    result = request.arguments.text("result")
    if result not in _RESULTS:
        raise NotModelled(f"answerChatJoinRequestQuery with the result {result!r}")
    query = _query(request)
    query.result = result
    if result != "queue":
        waiting_for(query.chat, query.link).discard(query.person.user_id)
    if result == "approve":
        let_in(request.world, query.chat, query.person, query.link)
    return True


def send_join_web_app(request: Request) -> bool:
    """Show a Mini App to who wants to come in, before it is decided."""
    url = request.arguments.text("web_app_url")
    if not url.startswith("https://"):
        raise NotModelled("sendChatJoinRequestWebApp with an address that is not HTTPS")
    _query(request).web_app_url = url
    return True


def _query(request: Request) -> JoinQuery:
    if not request.bot.join_request_queries:
        raise bad_request("BOT_GUARD_NOT_SUPPORTED")
    query = request.world.join_queries.get(request.arguments.text("chat_join_request_query_id"))
    if query is None or query.bot is not request.bot or not query.is_open(request.world.clock.now_ms()):
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    return query


METHODS = {
    "answerChatJoinRequestQuery": handler(answer_join_query, "chat_join_request_query_id result"),
    "sendChatJoinRequestWebApp": handler(send_join_web_app, "chat_join_request_query_id web_app_url"),
}
