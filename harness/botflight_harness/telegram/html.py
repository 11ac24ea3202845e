"""Telegram's HTML: the tags it knows, turned into entities, and its complaints about the rest.

The rules are those of parse_html in tdlib's MessageEntity.cpp.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.telegram.errors import Refusal, bad_request
from botflight_harness.telegram.links import link_entity
from botflight_harness.telegram.utf16 import utf16_length

Entity = dict[str, Any]

_PLAIN_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = frozenset({*_PLAIN_TAGS, "a", "blockquote", "code", "pre", "tg-emoji", "tg-time"})
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,7})|#([0-9]{1,8})|(lt|gt|amp|quot)(?![A-Za-z]));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_MARKUP = re.compile(r"[<&]")
_TAG_NAME = re.compile(r"[^\s>]*")
_SPACE = re.compile(r"\s*")
_ATTRIBUTE_NAME = re.compile(r"[^\s=>/\"']*")
_NAME_TOKEN = re.compile(r"[A-Za-z0-9.-]*")


@dataclass(slots=True)
class _OpenTag:
    name: str
    argument: str
    date: str
    #: where it began in the text that is read, in UTF-16 units
    offset: int
    #: and in characters
    position: int


@dataclass(slots=True)
class _Reader:
    source: str
    at: int = 0
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    offset: int = 0
    open_tags: list[_OpenTag] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def read(self) -> str:
        """Return the text without its markup; the entities are left in `entities`."""
        while (found := _MARKUP.search(self.source, self.at)) is not None:
            self._write(self.source[self.at : found.start()])
            self.at = found.start()
            if found[0] == "&":
                self._read_reference()
            elif self.source.startswith("</", self.at):
                self._read_end_tag()
            else:
                self._read_start_tag()
        self._write(self.source[self.at :])
        if self.open_tags:
            name = self.open_tags[-1].name
            raise _unparsable(f'Can\'t find end tag corresponding to start tag "{name}"')
        return "".join(self.pieces)

    def _write(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)
        self.offset += utf16_length(text)

    def _read_reference(self) -> None:
        found = _REFERENCE.match(self.source, self.at)
        character = _referenced(found) if found else ""
        if found and character:
            self.at = found.end()
            self._write(character)
        else:
            self.at += 1
            self._write("&")

    def _read_start_tag(self) -> None:
        begin = self.at
        name_found = _TAG_NAME.match(self.source, begin + 1)
        name = name_found[0].lower() if name_found else ""
        self.at = begin + 1 + len(name)
        if self._peek() == "":
            raise self._unparsable("Unclosed start tag", begin)
        if name not in _TAGS:
            raise self._unparsable(f'Unsupported start tag "{name}"', begin)
        tag = _OpenTag(name, "", "", self.offset, self.length)
        self._read_attributes(tag, begin)
        if name == "span" and tag.argument != "spoiler":
            raise self._unparsable('Tag "span" must have class "tg-spoiler"', begin)
        self.open_tags.append(tag)

    def _read_attributes(self, tag: _OpenTag, begin: int) -> None:
        while True:
            self._skip_space()
            if self._peek() == ">":
                self.at += 1
                return
            attribute = self._take(_ATTRIBUTE_NAME)
            if not attribute:
                raise self._unparsable(f'Empty attribute name in the tag "{tag.name}"', begin)
            self._skip_space()
            if self._peek() == "":
                raise self._unparsable(f'Unclosed start tag "{tag.name}"', begin)
            value = self._read_value(tag, begin) if self._peek() == "=" else None
            _keep(tag, attribute, value)

    def _read_value(self, tag: _OpenTag, begin: int) -> str:
        self.at += 1
        self._skip_space()
        quote = self._peek()
        if quote == "":
            raise self._unparsable(f'Unclosed start tag "{tag.name}"', begin)
        if quote not in {'"', "'"}:
            return self._read_name_token()
        end = self.source.find(quote, self.at + 1)
        if end < 0 or end + 1 == len(self.source):
            raise self._unparsable("Unclosed start tag", begin)
        value = self.source[self.at + 1 : end]
        self.at = end + 1
        return _REFERENCE.sub(lambda found: _referenced(found) or found[0], value)

    def _read_name_token(self) -> str:
        begin = self.at
        value = self._take(_NAME_TOKEN).lower()
        if self._peek() != ">" and not self._peek().isspace():
            raise self._unparsable("Unexpected end of name token", begin)
        return value

    def _read_end_tag(self) -> None:
        begin = self.at
        if not self.open_tags:
            raise self._unparsable("Unexpected end tag", begin)
        self.at += 2
        name = self._take(_TAG_NAME).lower()
        self._skip_space()
        if self._peek() != ">":
            raise self._unparsable("Unclosed end tag", begin)
        self.at += 1
        tag = self.open_tags.pop()
        if name and name != tag.name:
            offset = self._bytes_before(begin)
            text = f'Unmatched end tag at byte offset {offset}, expected "</{tag.name}>", found "</{name}>"'
            raise _unparsable(text)
        if self.offset > tag.offset:
            self._close(tag)

    def _close(self, tag: _OpenTag) -> None:
        place = {"offset": tag.offset, "length": self.offset - tag.offset}
        match tag.name:
            case "a":
                url = tag.argument or "".join(self.pieces)[tag.position :]
                entity = link_entity(url)
            case "pre" | "code":
                self._close_code(tag, place)
                return
            case "blockquote":
                entity = {"type": "expandable_blockquote" if tag.argument else "blockquote"}
            case "tg-emoji":
                entity = {"type": "custom_emoji", "custom_emoji_id": _emoji(tag.argument)}
            case "tg-time":
                entity = _time(tag)
            case name:
                entity = {"type": _PLAIN_TAGS[name]}
        if entity is not None:
            self.entities.append({**entity, **place})

    def _close_code(self, tag: _OpenTag, place: Entity) -> None:
        inner = self.entities[-1] if self.entities else {}
        same_place = bool(inner) and all(inner[key] == place[key] for key in place)
        if tag.name == "pre" and same_place and inner["type"] == "code" and inner.get("language"):
            inner["type"] = "pre"
        elif tag.name == "code" and same_place and inner["type"] == "pre" and tag.argument:
            inner["language"] = tag.argument
        elif tag.name == "code" and tag.argument:
            # The language means something only inside <pre>; it is dropped at the end if none comes.
            self.entities.append({"type": "code", **place, "language": tag.argument})
        else:
            self.entities.append({"type": tag.name, **place})

    def _peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.source, self.at)
        text = found[0] if found else ""
        self.at += len(text)
        return text

    def _skip_space(self) -> None:
        self._take(_SPACE)

    def _bytes_before(self, position: int) -> int:
        return len(self.source[:position].encode())

    def _unparsable(self, complaint: str, position: int) -> Refusal:
        return _unparsable(f"{complaint} at byte offset {self._bytes_before(position)}")


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Return the text without its tags, and the entities that the tags stood for.

    Raises Refusal in tdlib's words, with the offset in bytes.
    """
    if "<" not in source and "&" not in source:
        return source, []
    reader = _Reader(source)
    text = reader.read()
    for entity in reader.entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, sorted(reader.entities, key=entity_order)


