"""Sets of stickers: made and changed by the bot that made them, and shown in groups."""

from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.files import image_size
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.methods.stickers import (
    InputSticker,
    check_owner,
    find_own,
    make_sticker,
    own_sticker,
    read_format,
    read_sticker,
    sticker_file,
)
from botflight_harness.telegram.stickers import (
    NAME_CHARACTERS_MOST,
    STICKERS_MOST,
    THUMBNAIL_SIDE,
    TITLE_CHARACTERS_MOST,
    Kind,
    StickerSet,
    is_set_name,
    thumbnail_bytes_most,
)

STICKERS_AT_FIRST_MOST = 50

_KINDS: dict[str, Kind] = {"": "regular", "regular": "regular", "mask": "mask", "custom_emoji": "custom_emoji"}


def create_new_sticker_set(request: Request) -> bool:
    """Make a set for somebody, with its first stickers; the bot may change it from then on."""
    arguments, sets = request.arguments, request.world.sticker_sets
    given = _first_stickers(request)
    kind = _KINDS.get(arguments.text("sticker_type"))
    if kind is None:
        raise bad_request("unsupported sticker type specified")
    check_owner(request)
    title, name = _title(request), _name(request)
    if not given:
        raise bad_request("at least 1 sticker must be specified")
    repaints = arguments.flag("needs_repainting")
    if repaints and kind != "custom_emoji":
        raise bad_request("only custom emoji stickers support repainting")
    made = StickerSet(name, title, kind, request.bot, repaints)
    # Each file is looked at before the set is there, as a set is made whole or not at all.
    stickers = [make_sticker(request, made, sticker) for sticker in given]
    if not is_set_name(name, request.bot):
        raise bad_request("invalid sticker set name is specified")
    if sets.find(name) is not None:
        raise bad_request("sticker set name is already occupied")
    for sticker in stickers:
        sets.put(made, sticker)
    sets.open(made)
    return True


def _first_stickers(request: Request) -> list[InputSticker]:
    given = request.arguments.get("stickers")
    if not isinstance(given, list):
        raise bad_request("expected an Array of InputSticker")
    if len(given) > STICKERS_AT_FIRST_MOST:
        raise bad_request("too many stickers specified")
    with objects.parsing("InputSticker"):
        return [read_sticker(value) for value in given]


def add_sticker_to_set(request: Request) -> bool:
    """Put one more sticker at the end of a set."""
    given = _sticker(request)
    check_owner(request)
    home = _own(request)
    sticker = make_sticker(request, home, given)
    if len(home.stickers) >= STICKERS_MOST[home.kind]:
        raise bad_request("STICKERS_TOO_MUCH")
    request.world.sticker_sets.put(home, sticker)
    return True


def replace_sticker_in_set(request: Request) -> bool:
    """Put a sticker in the place of another."""
    given = _sticker(request)
    check_owner(request)
    home = _own(request)
    found = find_own(request, request.arguments.text("old_sticker"))
    sticker = make_sticker(request, home, given)
    if found is None or found[0] is not home:
        raise bad_request("STICKER_INVALID")
    place = home.stickers.index(found[1])
    request.world.sticker_sets.take_out(*found)
    request.world.sticker_sets.put(home, sticker, at=place)
    return True


def _sticker(request: Request) -> InputSticker:
    with objects.parsing("sticker"):
        return read_sticker(request.arguments.get("sticker"), default_format="auto")


def get_sticker_set(request: Request) -> dict[str, Any]:
    """Return a set, whoever has made it."""
    return _any(request).as_json()


def set_sticker_position_in_set(request: Request) -> bool:
    """Move a sticker to another place in its set, counted from 0."""
    position = request.arguments.integer("position")
    if position < 0:
        raise bad_request("wrong sticker position specified")
    home, sticker = own_sticker(request)
    if position >= len(home.stickers):
        raise NotModelled("setStickerPositionInSet beyond the end of the set")
    home.stickers.remove(sticker)
    home.stickers.insert(position, sticker)
    return True


def delete_sticker_from_set(request: Request) -> bool:
    """Take a sticker out of its set."""
    request.world.sticker_sets.take_out(*own_sticker(request))
    return True


def set_sticker_set_title(request: Request) -> bool:
    """Give a set another title."""
    _name(request)
    title = _title(request)
    _own(request).title = title
    return True


