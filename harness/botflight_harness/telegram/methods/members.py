"""Members of groups and channels: who they are, banning, restricting, promoting, and leaving."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.chats import Account, Chat
from botflight_harness.telegram.emoji import is_emoji
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.members import CHANNEL_RIGHTS, GROUP_RIGHTS, PERMISSIONS, RIGHTS, Member
from botflight_harness.telegram.membership import change
from botflight_harness.telegram.methods.request import Request, handler

TITLE_CHARACTERS_MOST = 16
#: A ban that is shorter or longer than this lasts for ever.
BAN_S_LEAST, BAN_S_MOST = 30, 366 * 86_400

_ALL_RIGHTS = RIGHTS + CHANNEL_RIGHTS + GROUP_RIGHTS
#: What one permission stands for, unless use_independent_chat_permissions is set.
_MEDIA = (
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
)
#: A permission that is not said is as another.
_UNLESS_SAID = {
    "can_manage_topics": "can_pin_messages",
    "can_edit_tag": "can_pin_messages",
    "can_react_to_messages": "can_send_messages",
}


def get_chat_member(request: Request) -> dict[str, Any]:
    """Say what somebody is in a chat."""
    _user_id(request)
    chat = request.known_chat()
    if chat.kind == "private":
        account = request.world.account(request.arguments.integer("user_id"))
        if account is None or account.user_id not in {chat.chat_id, request.bot.user_id}:
            raise bad_request("member not found")
        return Member(account).as_json()
    return _told(request, chat, _member(request, chat))


def _member(request: Request, chat: Chat) -> Member:
    user_id = request.arguments.integer("user_id")
    member = request.world.membership(chat, user_id)
    return Member(_account(request, user_id), "left") if member is None else member


def _told(request: Request, chat: Chat, member: Member) -> dict[str, Any]:
    return member.as_json(for_user=request.bot.user_id, is_channel=chat.kind == "channel")


def get_chat_administrators(request: Request) -> list[dict[str, Any]]:
    """Return those who run a chat, bots aside unless they are asked for."""
    chat = request.known_chat()
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    with_bots = request.arguments.flag("return_bots")
    return [
        _told(request, chat, member)
        for member in chat.members.values()
        if member.is_administrator
        and (with_bots or member.account is request.bot or not member.account.as_json()["is_bot"])
    ]


def get_chat_member_count(request: Request) -> int:
    """Return how many are in a chat."""
    chat = request.known_chat()
    return 2 if chat.kind == "private" else sum(member.is_here for member in chat.members.values())


def ban_chat_member(request: Request) -> bool:
    """Put somebody out, for a time or for ever."""
    user_id, chat = _user_id(request), request.chat()
    if chat.kind == "private":
        raise bad_request("can't ban members in private chats")
    return _restrict(request, chat, Member(_account(request, user_id), "kicked", until_s=_until_s(request)))


def unban_chat_member(request: Request) -> bool:
    """Let somebody come back; who is inside is put out, unless only_if_banned."""
    user_id, chat = _user_id(request), _supergroup_or_channel(request)
    member = request.world.membership(chat, user_id)
    if member is None or (request.arguments.flag("only_if_banned") and member.status != "kicked"):
        return True
    return _restrict(request, chat, Member(member.account, "left"))


def restrict_chat_member(request: Request) -> bool:
    """Take rights from a member of a group, or give them back."""
    user_id = _user_id(request)
    allowed = _permissions(request)
    chat = request.chat()
    if chat.kind in {"private", "channel"}:
        raise bad_request("method is available only for supergroups")
    account = _account(request, user_id)
    member = request.world.membership(chat, user_id) or Member(account, "left")
    if allowed >= set(PERMISSIONS) - {"can_edit_tag"}:
        new = Member(account, "member" if member.is_here else "left")
    else:
        until_s = _until_s(request)
        new = Member(account, "restricted", permissions=allowed, is_inside=member.is_here, until_s=until_s)
    return _restrict(request, chat, new)


def _restrict(request: Request, chat: Chat, new: Member) -> bool:
    """Make somebody something less, unless they are it already. Raises Refusal."""
    bot, user_id = request.bot, new.account.user_id
    old = request.world.membership(chat, user_id)
    if old is not None and replace(old, custom_title="", tag="") == new:
        return True
    if old is not None and old.status == "creator":
        raise bad_request("can't remove chat owner")
    if new.account is bot and new.status != "left":
        raise bad_request("can't restrict self")
    if new.account is not bot and not chat.may(bot.user_id, "can_restrict_members"):
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    if old is not None and old.status == "administrator" and new.account is not bot and old.promoted_by != bot.user_id:
        raise bad_request("user is an administrator of the chat")
    change(request.world, chat, bot, new)
    return True


def set_chat_permissions(request: Request) -> bool:
    """Say what plain members may do."""
    allowed = _permissions(request)
    chat = request.chat()
    if chat.kind in {"private", "channel"}:
        raise bad_request(f"can't change {chat.kind} chat permissions")
    if not chat.may(request.bot.user_id, "can_restrict_members"):
        raise bad_request("not enough rights to change chat permissions")
    chat.permissions = {name: name in allowed for name in PERMISSIONS}
    return True


def _permissions(request: Request) -> frozenset[str]:
    given = request.arguments.get("permissions")
    if not isinstance(given, Mapping):
        raise bad_request("object expected as permissions")
    with objects.parsing("chat permissions"):
        allowed = {name for name in PERMISSIONS if objects.flag(given, name)}
        if objects.flag(given, "can_send_media_messages") and given.keys().isdisjoint(_MEDIA):
            allowed |= {*_MEDIA, "can_send_messages"}
    for name, like in _UNLESS_SAID.items():
        if name not in given and like in allowed:
            allowed.add(name)
    if not request.arguments.flag("use_independent_chat_permissions"):
        if allowed & {"can_send_other_messages", "can_add_web_page_previews"}:
            allowed |= {*_MEDIA, "can_send_messages"}
        if "can_send_polls" in allowed:
            allowed.add("can_send_messages")
    return frozenset(allowed)


def promote_chat_member(request: Request) -> bool:
    """Make somebody an administrator with the rights that are named, or a plain member with none."""
    user_id, chat = _user_id(request), _supergroup_or_channel(request)
    member = _member(request, chat)
    rights = {name for name in _ALL_RIGHTS if request.arguments.flag(name)}
    is_anonymous = request.arguments.flag("is_anonymous")
    if chat.kind == "channel" and (rights or is_anonymous) and "can_restrict_members" not in request.arguments:
        rights.add("can_restrict_members")
    new = Member(member.account).promoted(frozenset(rights), by=request.bot.user_id, is_anonymous=is_anonymous)
    if replace(member, custom_title="", tag="") == new:
        return True
    if member.status == "creator":
        raise bad_request("can't remove chat owner")
    if user_id == request.bot.user_id:
        if not new.is_administrator:
            raise NotModelled("promoteChatMember of a bot that takes its own rights")
        raise bad_request("can't promote self")
    if not chat.may(request.bot.user_id, "can_promote_members"):
        raise bad_request("not enough rights")
    if member.is_administrator and member.promoted_by != request.bot.user_id:
        raise bad_request("CHAT_ADMIN_REQUIRED")
    if not member.is_here:
        raise bad_request("USER_NOT_PARTICIPANT")
    own = chat.members[request.bot.user_id]
    if not all(own.may(right) for right in rights):
        raise bad_request("RIGHT_FORBIDDEN")
    change(request.world, chat, request.bot, new)
    return True


def set_custom_title(request: Request) -> bool:
    """Give a title to an administrator whom the bot has made."""
    _user_id(request)
    chat = request.chat()
    if chat.kind in {"private", "channel"}:
        raise bad_request("method is available only for groups and supergroups")
    member = _member(request, chat)
    if member.status == "creator":
        raise bad_request("only the owner can edit their custom title")
    if member.status != "administrator":
        raise bad_request("user is not an administrator")
    if member.promoted_by != request.bot.user_id:
        raise bad_request("not enough rights to change custom title of the user")
    title = request.arguments.text("custom_title")
    if len(title) > TITLE_CHARACTERS_MOST:
        raise bad_request("CUSTOM_TITLE_INVALID")
    if any(is_emoji(sign) for sign in title):
        raise bad_request("CUSTOM_TITLE_EMOJI_NOT_ALLOWED")
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
    chat = request.known_chat()
    if chat.kind == "private":
        raise bad_request("can't leave private chats")
    change(request.world, chat, request.bot, Member(request.bot, "left"))
    return True


def _user_id(request: Request) -> int:
    user_id = request.arguments.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    return user_id


def _account(request: Request, user_id: int) -> Account:
    account = request.world.account(user_id)
    if account is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return account


def _supergroup_or_channel(request: Request) -> Chat:
    chat = request.chat()
    if chat.kind == "private":
        raise bad_request("method is available for supergroup and channel chats only")
    return chat


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
