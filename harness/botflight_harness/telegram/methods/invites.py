"""Invite links, and those who ask to be let in."""

from typing import Any

from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.membership import InviteLink, let_in, waiting_for
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.payments import MONTH_S, SUBSCRIPTION_STARS_MOST

NAME_CHARACTERS_MOST = 32
MEMBERS_MOST = 99_999

_LINK = "name expire_date member_limit creates_join_request"


def export_chat_invite_link(request: Request) -> str:
    """Make a new primary link; the former one leads nowhere from now on."""
    chat = _chat(request)
    for link in request.world.links_of(chat):
        if link.is_primary and link.creator is request.bot:
            link.is_revoked = True
    return request.world.invite(chat, request.bot, is_primary=True).link


def create_chat_invite_link(request: Request) -> dict[str, Any]:
    """Make one more link."""
    chat = _chat(request)
    _check(request)
    link = request.world.invite(chat, request.bot)
    _set(request, link)
    return link.as_json()


def edit_chat_invite_link(request: Request) -> dict[str, Any]:
    """Change a link that the bot has made."""
    chat = _chat(request)
    _check(request)
    link = _link(request, chat)
    if link.is_primary:
        raise bad_request("can't edit primary invite link")
    if link.price:
        raise NotModelled("editChatInviteLink of a link that costs Stars: use editChatSubscriptionInviteLink")
    _set(request, link)
    return link.as_json()


def create_subscription_link(request: Request) -> dict[str, Any]:
    """Make a link into a channel that costs Stars each month."""
    chat = request.chat()
    period_s = request.arguments.integer("subscription_period")
    price = request.arguments.integer("subscription_price")
    if period_s <= 0 or price <= 0:
        raise bad_request("invalid subscription pricing specified")
    _check_rights(request, chat)
    if chat.kind != "channel":
        raise NotModelled("createChatSubscriptionInviteLink elsewhere than in a channel")
    if period_s != MONTH_S:
        raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
    if price > SUBSCRIPTION_STARS_MOST:
        raise bad_request("PRICING_CHAT_INVALID")
    link = request.world.invite(chat, request.bot)
    link.name, link.period_s, link.price = _name(request), period_s, price
    return link.as_json()


def edit_subscription_link(request: Request) -> dict[str, Any]:
    """Give a link that costs Stars another name; what it costs stays."""
    link = _link(request, _chat(request))
    if not link.price:
        raise NotModelled("editChatSubscriptionInviteLink of a link that costs nothing: use editChatInviteLink")
    link.name = _name(request)
    return link.as_json()


def revoke_chat_invite_link(request: Request) -> dict[str, Any]:
    """Let a link lead nowhere any more."""
    link = _link(request, _chat(request))
    link.is_revoked = True
    return link.as_json()


def _check(request: Request) -> None:
    arguments = request.arguments
    if _members_most(request) and arguments.flag("creates_join_request"):
        raise bad_request("member limit can't be specified for links requiring administrator approval")
    if _members_most(request) > MEMBERS_MOST:
        raise bad_request("USAGE_LIMIT_INVALID")
    expires_s = max(arguments.integer("expire_date"), 0)
    if expires_s and expires_s <= request.world.clock.now_ms() // 1000:
        raise bad_request("EXPIRE_DATE_INVALID")


def _set(request: Request, link: InviteLink) -> None:
    link.name = _name(request)
    link.expires_s = max(request.arguments.integer("expire_date"), 0)
    link.members_most = _members_most(request)
    link.creates_join_request = request.arguments.flag("creates_join_request")


def _chat(request: Request) -> Chat:
    chat = request.chat()
    _check_rights(request, chat)
    return chat


def _check_rights(request: Request, chat: Chat) -> None:
    if chat.kind == "private":
        raise bad_request("can't invite members to a private chat")
    if not chat.may(request.bot.user_id, "can_invite_users"):
        raise bad_request("not enough rights to manage chat invite link")


def _name(request: Request) -> str:
    """Return the name with its spaces run together, and cut where it is too long, as Telegram does."""
    return " ".join(request.arguments.text("name").split())[:NAME_CHARACTERS_MOST].strip()


def _members_most(request: Request) -> int:
    return max(request.arguments.integer("member_limit"), 0)


def _link(request: Request, chat: Chat) -> InviteLink:
    found = request.world.invite_links.get(request.arguments.text("invite_link"))
    if found is None or found[0].chat is not chat or found[1].creator is not request.bot:
        raise bad_request("INVITE_HASH_EXPIRED")
    return found[1]


def approve(request: Request) -> bool:
    """Let somebody in who has asked for it."""
    chat, link = _asked(request)
    let_in(request.world, chat, request.world.people[request.arguments.integer("user_id")], link)
    return True


def decline(request: Request) -> bool:
    """Turn somebody away who has asked to be let in."""
    _asked(request)
    return True


def _asked(request: Request) -> tuple[Chat, InviteLink | None]:
    user_id = request.arguments.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    chat = request.chat()
    if chat.kind == "private":
        raise bad_request("the chat can't have join requests")
    if not chat.may(request.bot.user_id, "can_invite_users"):
        raise bad_request("not enough rights to manage chat join requests")
    link = next((link for link in request.world.links_of(chat) if user_id in link.pending), None)
    waiting = waiting_for(chat, link)
    if user_id not in waiting:
        raise bad_request("USER_ALREADY_PARTICIPANT" if chat.has(user_id) else "HIDE_REQUESTER_MISSING")
    waiting.discard(user_id)
    return chat, link


METHODS = {
    "exportChatInviteLink": handler(export_chat_invite_link, "chat_id"),
    "createChatInviteLink": handler(create_chat_invite_link, f"chat_id {_LINK}"),
    "editChatInviteLink": handler(edit_chat_invite_link, f"chat_id invite_link {_LINK}"),
    "revokeChatInviteLink": handler(revoke_chat_invite_link, "chat_id invite_link"),
    "createChatSubscriptionInviteLink": handler(
        create_subscription_link, "chat_id name subscription_period subscription_price"
    ),
    "editChatSubscriptionInviteLink": handler(edit_subscription_link, "chat_id invite_link name"),
    "approveChatJoinRequest": handler(approve, "chat_id user_id"),
    "declineChatJoinRequest": handler(decline, "chat_id user_id"),
}
