"""Paid media, drafts, guests, business connections, and bots that the bot manages."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.dealing import BusinessConnection, PaidMedia
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.inline import inline_content
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.media import find_file, input_media
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Request, handler

PAID_ITEMS_MOST = 10
PAID_STARS_MOST = 25_000
ADDED_USERS_MOST = 10
#: How long a draft is shown.
DRAFT_MS = 30 * SECOND_MS


def send_paid_media(request: Request) -> dict[str, Any]:
    """Send photos or videos that are shown to who pays for them."""
    stars = request.arguments.integer("star_count")
    if not 1 <= stars <= PAID_STARS_MOST:
        raise bad_request("STARS_AMOUNT_INVALID")
    media = request.arguments.get("media")
    if not isinstance(media, list) or not 1 <= len(media) <= PAID_ITEMS_MOST:
        raise bad_request("there must be 1-10 paid media")
    shown = [_paid(request, item) for item in media]
    caption = request.formatted("caption", "caption_entities")
    content: dict[str, Any] = {"paid_media": {"star_count": stars, "paid_media": shown}}
    if caption.text:
        content["caption"] = caption.text
    if caption.entities:
        content["caption_entities"] = list(caption.entities)
    message = deliver(request, content, read_markup(request.arguments.get("reply_markup")))
    message.behind = PaidMedia(request.bot, stars, request.arguments.text("payload"), shown)
    return message.as_json()


def _paid(request: Request, item: object) -> dict[str, Any]:
    if not isinstance(item, Mapping) or item.get("type") not in {"photo", "live_photo", "video"}:
        raise bad_request("can't parse InputPaidMedia: expected a photo or a video")
    kind = str(item["type"])
    if kind == "live_photo":
        return {"type": kind, kind: input_media(request, kind, item)[kind]}
    return {"type": kind, kind: find_file(request, kind, item.get("media")).content}


def send_message_draft(request: Request) -> bool:
    """Show a message that is still being written."""
    return show_draft(request, request.arguments.text("text"))


def show_draft(request: Request, text: str) -> bool:
    """Show what is still being written, for half a minute."""
    number = request.arguments.integer("draft_id")
    if not number:
        raise bad_request("DRAFT_ID_INVALID")
    chat = request.chat()
    if chat.kind != "private":
        raise bad_request("drafts can be sent to private chats only")
    until_ms = request.world.clock.now_ms() + DRAFT_MS
    chat.drafts[number] = (request.arguments.flag("can_stop"), until_ms)
    request.world.at(until_ms, lambda: _forget_draft(chat.drafts, number, until_ms))
    request.world.tell("chat_action", chat, details={"action": "typing", "draft": text})
    return True


def _forget_draft(drafts: dict[int, tuple[bool, int]], number: int, until_ms: int) -> None:
    if drafts.get(number, (False, 0))[1] == until_ms:
        del drafts[number]


def answer_guest_query(request: Request) -> dict[str, Any]:
    """Answer once in a chat where the bot is a guest."""
    result = request.arguments.get("result")
    if not isinstance(result, Mapping) or "type" not in result:
        raise bad_request("can't parse inline query result: InlineQueryResult must be an Object")
    number = request.arguments.text("guest_query_id")
    bot, asked = request.world.guest_queries.get(number, (None, None))
    if bot is not request.bot or asked is None:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    del request.world.guest_queries[number]
    content, keyboard = inline_content(request.world, request.bot, result)
    caller = {"guest_bot_caller_user": asked.sender.as_json()}
    message = request.world.post(asked.chat, request.bot, content, reply_to=asked, extra=caller)
    request.world.sent_inline(message, request.bot, keyboard or {"inline_keyboard": []})
    return {"inline_message_id": message.inline_message_id}


def get_business_connection(request: Request) -> dict[str, Any]:
    """Return who has let the bot answer in their place."""
    return _connection(request).as_json()


def read_business_message(request: Request) -> bool:
    """Mark a message as read in somebody's place."""
    connection = request.business("can_read_messages")
    chat = connection.chats.get(request.arguments.integer("chat_id"))
    if chat is None or chat.message(request.arguments.integer("message_id")) is None:
        raise bad_request("MESSAGE_ID_INVALID")
    return True


def _connection(request: Request) -> BusinessConnection:
    found = request.world.business.get(request.arguments.text("business_connection_id"))
    if found is None or found.bot is not request.bot:
        raise bad_request("business connection not found")
    return found


def get_managed_bot_token(request: Request) -> str:
    """Return the token of a bot that this one manages."""
    return _managed(request).token


def replace_managed_bot_token(request: Request) -> str:
    """Give a managed bot another token; the former is no use any more."""
    managed = _managed(request)
    bots = request.world.bots
    del bots[managed.token]
    managed.token = f"{managed.user_id}:AA{request.world.random.randrange(10**30):030}"
    bots[managed.token] = managed
    return managed.token


def get_access_settings(request: Request) -> dict[str, Any]:
    """Return who may use a bot that this one manages."""
    managed = _managed(request)
    if managed.users is None:
        return {"is_access_restricted": False}
    users = [account.as_json() for number in sorted(managed.users) if (account := request.world.account(number))]
    return {"is_access_restricted": True, **({"added_users": users} if users else {})}


def set_access_settings(request: Request) -> bool:
    """Say who may use a bot that this one manages; its owner always may."""
    is_restricted = request.arguments.flag("is_access_restricted")
    added = _user_ids(request) if is_restricted else frozenset()
    _managed(request).users = added if is_restricted else None
    return True


def _user_ids(request: Request) -> frozenset[int]:
    numbers = request.arguments.get("added_user_ids")
    if numbers is None:
        return frozenset()
    if not isinstance(numbers, list):
        raise bad_request("expected an Array of user identifiers")
    if len(numbers) > ADDED_USERS_MOST:
        raise bad_request("too many user identifiers specified")
    if not all(isinstance(number, int | str) and not isinstance(number, bool) for number in numbers):
        raise bad_request("user identifier must be a Number")
    if not all(str(number).lstrip("-").isdecimal() for number in numbers):
        raise bad_request("can't parse user identifier as a Number")
    if any(int(number) <= 0 for number in numbers):
        raise bad_request("invalid user identifier specified")
    # Those whom the bot does not know are passed over, as tdlib passes over them.
    return frozenset(int(number) for number in numbers if int(number) in request.world.people)


def _managed(request: Request) -> BotAccount:
    account = request.user()
    if not isinstance(account, BotAccount):
        raise bad_request("user is not a bot")
    if request.world.managed_bots.get(account.user_id) is not request.bot:
        raise bad_request("BOT_INVALID")
    return account


METHODS = {
    "sendPaidMedia": handler(
        send_paid_media, f"{SENDING} star_count media payload caption parse_mode caption_entities"
    ),
    "sendMessageDraft": handler(send_message_draft, "chat_id draft_id text parse_mode entities can_stop keep_on_stop"),
    "answerGuestQuery": handler(answer_guest_query, "guest_query_id result"),
    "getBusinessConnection": handler(get_business_connection, "business_connection_id"),
    "readBusinessMessage": handler(read_business_message, "business_connection_id chat_id message_id"),
    "getManagedBotToken": handler(get_managed_bot_token, "user_id"),
    "replaceManagedBotToken": handler(replace_managed_bot_token, "user_id"),
    "getManagedBotAccessSettings": handler(get_access_settings, "user_id"),
    "setManagedBotAccessSettings": handler(set_access_settings, "user_id is_access_restricted added_user_ids"),
}
