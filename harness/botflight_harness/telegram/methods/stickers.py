"""Single stickers: uploading them, what belongs to one of a set, and finding custom emoji."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.emoji import is_emoji
from botflight_harness.telegram.errors import NotModelled, Refusal, bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.objects import Unreadable
from botflight_harness.telegram.stickers import Format, Kind, Sticker, StickerSet, bytes_most, check_size

EMOJI_MOST = 20
CUSTOM_EMOJI_AT_ONCE_MOST = 200
#: All keywords of a sticker together.
KEYWORDS_CHARACTERS_MOST, KEYWORDS_MOST = 64, 20

_POINTS = frozenset({"forehead", "eyes", "mouth", "chin"})
_FORMATS: Mapping[str, Format | None] = {"static": "static", "animated": "animated", "video": "video", "auto": None}
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class InputSticker:
    """A sticker that a call brings."""

    reference: str
    #: None: that of the set
    format: Format | None
    emoji: tuple[str, ...]
    keywords: tuple[str, ...]
    mask_position: dict[str, Any] | None


def read_sticker(value: object, *, default_format: str = "") -> InputSticker:
    """Return an InputSticker; without a default it has to name its format. Raises Unreadable."""
    fields = objects.an_object(value, "InputSticker")
    reference = objects.text(fields, "sticker")
    if not reference:
        raise Unreadable("sticker not found")
    format_ = read_format(objects.text(fields, "format", required=not default_format) or default_format)
    emoji = _emoji(objects.array(fields, "emoji_list"))
    mask_position = _mask_position(fields.get("mask_position"))
    keywords = _keywords(objects.array(fields, "keywords")) if "keywords" in fields else ()
    return InputSticker(reference, format_, emoji, keywords, mask_position)


def read_format(text: str) -> Format | None:
    """Return a sticker's format; None stands for "auto". Raises Unreadable."""
    if text not in _FORMATS:
        raise Unreadable("Invalid sticker format specified")
    return _FORMATS[text]


def make_sticker(request: Request, home: StickerSet, given: InputSticker) -> Sticker:
    """Make a sticker for a set, which it is not in yet. Raises Refusal when its file is none of the format."""
    format_ = given.format or home.format()
    if format_ is None:
        raise bad_request("sticker format must be non-empty")
    if given.mask_position and home.kind != "mask":
        raise NotModelled("a mask_position for a sticker that is no mask")
    data = sticker_file(request, given.reference, format_, home.kind)
    sets = request.world.sticker_sets
    return sets.draw(home, data, format_, given.emoji, given.keywords, given.mask_position)


def sticker_file(request: Request, reference: object, format_: Format, kind: Kind, most: int = 0) -> bytes:
    """Return the file that is uploaded with the call, or known by its file_id; `most` is in bytes.

    Raises Refusal when there is none, and NotModelled for a URL, since nothing here fetches from the net.
    """
    upload = request.arguments.upload(reference)
    if upload is not None:
        check_size(upload.data, most or bytes_most(format_, kind))
        return upload.data
    if not isinstance(reference, str) or reference.startswith("attach://"):
        raise bad_request("sticker not found")
    if reference.startswith(("http://", "https://")):
        if format_ != "static":
            raise bad_request(f"{format_} stickers can't be uploaded by URL")
        raise NotModelled(f"{request.arguments.method.name} with a URL: upload the file, or send a file_id")
    stored = request.world.files.get(reference)
    if stored is None:
        raise _unknown_file()
    if stored.kind == "photo":
        raise bad_request(f"can't use file of type Photo as {'Sticker' if format_ == 'animated' else 'Document'}")
    return stored.data


def upload_sticker_file(request: Request) -> dict[str, Any]:
    """Keep a file for sets that are made later."""
    arguments = request.arguments
    with objects.refusing():
        format_ = read_format(arguments.text("sticker_format"))
    upload = arguments.upload(arguments.get("sticker"))
    check_owner(request)
    if upload is None:
        raise bad_request("inputFile is not specified")
    if format_ is None:
        raise bad_request("sticker format must be non-empty")
    check_size(upload.data, bytes_most(format_, "regular"))
    shown: dict[str, Any] = request.world.files.add("document", upload).content
    return {name: shown[name] for name in ("file_id", "file_unique_id", "file_size")}


def check_owner(request: Request) -> None:
    """Check that the person of `user_id` can be given stickers: they have written to the bot. Raises Refusal."""
    user_id = request.user().user_id
    if (user_id, request.bot.user_id) not in request.world.chats:
        raise bad_request("PEER_ID_INVALID")


def own_sticker(request: Request) -> tuple[StickerSet, Sticker]:
    """Return the sticker that a call names by its file_id, and its set, which the bot has made. Raises Refusal."""
    found = find_own(request, request.arguments.text("sticker"))
    if found is None:
        raise bad_request("STICKER_INVALID")
    return found


