"""Objects of the Bot API, drawn at random from the harness's schema: valid, and as odd as they may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from botflight_harness.telegram import schema
from botflight_harness.telegram.utf16 import utf16_length

#: How deep objects are drawn with all that they may hold; below that only with what they must.
DEPTH = 2
#: Deeper, an object of a union is drawn that holds no other.
DEPTH_MOST = 6
#: How often a field is there that may be left out.
OPTIONAL = 0.15
ID_MOST = 2**52 - 1
_DAYS_S = 86_400
#: What an object of a union says of itself, where that is not the end of its name.
_NAMED = {"ChatMemberOwner": "creator", "ChatMemberBanned": "kicked", "RichTextTextMention": "text_mention"}
_DISCRIMINATORS = ("type", "status", "source")


def words(text: str) -> tuple[str, ...]:
    """The words of a text: a list that is easily read."""
    return tuple(text.split())


_WORDS = {
    ("Chat", "type"): ("private", "group", "supergroup", "channel"),
    ("MessageEntity", "type"): words(
        "mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough "
        "spoiler blockquote expandable_blockquote code pre text_link text_mention custom_emoji date_time"
    ),
    ("Sticker", "type"): ("regular", "mask", "custom_emoji"),
    ("Poll", "type"): ("regular", "quiz"),
    ("MaskPosition", "point"): ("forehead", "eyes", "mouth", "chin"),
    ("BotSubscriptionUpdated", "state"): ("active", "canceled", "failed"),
    ("SuggestedPostInfo", "state"): ("pending", "approved", "declined"),
    ("UniqueGiftInfo", "origin"): ("upgrade", "transfer", "resale", "gifted_upgrade", "offer"),
    ("EncryptedPassportElement", "type"): ("passport", "address", "email", "phone_number"),
    ("Dice", "emoji"): ("🎲", "🎯", "🏀", "⚽", "🎳", "🎰"),
}
#: Texts as people write them, and as they should not.
TEXTS = (
    "a red fox in the snow",
    "рыжая лиса на снегу",
    "<b>bold</b> & <i>broken",
    "{price} {0} {{}} %s \\n ${x}",
    "👩\N{ZERO WIDTH JOINER}🚀" * 7,
    "שלום עולם مرحبا",
    "\N{RIGHT-TO-LEFT OVERRIDE}backwards",
    "Z\u0351\u036b\u0343a\u0329\u0311l\u0363",
    " \n\t ",
    "0",
    "-1",
    "1e400",
    "NaN",
    "١٢",
    "٢",
    "5",
    "/",
    "/ start",
    "//start",
    "/start@somebody_else_bot",
    "@",
    "'; DROP TABLE attempts; --",
    "x" * 300,
    "\N{ZERO WIDTH SPACE}",
    "a\N{NO-BREAK SPACE}b",
    "line\nline\nline",
)
_LONG = "слово " * 700


class Objects:
    """Draws objects. `rare` makes what may be left out rarer or more frequent."""

    def __init__(self, chance: Random, *, now_s: int, rare: float = OPTIONAL) -> None:
        self._chance = chance
        self._now_s = now_s
        self._rare = rare
        self._schema = schema.load()

    def draw(self, type_name: str, depth: int = 0) -> Any:
        """A value of a type as the schema writes it, such as `[PhotoSize]`."""
        if type_name.startswith("["):
            return [self.draw(type_name[1:-1], depth + 1) for _ in range(self._chance.randint(1, 2))]
        name = self._chance.choice(type_name.split("|"))
        known = self._schema.types.get(name)
        if isinstance(known, list):
            return self._one_of(name, known, depth) if known else {}
        return self._scalar("", name, None) if known is None else self._object(name, depth)

    def text(self, most: int = 4096) -> str:
        """A text that a person may have written, never empty."""
        if most >= len(_LONG) // 2 and self._chance.random() < 0.02:
            return _LONG[:most]
        return self._chance.choice(TEXTS)[:most]

    def scalar(self, field: schema.Field) -> Any:
        """A value for a field that holds no object."""
        return self._scalar(field.name, self._chance.choice(field.type.split("|")), field.limit)

    def within(self, name: str, text: str) -> dict[str, Any]:
        """Entities for a text, under the name of their field."""
        drawn = [self.draw("MessageEntity") for _ in range(self._chance.randint(1, 3))]
        return {name: [self._within(entity, utf16_length(text)) for entity in drawn]}

    def _one_of(self, union: str, names: list[str], depth: int) -> Any:
        if union == "RichText" and (depth > DEPTH or self._chance.random() < 0.5):
            return self.text()
        if union == "RichBlock" and depth > DEPTH:
            return {"type": "divider"}
        return self._object(self._chance.choice(names), depth, union)

    def _object(self, name: str, depth: int, union: str = "") -> dict[str, Any]:
        drawn: dict[str, Any] = {}
        for field in self._schema.fields(name).values():
            if field.required or (depth < DEPTH and self._chance.random() < self._rare):
                drawn[field.name] = self._field(name, field, depth)
        for told in _DISCRIMINATORS:
            if union and told in drawn:
                drawn[told] = _NAMED.get(name) or _snake(name.removeprefix(union))
        return self._sensible(name, drawn)

    def _field(self, owner: str, field: schema.Field, depth: int) -> Any:
        if words := _WORDS.get((owner, field.name)):
            return self._chance.choice(words)
        if depth > DEPTH_MOST and field.type.startswith("["):
            return []
        if re.fullmatch(r"[A-Z]\w*", field.type) and field.type in self._schema.types:
            return self.draw(field.type, depth + 1)
        if field.type.startswith("["):
            return self.draw(field.type, depth)
        return self._scalar(field.name, self._chance.choice(field.type.split("|")), field.limit)

    def _scalar(self, name: str, kind: str, limit: schema.Limit | None) -> Any:
        match kind:
            case "True":
                return True
            case "Boolean":
                return self._chance.random() < 0.5
            case "Float":
                return round(self._chance.uniform(limit.least if limit else -90, limit.most if limit else 90), 6)
            case "Integer":
                return self._integer(name, limit)
        most = limit.most if limit and limit.unit == "characters" else 64 if name != "text" else 4096
        return self.text(most)

    def _integer(self, name: str, limit: schema.Limit | None) -> int:
        if limit is not None:
            return self._chance.randint(limit.least, limit.most)
        if name == "date" or name.endswith(("_date", "_time")):
            return self._now_s - self._chance.randrange(30 * _DAYS_S)
        if name == "id" or name.endswith("_id"):
            return self._chance.choice((1, self._chance.randint(1, 10**10), ID_MOST))
        return self._chance.choice((0, 1, self._chance.randint(0, 10**6)))

    def _sensible(self, name: str, drawn: dict[str, Any]) -> dict[str, Any]:
        """What the schema cannot say: entities lie within their text, what is gone has no date."""
        for entities, text in (("entities", "text"), ("caption_entities", "caption"), ("text_entities", "text")):
            if entities in drawn:
                length = utf16_length(str(drawn.get(text, "")))
                drawn[entities] = [self._within(entity, length) for entity in drawn[entities]] if length else []
        if name == "InaccessibleMessage":
            drawn["date"] = 0
        if name == "CallbackQuery" and "data" not in drawn:
            drawn["game_short_name"] = "chess"
        return drawn

    def _within(self, entity: Mapping[str, Any], length: int) -> dict[str, Any]:
        offset = self._chance.choice((0, self._chance.randrange(length)))
        return {**entity, "offset": offset, "length": self._chance.randint(1, length - offset)}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
