"""Approving and declining posts that people suggest to channels."""

from botflight_harness.telegram.directly import AHEAD_S_MOST, SuggestedPost, approve, decline
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.methods.request import Request, handler

COMMENT_CHARACTERS_MOST = 128


def approve_suggested_post(request: Request) -> bool:
    """Publish a suggested post at its date, or at once."""
    post = _post(request, right="can_post_messages")
    send_date_s, now_s = request.arguments.integer("send_date"), _now_s(request)
    if send_date_s and post.send_date_s:
        raise NotModelled("approveSuggestedPost with a date for a post that has one")
    if send_date_s and not now_s <= send_date_s <= now_s + AHEAD_S_MOST:
        raise NotModelled("approveSuggestedPost with a date that is past, or more than 31 days ahead")
    approve(request.world, post, request.bot, send_date_s)
    return True


def decline_suggested_post(request: Request) -> bool:
    """Say no to a suggested post."""
    post = _post(request, right="can_manage_direct_messages")
    comment = request.arguments.text("comment")
    if len(comment) > COMMENT_CHARACTERS_MOST:
        raise NotModelled("declineSuggestedPost with a comment of more than 128 characters")
    decline(request.world, post, request.bot, comment)
    return True


def _post(request: Request, *, right: str) -> SuggestedPost:
    """Return the post of `message_id`. Raises Refusal when there is none, or the bot may not decide on it."""
    chat = request.chat()
    message = chat.message(request.arguments.integer("message_id"))
    if message is None:
        raise bad_request("suggested post not found")
    post = message.behind
    if not isinstance(post, SuggestedPost) or not post.may_be_decided(_now_s(request)):
        raise bad_request("message can't be used in the method")
    if not chat.may(request.bot.user_id, right):
        raise bad_request("message can't be used in the method")
    return post


def _now_s(request: Request) -> int:
    return request.world.clock.now_ms() // 1000


METHODS = {
    "approveSuggestedPost": handler(approve_suggested_post, "chat_id message_id send_date"),
    "declineSuggestedPost": handler(decline_suggested_post, "chat_id message_id comment"),
}