def find_own(request: Request, file_id: str) -> tuple[StickerSet, Sticker] | None:
    """Return a sticker of a set that the bot has made, or None. Raises Refusal for what is no sticker's file_id."""
    if not file_id.strip():
        raise bad_request("sticker is not specified")
    stored = request.world.files.get(file_id.strip())
    if stored is None:
        raise _unknown_file()
    if stored.kind == "photo":
        raise bad_request("can't use file of type Photo as Sticker")
    found = request.world.sticker_sets.home(stored.file_id)
    return found if found is not None and found[0].bot is request.bot else None


def _unknown_file() -> Refusal:
    return bad_request("wrong remote file identifier specified: can't unserialize it. Wrong last symbol")


def set_sticker_emoji_list(request: Request) -> bool:
    """Say with which emoji a sticker goes."""
    value = request.arguments.get("emoji_list")
    with objects.parsing("emoji list"):
        emoji = _emoji(value)
    _, sticker = own_sticker(request)
    sticker.emoji = emoji
    sticker.file.content["emoji"] = emoji[0]
    return True


def set_sticker_keywords(request: Request) -> bool:
    """Say by which words a sticker is found; none takes them away."""
    value = request.arguments.get("keywords")
    if value is not None and not isinstance(value, list):
        raise bad_request('field "keywords" must be an Array')
    with objects.refusing():
        keywords = _keywords(value or [])
    _, sticker = own_sticker(request)
    sticker.keywords = keywords
    return True


def set_sticker_mask_position(request: Request) -> bool:
    """Say where a mask lies on a face; without a place it may lie anywhere."""
    with objects.parsing("mask position"):
        position = _mask_position(request.arguments.get("mask_position"))
    home, sticker = own_sticker(request)
    if home.kind != "mask":
        raise NotModelled("setStickerMaskPosition of a sticker that is no mask")
    sticker.file.content.pop("mask_position", None)
    if position:
        sticker.file.content["mask_position"] = position
    return True


def get_custom_emoji_stickers(request: Request) -> list[dict[str, Any]]:
    """Return the custom emoji of these ids; those that nobody knows are passed over."""
    given = request.arguments.get("custom_emoji_ids")
    if not isinstance(given, list):
        raise bad_request("expected an Array of custom emoji identifiers")
    for number in given:
        if not isinstance(number, str):
            raise bad_request("custom emoji identifier must be of type String")
        if not number.removeprefix("-").isdecimal() or int(number) not in _INT64:
            raise bad_request("invalid custom emoji identifier specified")
    if len(given) > CUSTOM_EMOJI_AT_ONCE_MOST:
        raise bad_request("too many custom emoji identifiers specified")
    found = (request.world.sticker_sets.custom_emoji(number) for number in dict.fromkeys(given))
    return [sticker.as_json() for sticker in found if sticker is not None]


def get_forum_topic_icon_stickers(request: Request) -> list[dict[str, Any]]:
    """Return what any topic may have as its icon."""
    icons = request.world.sticker_sets.topic_icons
    if icons is None:
        raise NotModelled('getForumTopicIconStickers before telegram.sticker_sets.add_topic_icons("💡", ...)')
    return [sticker.as_json() for sticker in icons.stickers]


def _emoji(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Unreadable("expected an Array of string")
    if not value:
        raise Unreadable("emoji list must be non-empty")
    if len(value) > EMOJI_MOST:
        raise Unreadable("too many emoji specified")
    for emoji in value:
        if not isinstance(emoji, str):
            raise Unreadable("emoji must be a string")
        if not is_emoji(emoji):
            raise Unreadable("expected a Unicode emoji")
    return tuple(value)


def _keywords(values: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(keyword, str) for keyword in values):
        raise Unreadable("keyword must be a string")
    if len(values) > KEYWORDS_MOST or sum(map(len, values)) > KEYWORDS_CHARACTERS_MOST:
        raise NotModelled(f"keywords that are more than {KEYWORDS_MOST}, or {KEYWORDS_CHARACTERS_MOST} characters")
    return tuple(keyword.replace(",", " ").replace("\n", " ") for keyword in values)


def _mask_position(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    fields = objects.an_object(value, "MaskPosition")
    point = objects.text(fields, "point", required=True).strip().lower()
    if point not in _POINTS:
        raise Unreadable("Wrong point specified in MaskPosition")
    return {"point": point, **{name: objects.number(fields, name) for name in ("x_shift", "y_shift", "scale")}}


METHODS = {
    "uploadStickerFile": handler(upload_sticker_file, "user_id sticker sticker_format"),
    "setStickerEmojiList": handler(set_sticker_emoji_list, "sticker emoji_list"),
    "setStickerKeywords": handler(set_sticker_keywords, "sticker keywords"),
    "setStickerMaskPosition": handler(set_sticker_mask_position, "sticker mask_position"),
    "getCustomEmojiStickers": handler(get_custom_emoji_stickers, "custom_emoji_ids"),
    "getForumTopicIconStickers": handler(get_forum_topic_icon_stickers),
}
