"""What an answer to an inline query puts into a chat once somebody chooses it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.content import caption_of, check_edited, media_content, text_content
from botflight_harness.telegram.entities import format_text
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import Markup, read_markup

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram

#: by the type of a result: the field that names its file on Telegram's servers, and the kind of file
_CACHED = {
    "photo": "photo_file_id",
    "gif": "gif_file_id",
    "mpeg4_gif": "mpeg4_file_id",
    "sticker": "sticker_file_id",
    "document": "document_file_id",
    "video": "video_file_id",
    "voice": "voice_file_id",
    "audio": "audio_file_id",
}


def inline_content(
    world: "Telegram", bot: BotAccount, result: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the content of the message that an answer makes, and its buttons.

    Raises NotModelled for a result that is a file on the net, since nothing here fetches from there, and for a game
    that BotFather never made.
    """
    keyboard = read_markup(result.get("reply_markup")).inline
    given = result.get("input_message_content")
    if isinstance(given, Mapping):
        return input_content(given), keyboard
    kind = str(result["type"])
    match kind:
        case "game":
            game = world.games.get(bot, str(result.get("game_short_name", "")))
            return {"game": game.as_json()}, game.markup(Markup(inline=keyboard)).inline
        case "location":
            return {"location": _place(result)}, keyboard
        case "venue":
            return _venue(result), keyboard
        case "contact":
            return _contact(result), keyboard
    stored = world.files.get(str(result.get(_CACHED.get(kind, ""), "")))
    if stored is None:
        raise NotModelled(f"choosing an inline result of type {kind} that is no file of this Telegram")
    content = media_content(stored, caption_of(result), result)
    check_edited(content)
    return content, keyboard


def input_content(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content that an InputMessageContent stands for. Raises Refusal when Telegram would not take it."""
    if given.get("message_text"):
        return _text(given)
    if "phone_number" in given:
        return _contact(given)
    if "address" in given:
        return _venue(given)
    if "latitude" in given:
        return {"location": _place(given)}
    if "message_text" in given:
        raise bad_request("can't parse inline query result: Input message content is not specified")
    raise NotModelled(f"an inline result with {', '.join(given)}")


def _text(given: Mapping[str, Any]) -> dict[str, Any]:
    formatted = format_text(
        str(given["message_text"]), parse_mode=given.get("parse_mode") or "", entities=given.get("entities")
    )
    content = text_content(formatted)
    check_edited(content)
    return content


def _place(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"latitude": given["latitude"], "longitude": given["longitude"]}


def _venue(given: Mapping[str, Any]) -> dict[str, Any]:
    place = _place(given)
    return {"venue": {"location": place, "title": given["title"], "address": given["address"]}, "location": place}


def _contact(given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("phone_number", "first_name", "last_name", "vcard")
    return {"contact": {name: given[name] for name in names if given.get(name)}}