def set_sticker_set_thumbnail(request: Request) -> bool:
    """Give a set a picture of its own; none lets the first sticker stand for it."""
    arguments = request.arguments
    with objects.refusing():
        format_ = read_format(arguments.text("format") or "auto")
    check_owner(request)
    home = _own(request)
    if home.kind == "custom_emoji":
        raise bad_request("the method can't be used to set thumbnail of custom emoji sticker sets")
    format_ = format_ or home.format()
    if format_ is None:
        raise bad_request("sticker format must be non-empty")
    reference = arguments.get("thumbnail")
    if not reference:
        home.thumbnail = None
        return True
    data = sticker_file(request, reference, format_, home.kind, thumbnail_bytes_most(format_))
    made = request.world.sticker_sets.thumbnail(data, format_)
    if format_ == "static" and image_size(data) != (THUMBNAIL_SIDE, THUMBNAIL_SIDE):
        raise NotModelled("setStickerSetThumbnail with a picture that is not 100x100")
    home.thumbnail = made
    return True


def set_custom_emoji_sticker_set_thumbnail(request: Request) -> bool:
    """Let one of its custom emoji stand for a set; none lets the first one do so."""
    home = _own(request)
    if home.kind != "custom_emoji":
        raise bad_request("the method can be used to set thumbnail only for custom emoji sticker sets")
    number = request.arguments.text("custom_emoji_id")
    if not number:
        home.thumbnail = None
        return True
    sticker = request.world.sticker_sets.custom_emoji(number)
    if sticker is None or sticker not in home.stickers:
        raise NotModelled("setCustomEmojiStickerSetThumbnail with an emoji that is not in the set")
    shown = ("file_id", "file_unique_id", "width", "height", "file_size")
    home.thumbnail = {name: sticker.as_json()[name] for name in shown}
    return True


def delete_sticker_set(request: Request) -> bool:
    """Delete a set."""
    request.world.sticker_sets.close(_own(request))
    return True


def set_chat_sticker_set(request: Request) -> bool:
    """Let a set be that of a group."""
    chat = _supergroup(request)
    found = request.world.sticker_sets.find(request.arguments.text("sticker_set_name"))
    if found is None:
        raise bad_request("sticker set not found")
    _check_rights(request, chat)
    chat.sticker_set_name = found.name
    return True


def delete_chat_sticker_set(request: Request) -> bool:
    """Let a group have no set of its own."""
    chat = _supergroup(request)
    _check_rights(request, chat)
    chat.sticker_set_name = ""
    return True


def _supergroup(request: Request) -> Chat:
    chat = request.chat()
    if chat.kind != "supergroup":
        raise bad_request("method is available only for supergroups")
    return chat


def _check_rights(request: Request, chat: Chat) -> None:
    if not chat.may(request.bot.user_id, "can_change_info"):
        raise bad_request("not enough rights to change supergroup sticker set")
    if not chat.can_set_sticker_set:
        raise bad_request("can't set supergroup sticker set")


def _any(request: Request) -> StickerSet:
    found = request.world.sticker_sets.find(_name(request))
    if found is None:
        raise bad_request("STICKERSET_INVALID")
    return found


def _own(request: Request) -> StickerSet:
    found = _any(request)
    if found.bot is not request.bot:
        raise bad_request("STICKERSET_INVALID")
    return found


def _name(request: Request) -> str:
    name = request.arguments.text("name").strip()[:NAME_CHARACTERS_MOST].strip()
    if not name:
        raise bad_request("sticker set name must be non-empty")
    return name


def _title(request: Request) -> str:
    title = request.arguments.text("title").strip()[:TITLE_CHARACTERS_MOST].strip()
    if not title:
        raise bad_request("sticker set title must be non-empty")
    return title


METHODS = {
    "createNewStickerSet": handler(create_new_sticker_set, "user_id name title stickers sticker_type needs_repainting"),
    "addStickerToSet": handler(add_sticker_to_set, "user_id name sticker"),
    "replaceStickerInSet": handler(replace_sticker_in_set, "user_id name old_sticker sticker"),
    "getStickerSet": handler(get_sticker_set, "name"),
    "setStickerPositionInSet": handler(set_sticker_position_in_set, "sticker position"),
    "deleteStickerFromSet": handler(delete_sticker_from_set, "sticker"),
    "setStickerSetTitle": handler(set_sticker_set_title, "name title"),
    "setStickerSetThumbnail": handler(set_sticker_set_thumbnail, "name user_id thumbnail format"),
    "setCustomEmojiStickerSetThumbnail": handler(set_custom_emoji_sticker_set_thumbnail, "name custom_emoji_id"),
    "deleteStickerSet": handler(delete_sticker_set, "name"),
    "setChatStickerSet": handler(set_chat_sticker_set, "chat_id sticker_set_name"),
    "deleteChatStickerSet": handler(delete_chat_sticker_set, "chat_id"),
}