def entity_order(entity: Entity) -> tuple[int, int]:
    """Sort by where an entity begins, the longer first."""
    return entity["offset"], -entity["length"]


def _referenced(found: re.Match[str]) -> str:
    if found[3]:
        return _NAMED[found[3]]
    code = int(found[1], 16) if found[1] else int(found[2])
    is_character = 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF  # noqa: PLR2004 -- Unicode's bounds
    return chr(code) if is_character else ""


def _keep(tag: _OpenTag, attribute: str, value: str | None) -> None:
    match tag.name, attribute:
        case "blockquote", "expandable":
            tag.argument = "1"
        case ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "format") if value is not None:
            tag.argument = value
        case "code", "class" if value is not None and value.startswith("language-"):
            tag.argument = value.removeprefix("language-")
        case "span", "class" if value is not None and value.startswith("tg-"):
            tag.argument = value.removeprefix("tg-")
        case "tg-time", "unix" if value is not None:
            tag.date = value


def _emoji(identifier: str) -> str:
    if not identifier.isdecimal() or int(identifier) == 0:
        raise _unparsable("Invalid custom emoji identifier specified")
    return identifier


def _time(tag: _OpenTag) -> Entity | None:
    if not tag.date.isdecimal() or int(tag.date) == 0:
        return None
    entity: Entity = {"type": "date_time", "unix_time": int(tag.date)}
    return {**entity, "date_time_format": tag.argument} if tag.argument else entity


def _unparsable(complaint: str) -> Refusal:
    return bad_request(f"can't parse entities: {complaint}")
