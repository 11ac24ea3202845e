"""What a chat is called, shows and keeps at its top; and what is known of people."""

from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.files import StoredFile
from botflight_harness.telegram.gifts import KINDS
from botflight_harness.telegram.methods.request import Request, handler

TITLE_CHARACTERS_MOST = 128
DESCRIPTION_CHARACTERS_MOST = 255
REACTIONS_MOST = 11


def get_chat(request: Request) -> dict[str, Any]:
    """Return what is known of a chat."""
    chat = request.known_chat()
    full = {
        **chat.as_json(),
        "accent_color_id": abs(chat.chat_id) % 7,
        "max_reaction_count": REACTIONS_MOST,
        "accepted_gift_types": _accepted_gifts(request, chat),
    }
    optional: dict[str, Any] = {
        "description": chat.description,
        "active_usernames": [chat.facts["username"]] if "username" in chat.facts else [],
        "photo": _photo(chat.photo),
        "sticker_set_name": chat.sticker_set_name,
        "can_set_sticker_set": chat.can_set_sticker_set and chat.may(request.bot.user_id, "can_change_info"),
    }
    if chat.kind == "private":
        optional |= _of_person(request, chat.chat_id)
    elif chat.kind != "channel":
        optional["permissions"] = dict(chat.permissions)
    if chat.parent is not None:
        optional["parent_chat"] = chat.parent.as_json()
    if chat.guard is not None:
        optional |= {"join_by_request": True, "guard_bot": chat.guard.as_json()}
    if chat.pinned and (message := chat.message(chat.pinned[-1])) is not None:
        optional["pinned_message"] = message.as_json()
    if primary := next((link for link in request.world.links_of(chat) if _shown(request, link)), None):
        optional["invite_link"] = primary.link
    return full | {name: value for name, value in optional.items() if value}


def _accepted_gifts(request: Request, chat: Chat) -> dict[str, bool]:
    person = request.world.people.get(chat.chat_id)
    return dict(person.accepted_gifts) if person is not None else dict.fromkeys(KINDS, chat.kind == "channel")


def _shown(request: Request, link: Any) -> bool:  # noqa: ANN401 -- an InviteLink
    return bool(link.is_primary and not link.is_revoked and link.creator is request.bot)


def _of_person(request: Request, user_id: int) -> dict[str, Any]:
    world = request.world
    person, photos, audios = world.people[user_id], world.profile_photos.get(user_id), world.profile_audios.get(user_id)
    emoji, until_s = person.emoji_status
    shows_emoji = emoji and (not until_s or world.clock.now_ms() < until_s * SECOND_MS)
    return {
        "bio": person.bio,
        "personal_chat": person.personal_chat.as_json() if person.personal_chat else {},
        "photo": _photo(photos[0] if photos else None),
        "first_profile_audio": audios[0].content if audios else {},
        "emoji_status_custom_emoji_id": emoji if shows_emoji else "",
        "emoji_status_expiration_date": until_s if shows_emoji else 0,
    }


def _photo(stored: StoredFile | None) -> dict[str, Any]:
    if stored is None:
        return {}
    file_id, unique_id = stored.file_id, stored.file_unique_id
    return {
        "small_file_id": file_id,
        "small_file_unique_id": unique_id,
        "big_file_id": file_id,
        "big_file_unique_id": unique_id,
    }


def set_chat_title(request: Request) -> bool:
    """Give a group or channel another name."""
    chat = request.known_chat()
    title = " ".join(request.arguments.text("title").split())[:TITLE_CHARACTERS_MOST].strip()
    if not title:
        raise bad_request("title must be non-empty")
    _check_changeable(request, chat, "change chat title")
    if chat.facts.get("title") != title:
        chat.facts["title"] = title
        request.world.post(chat, request.bot, {"new_chat_title": title})
    return True


def set_chat_description(request: Request) -> bool:
    """Say what a group or channel is about."""
    chat = request.known_chat()
    description = request.arguments.text("description").strip()[:DESCRIPTION_CHARACTERS_MOST].strip()
    if chat.kind == "private":
        raise bad_request("can't change private chat description")
    _check_changeable(request, chat, "set chat description")
    if chat.description == description:
        raise bad_request("chat description is not modified")
    chat.description = description
    return True


