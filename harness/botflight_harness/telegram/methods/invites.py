"""Invite links, and those who ask to be let in."""

from typing import Any

from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.members import Member
from botflight_harness.telegram.membership import InviteLink, change
from botflight_harness.telegram.methods.request import Request, handler

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
    _set(request, link)
    return link.as_json()


def revoke_chat_invite_link(request: Request) -> dict[str, Any]:
    """Let a link lead nowhere any more."""
    link = _link(request, _chat(request))
    link.is_revoked = True
    return link.as_json()


def _check(request: Request) -> None:
    arguments = request.arguments
    if len(arguments.text("name")) > NAME_CHARACTERS_MOST:
        raise bad_request("invite link name is too long")
    if not 0 <= arguments.integer("member_limit") <= MEMBERS_MOST:
        raise bad_request("USAGE_LIMIT_INVALID")
    if arguments.integer("member_limit") and arguments.flag("creates_join_request"):
        raise bad_request("member limit can't be specified for links requiring administrator approval")
    expires_s = arguments.integer("expire_date")
    if expires_s and expires_s <= request.world.clock.now_ms() // 1000:
        raise bad_request("EXPIRE_DATE_INVALID")


def _set(request: Request, link: InviteLink) -> None:
    link.name = request.arguments.text("name")
    link.expires_s = request.arguments.integer("expire_date")
    link.members_most = request.arguments.integer("member_limit")
    link.creates_join_request = request.arguments.flag("creates_join_request")


def _chat(request: Request) -> Chat:
    chat = request.chat()
    if not chat.may(request.bot.user_id, "can_invite_users"):
        raise bad_request("not enough rights to manage chat invite link")
    return chat


def _link(request: Request, chat: Chat) -> InviteLink:
    found = request.world.invite_links.get(request.arguments.text("invite_link"))
    if found is None or found[0].chat is not chat or found[1].creator is not request.bot:
        raise bad_request("INVITE_HASH_EXPIRED")
    return found[1]


def approve(request: Request) -> bool:
    """Let somebody in who has asked for it."""
    chat, link = _asked(request)
    link.joined += 1
    person = request.world.people[request.arguments.integer("user_id")]
    change(request.world, chat, person, Member(person), link=link, via_join_request=True)
    return True


def decline(request: Request) -> bool:
    """Turn somebody away who has asked to be let in."""
    _asked(request)
    return True


def _asked(request: Request) -> tuple[Chat, InviteLink]:
    chat, user_id = _chat(request), request.arguments.integer("user_id")
    link = next((link for link in request.world.links_of(chat) if user_id in link.pending), None)
    if link is None:
        raise bad_request("USER_ALREADY_PARTICIPANT" if chat.has(user_id) else "HIDE_REQUESTER_MISSING")
    link.pending.discard(user_id)
    return chat, link


METHODS = {
    "exportChatInviteLink": handler(export_chat_invite_link, "chat_id"),
    "createChatInviteLink": handler(create_chat_invite_link, f"chat_id {_LINK}"),
    "editChatInviteLink": handler(edit_chat_invite_link, f"chat_id invite_link {_LINK}"),
    "revokeChatInviteLink": handler(revoke_chat_invite_link, "chat_id invite_link"),
    "approveChatJoinRequest": handler(approve, "chat_id user_id"),
    "declineChatJoinRequest": handler(decline, "chat_id user_id"),
}
