"""Texts with their entities: given, parsed from a parse mode, and found by themselves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.html import Entity, entity_order, parse_html
from botflight_harness.telegram.markdown import parse_markdown_v2
from botflight_harness.telegram.old_markdown import parse_old_markdown
from botflight_harness.telegram.utf16 import utf16_length

ENTITIES_MOST = 100
TEXT_BYTES_MOST = 1 << 15

#: What Telegram finds in a text by itself. A bot command may follow a start or a space only.
_FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>]))"
    r"|(?P<url>\bhttps?://[^\s<>\"]*[^\s<>\".,;:!?)])"
    r"|(?P<email>\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b)"
    r"|(?P<mention>(?<!\w)@[A-Za-z0-9_]{3,32}\b)"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)"
)
_SIGNS = ("/", "@", "#")


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text as Telegram keeps it."""

    text: str
    entities: tuple[Entity, ...] = ()


def format_text(text: str, *, parse_mode: str = "", entities: Sequence[Entity] | None = None) -> Formatted:
    """Return the text that Telegram would keep: parsed, trimmed, with entities in order.

    Raises Refusal when the markup is wrong, in Telegram's words.
    """
    if len(text) > TEXT_BYTES_MOST // 4 and len(text.encode()) > TEXT_BYTES_MOST:
        raise bad_request("text is too long")
    if parse_mode and text and parse_mode.lower() != "none":
        text, parsed = _parse(text, parse_mode)
    else:
        parsed = [_given(entity) for entity in entities or ()]
    text, parsed = _trim(text, parsed)
    found = find_entities(text)
    if not parsed:
        return Formatted(text, tuple(found))
    covered = [_span(entity) for entity in parsed if entity["type"] in {"code", "pre", "text_link", "text_mention"}]
    found = [entity for entity in found if not any(_overlap(_span(entity), span) for span in covered)]
    return Formatted(text, tuple(sorted(parsed + found, key=entity_order)[:ENTITIES_MOST]))


def find_entities(text: str) -> list[Entity]:
    """Return the commands, links, mentions and tags that Telegram finds by itself."""
    if not any(sign in text for sign in _SIGNS):
        return []
    return [
        {
            "type": found.lastgroup,
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found[0]),
        }
        for found in _FOUND.finditer(text)
    ]


def _parse(text: str, parse_mode: str) -> tuple[str, list[Entity]]:
    match parse_mode.lower():
        case "html":
            return parse_html(text)
        case "markdownv2":
            return parse_markdown_v2(text)
        case "markdown":
            return parse_old_markdown(text)
        case _:
            raise bad_request("unsupported parse_mode")


def _given(entity: Any) -> Entity:  # noqa: ANN401 -- JSON of the bot's
    if not isinstance(entity, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    for name in ("type", "offset", "length"):
        if name not in entity:
            raise bad_request(f"can't parse MessageEntity: can't find field \"{name}\"")
    if not all(type(entity[name]) is int for name in ("offset", "length")):
        raise bad_request("can't parse MessageEntity: offset and length must be of type Number")
    user = entity.get("user")
    if entity["type"] == "text_mention" and not (isinstance(user, dict) and type(user.get("id")) is int):
        raise bad_request("can't parse MessageEntity: can't find field \"user\"")
    return dict(entity)


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Cut white space off both ends, as the server does, and let the entities follow."""
    stripped = text.strip()
    if len(stripped) == len(text) or not entities:
        return stripped, entities
    dropped = utf16_length(text[: len(text) - len(text.lstrip())])
    end = utf16_length(stripped)
    return stripped, [moved for entity in entities if (moved := _moved(entity, dropped, end))]


def _moved(entity: Entity, dropped: int, end: int) -> Entity | None:
    first, last = _span(entity)
    first, last = max(first - dropped, 0), min(last - dropped, end)
    return {**entity, "offset": first, "length": last - first} if first < last else None


def _span(entity: Entity) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
