"""What is there before a bot runs, beside people: sets of stickers, the icons of topics, and games."""

from typing import Any

from botflight_harness.control.fields import Field
from botflight_harness.control.operation import OBJECT, TEXT, Given, Operation, listed, need, shape
from botflight_harness.control.room import Room

_KINDS = ("regular", "mask", "custom_emoji")


def _add_sticker_set(room: Room, given: Given) -> dict[str, Any]:
    sets = room.telegram.sticker_sets
    return sets.add(given["name"], *given["emoji"], title=given.get("title", ""), kind=given["kind"]).as_json()


def _add_topic_icons(room: Room, given: Given) -> dict[str, Any]:
    return room.telegram.sticker_sets.add_topic_icons(*given["emoji"]).as_json()


def _add_game(room: Room, given: Given) -> dict[str, Any]:
    game = room.telegram.games.add(
        given["short_name"],
        bot=room.bot(given.get("bot")),
        title=given.get("title", ""),
        description=given.get("description", ""),
    )
    return {"short_name": game.short_name, **game.as_json()}


_EMOJI = need("emoji", "texts", "a plain sticker is made for each")
_SET = shape(name=TEXT, title=TEXT, sticker_type=TEXT, stickers=listed(OBJECT))

OPERATIONS = (
    Operation(
        "add_sticker_set",
        "POST",
        "/sticker_sets",
        "Make a set of stickers that no bot here may change.",
        _add_sticker_set,
        (
            need("name", "text"),
            _EMOJI,
            Field("title", "text"),
            Field("kind", "text", default="regular", choices=_KINDS),
        ),
        _SET,
    ),
    Operation(
        "add_topic_icons",
        "POST",
        "/topic_icons",
        "Say what getForumTopicIconStickers tells.",
        _add_topic_icons,
        (_EMOJI,),
        _SET,
    ),
    Operation(
        "add_game",
        "POST",
        "/games",
        "Make a game, as BotFather's /newgame does.",
        _add_game,
        (
            need("short_name", "text"),
            Field("title", "text"),
            Field("description", "text"),
            Field("bot", "integer", "a bot's id; without it, the only bot"),
        ),
        shape(short_name=TEXT, title=TEXT, description=TEXT),
    ),
)