def set_chat_photo(request: Request) -> bool:
    """Give a group or channel a picture."""
    given = request.arguments.get("photo")
    upload = request.arguments.upload(given)
    if upload is None:
        raise bad_request("photo must be uploaded as an InputFile" if given else "there is no photo in the request")
    chat = request.known_chat()
    _check_changeable(request, chat, "change chat photo")
    chat.photo = request.world.files.add("photo", upload)
    request.world.post(chat, request.bot, {"new_chat_photo": chat.photo.content})
    return True


def delete_chat_photo(request: Request) -> bool:
    """Take the picture of a group or channel away."""
    chat = request.known_chat()
    _check_changeable(request, chat, "change chat photo")
    if chat.photo is None:
        raise bad_request("CHAT_NOT_MODIFIED")
    chat.photo = None
    request.world.post(chat, request.bot, {"delete_chat_photo": True})
    return True


def _check_changeable(request: Request, chat: Chat, act: str) -> None:
    """Check that the bot may `change chat title`, or the like. Raises Refusal."""
    if chat.kind == "private":
        raise bad_request(f"can't {act.replace(' chat ', ' private chat ')}")
    if not chat.may(request.bot.user_id, "can_change_info"):
        raise bad_request(f"not enough rights to {act}")


def pin_chat_message(request: Request) -> bool:
    """Keep a message at the top."""
    message = request.message(purpose="pin")
    chat = message.chat
    _check_pinnable(request, chat)
    if message.is_service:
        raise bad_request("service messages can't be pinned")
    if chat.pinned and chat.pinned[-1] == message.message_id:
        raise bad_request("CHAT_NOT_MODIFIED")
    request.world.pin(message, request.bot)
    return True


def unpin_chat_message(request: Request) -> bool:
    """Keep a message at the top no longer: the newest of them when none is named."""
    number = request.arguments.integer("message_id")
    chat = request.known_chat()
    if number <= 0:
        number = chat.pinned[-1] if chat.pinned else 0
    if chat.message(number) is None:
        raise bad_request("message to unpin not found")
    _check_pinnable(request, chat)
    if number not in chat.pinned:
        raise NotModelled("unpinChatMessage of a message that is not pinned")
    chat.pinned.remove(number)
    return True


def unpin_all_chat_messages(request: Request) -> bool:
    """Keep nothing at the top."""
    chat = request.known_chat()
    _check_pinnable(request, chat)
    chat.pinned.clear()
    return True


def _check_pinnable(request: Request, chat: Chat) -> None:
    right = "can_edit_messages" if chat.kind == "channel" else "can_pin_messages"
    if chat.kind != "private" and not chat.may(request.bot.user_id, right):
        raise bad_request("not enough rights to manage pinned messages in the chat")


def get_user_chat_boosts(request: Request) -> dict[str, Any]:
    """Return the boosts that somebody gives a chat."""
    chat, user_id = request.known_chat(), request.arguments.integer("user_id")
    if not chat.is_administrator(request.bot.user_id):
        raise bad_request("CHAT_ADMIN_REQUIRED")
    return {"boosts": [boost for boost in chat.boosts.values() if boost["source"]["user"]["id"] == user_id]}


METHODS = {
    "getChat": handler(get_chat, "chat_id"),
    "setChatTitle": handler(set_chat_title, "chat_id title"),
    "setChatDescription": handler(set_chat_description, "chat_id description"),
    "setChatPhoto": handler(set_chat_photo, "chat_id photo"),
    "deleteChatPhoto": handler(delete_chat_photo, "chat_id"),
    "pinChatMessage": handler(pin_chat_message, "chat_id message_id"),
    "unpinChatMessage": handler(unpin_chat_message, "chat_id message_id"),
    "unpinAllChatMessages": handler(unpin_all_chat_messages, "chat_id"),
    "getUserChatBoosts": handler(get_user_chat_boosts, "chat_id user_id"),
}
