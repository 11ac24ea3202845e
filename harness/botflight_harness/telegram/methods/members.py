"""Members of groups and channels: who they are, banning, restricting, promoting, and leaving."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botflight_harness.telegram.chats import Account, Chat
from botflight_harness.telegram.emoji import is_emoji
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.members import CHANNEL_RIGHTS, GROUP_RIGHTS, PERMISSIONS, RIGHTS, Member
from botflight_harness.telegram.membership import change
from botflight_harness.telegram.methods.request import Request, handler

TITLE_CHARACTERS_MOST = 16
#: A ban that is shorter or longer than this lasts for ever.
BAN_S_LEAST, BAN_S_MOST = 30, 366 * 86_400

_ALL_RIGHTS = RIGHTS + CHANNEL_RIGHTS + GROUP_RIGHTS
#: What one permission stands for, unless use_independent_chat_permissions is set.
_MEDIA = tuple(name for name in PERMISSIONS if name.startswith("can_send_") and name != "can_send_messages")


def get_chat_member(request: Request) -> dict[str, Any]:
    """Say what somebody is in a chat."""
    chat = request.chat()
    if chat.kind == "private":
        account = request.world.account(request.arguments.integer("user_id"))
        if account is None or account.user_id not in {chat.chat_id, request.bot.user_id}:
            raise bad_request("member not found")
        return Member(account).as_json()
    return _told(request, chat, _member(request, chat))


def _member(request: Request, chat: Chat) -> Member:
    user_id = request.arguments.integer("user_id")
    member = request.world.membership(chat, user_id)
    if member is not None:
        return member
    account = request.world.account(user_id)
    if account is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return Member(account, "left")


def _told(request: Request, chat: Chat, member: Member) -> dict[str, Any]:
    return member.as_json(for_user=request.bot.user_id, is_channel=chat.kind == "channel")


def get_chat_administrators(request: Request) -> list[dict[str, Any]]:
    """Return those who run a chat, bots aside unless they are asked for."""
    chat = _shared_chat(request)
    with_bots = request.arguments.flag("return_bots")
    return [
        _told(request, chat, member)
        for member in chat.members.values()
        if member.is_administrator
        and (with_bots or member.account is request.bot or not member.account.as_json()["is_bot"])
    ]


def get_chat_member_count(request: Request) -> int:
    """Return how many are in a chat."""
    chat = request.chat()
    return 2 if chat.kind == "private" else sum(member.is_here for member in chat.members.values())


def ban_chat_member(request: Request) -> bool:
    """Put somebody out, for a time or for ever."""
    chat, account = _restrictable(request)
    change(request.world, chat, request.bot, Member(account, "kicked", until_s=_until_s(request)))
    return True


def unban_chat_member(request: Request) -> bool:
    """Let somebody come back; who is inside is put out, unless only_if_banned."""
    chat, account = _restrictable(request)
    member = request.world.membership(chat, account.user_id)
    if member is None or (request.arguments.flag("only_if_banned") and member.status != "kicked"):
        return True
    change(request.world, chat, request.bot, Member(account, "left"))
    return True


def restrict_chat_member(request: Request) -> bool:
    """Take rights from a member of a group, or give them back."""
    chat, account = _restrictable(request)
    allowed = _permissions(request)
    member = request.world.membership(chat, account.user_id) or Member(account, "left")
    if allowed >= set(PERMISSIONS) - {"can_edit_tag"}:
        new = Member(account, "member" if member.is_here else "left")
    else:
        until_s = _until_s(request)
        new = Member(account, "restricted", permissions=allowed, is_inside=member.is_here, until_s=until_s)
    change(request.world, chat, request.bot, new)
    return True


def set_chat_permissions(request: Request) -> bool:
    """Say what plain members may do."""
    chat = _shared_chat(request)
    if not chat.may(request.bot.user_id, "can_restrict_members"):
        raise bad_request("not enough rights to change chat permissions")
    allowed = _permissions(request)
    chat.permissions = {name: name in allowed for name in PERMISSIONS}
    return True


def _permissions(request: Request) -> frozenset[str]:
    given = request.arguments.get("permissions")
    if not isinstance(given, Mapping):
        raise bad_request("can't parse permissions: expected an Object")
    allowed = {name for name in PERMISSIONS if given.get(name)}
    if not request.arguments.flag("use_independent_chat_permissions"):
        if given.get("can_send_other_messages") or given.get("can_add_web_page_previews"):
            allowed |= {*_MEDIA, "can_send_messages"}
        elif allowed & set(_MEDIA):
            allowed.add("can_send_messages")
    return frozenset(allowed)


def promote_chat_member(request: Request) -> bool:
    """Make somebody an administrator with the rights that are named, or a plain member with none."""
    chat = _shared_chat(request)
    if not chat.may(request.bot.user_id, "can_promote_members"):
        raise bad_request("not enough rights")
    member = _member(request, chat)
    if member.status == "creator":
        raise bad_request("can't remove chat owner")
    if member.is_administrator and member.promoted_by != request.bot.user_id:
        raise bad_request("CHAT_ADMIN_REQUIRED")
    if not member.is_here:
        raise bad_request("USER_NOT_PARTICIPANT")
    own = chat.members[request.bot.user_id]
    rights = frozenset(name for name in _ALL_RIGHTS if request.arguments.flag(name))
    if not all(own.may(right) for right in rights):
        raise bad_request("RIGHT_FORBIDDEN")
    is_anonymous = request.arguments.flag("is_anonymous")
    new = Member(member.account).promoted(rights, by=request.bot.user_id, is_anonymous=is_anonymous)
    change(request.world, chat, request.bot, new)
    return True


def set_custom_title(request: Request) -> bool:
    """Give a title to an administrator whom the bot has made."""
    chat = _shared_chat(request)
    title = request.arguments.text("custom_title")
    if len(title) > TITLE_CHARACTERS_MOST:
        raise bad_request("ADMIN_RANK_INVALID")
    member = _member(request, chat)
    if member.status != "administrator":
        raise bad_request("user is not an administrator")
    if member.promoted_by != request.bot.user_id:
        raise bad_request("not enough rights to change custom title of the user")
    chat.members[member.account.user_id] = replace(member, custom_title=title)
    return True


def set_chat_member_tag(request: Request) -> bool:
    """Say what a plain member is called beside the name; an empty tag takes it away."""
    if request.arguments.integer("user_id") <= 0:
        raise bad_request("invalid user_id specified")
    chat = request.chat()
    if chat.kind not in {"group", "supergroup"}:
        raise bad_request("method is available only for groups and supergroups")
    request.user()
    tag = request.arguments.text("tag")
    if not chat.may(request.bot.user_id, "can_manage_tags"):
        raise bad_request("CHAT_ADMIN_REQUIRED")
    member = _member(request, chat)
    if not member.is_here:
        raise bad_request("USER_NOT_PARTICIPANT")
    if member.is_administrator:
        raise bad_request("TAG_CHANGE_FORBIDDEN")
    if len(tag) > TITLE_CHARACTERS_MOST:
        raise bad_request("TAG_INVALID")
    if any(is_emoji(sign) for sign in tag):
        raise bad_request("TAG_EMOJI_NOT_ALLOWED")
    chat.members[member.account.user_id] = replace(member, tag=tag)
    return True


def leave_chat(request: Request) -> bool:
    """Go out of a chat."""
    chat = _shared_chat(request)
    change(request.world, chat, request.bot, Member(request.bot, "left"))
    return True


def _shared_chat(request: Request) -> Chat:
    chat = request.chat()
    if chat.kind == "private":
        raise bad_request("method is available only for supergroups and channels")
    return chat


def _restrictable(request: Request) -> tuple[Chat, Account]:
    chat = _shared_chat(request)
    user_id = request.arguments.integer("user_id")
    if not chat.may(request.bot.user_id, "can_restrict_members"):
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    if user_id == request.bot.user_id:
        raise bad_request("can't restrict self")
    account = request.world.account(user_id)
    if account is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    member = request.world.membership(chat, user_id)
    if member is not None and member.status == "creator":
        raise bad_request("can't remove chat owner")
    if member is not None and member.is_administrator and member.promoted_by != request.bot.user_id:
        raise bad_request("user is an administrator of the chat")
    return chat, account


def _until_s(request: Request) -> int:
    until_s = request.arguments.integer("until_date")
    length_s = until_s - request.world.clock.now_ms() // 1000
    return until_s if BAN_S_LEAST <= length_s <= BAN_S_MOST else 0


METHODS = {
    "getChatMember": handler(get_chat_member, "chat_id user_id"),
    "getChatAdministrators": handler(get_chat_administrators, "chat_id return_bots"),
    "getChatMemberCount": handler(get_chat_member_count, "chat_id"),
    "banChatMember": handler(ban_chat_member, "chat_id user_id until_date revoke_messages"),
    "unbanChatMember": handler(unban_chat_member, "chat_id user_id only_if_banned"),
    "restrictChatMember": handler(
        restrict_chat_member, "chat_id user_id permissions use_independent_chat_permissions until_date"
    ),
    "setChatPermissions": handler(set_chat_permissions, "chat_id permissions use_independent_chat_permissions"),
    "promoteChatMember": handler(promote_chat_member, f"chat_id user_id is_anonymous {' '.join(_ALL_RIGHTS)}"),
    "setChatAdministratorCustomTitle": handler(set_custom_title, "chat_id user_id custom_title"),
    "setChatMemberTag": handler(set_chat_member_tag, "chat_id user_id tag"),
    "leaveChat": handler(leave_chat, "chat_id"),
}
