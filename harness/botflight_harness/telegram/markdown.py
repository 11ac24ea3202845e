"""Telegram's MarkdownV2, turned into entities, and its complaints about what was not escaped.

The rules are those of parse_markdown_v2 in tdlib's MessageEntity.cpp.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.telegram.errors import Refusal, bad_request
from botflight_harness.telegram.links import link_entity
from botflight_harness.telegram.utf16 import utf16_length

Entity = dict[str, Any]

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_CODE = frozenset({"code", "pre"})
#: What opens an entity, the longer first.
_MARKS = {"__": "underline", "||": "spoiler", "![": "custom_emoji", "_": "italic", "*": "bold"}
_MARKS |= {"~": "strikethrough", "[": "text_link"}
#: What closes it.
_ENDS = {"underline": "__", "spoiler": "||", "italic": "_", "bold": "*", "strikethrough": "~"}
_ENDS |= {"code": "`", "pre": "```", "text_link": "]", "custom_emoji": "]"}
#: tdlib's own names, which its complaints carry.
_TDLIB = {"text_link": "TextUrl", "pre": "Pre", "blockquote": "BlockQuote", "custom_emoji": "CustomEmoji"}
_LANGUAGE = re.compile(r"([^\s`]+)(?=\s)")
_NEW_LINE = re.compile(r"\r\n|\n\r|\n|\r")
_EMOJI = re.compile(r"tg://emoji\?id=(\d+)$")
_ESCAPED = re.compile(r"\\([\x01-\x7e])")


@dataclass(slots=True)
class _Open:
    type: str
    begin: int
    offset: int
    position: int
    language: str = ""


@dataclass(slots=True)
class _Reader:
    source: str
    at: int = 0
    written: list[str] = field(default_factory=list)
    offset: int = 0
    nested: list[_Open] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    in_quote: bool = False
    line_starts: bool = True

    def read(self) -> str:
        """Return the text without its markup; the entities are left in `entities`."""
        while self.at < len(self.source):
            self._step()
        if self.in_quote:
            self._close_last_quote()
        if self.nested:
            raise self._endless(self.nested[-1])
        return "".join(self.written)

    def _step(self) -> None:
        character = self.source[self.at]
        if character == "\\" and _ESCAPED.match(self.source, self.at):
            self.at += 1
            self._write(self.source[self.at])
        elif not self._is_reserved(character):
            self._write(character)
        elif self._ends_here(character):
            self._close(character)
        else:
            self._open(character)

    def _is_reserved(self, character: str) -> bool:
        if self.nested and self.nested[-1].type in _CODE:
            return character == "`"
        return character in _RESERVED

    def _write(self, character: str) -> None:
        self.written.append(character)
        self.offset += utf16_length(character)
        self.at += 1
        if character != "\r":
            self.line_starts = character == "\n"

    def _ends_here(self, character: str) -> bool:
        if not self.nested:
            return False
        if self.in_quote and character == "\n" and not self.source.startswith(">", self.at + 1):
            return True
        current = self.nested[-1].type
        end = _ENDS.get(current)
        if end is None or not self.source.startswith(end, self.at):
            return False
        return current != "italic" or not self.source.startswith("__", self.at)

    def _open(self, character: str) -> None:
        if character == "\n":
            self._write(character)
        elif character == ">" and self.line_starts:
            self._open_quote()
        elif character == "`":
            self._open_code()
        else:
            mark = next((mark for mark in _MARKS if self.source.startswith(mark, self.at)), None)
            if mark is None:
                raise _reserved(character)
            self._push(_MARKS[mark], mark)

    def _open_quote(self) -> None:
        if self.in_quote:
            self.at += 1
        else:
            self.in_quote = True
            self._push("blockquote", ">")

    def _open_code(self) -> None:
        if not self.source.startswith("```", self.at):
            self._push("code", "`")
            return
        self._push("pre", "```")
        if language := _LANGUAGE.match(self.source, self.at):
            self.nested[-1].language = language[1]
            self.at = language.end()
        if new_line := _NEW_LINE.match(self.source, self.at):
            self.at = new_line.end()

    def _push(self, kind: str, mark: str) -> None:
        self.nested.append(_Open(kind, self.at, self.offset, len(self.written)))
        self.at += len(mark)

    def _close(self, character: str) -> None:
        if character == "\n":
            self._close_quote()
            return
        current = self.nested.pop()
        self.at += len(_ENDS[current.type])
        match current.type:
            case "text_link":
                url = self._read_url() if self._peek() == "(" else "".join(self.written[current.position :])
                entity = link_entity(url)
            case "custom_emoji":
                entity = self._read_emoji()
            case "pre" if current.language:
                entity = {"type": "pre", "language": current.language}
            case kind:
                entity = {"type": kind}
        if entity is not None:
            self._add(current, entity)

    def _close_quote(self) -> None:
        kind = "blockquote"
        current = self.nested.pop()
        if current.type == "spoiler" and current.begin == self.at - 2 and self.nested:
            kind = "expandable_blockquote"
            current = self.nested.pop()
        if current.type != "blockquote":
            raise self._endless(current)
        self.in_quote = False
        self._write("\n")
        self._add(current, {"type": kind})

    def _close_last_quote(self) -> None:
        kind = "blockquote"
        last = self.nested[-1]
        if last.type == "spoiler" and last.begin == len(self.source) - 2:
            kind = "expandable_blockquote"
            self.nested.pop()
        if self.nested and self.nested[-1].type == "blockquote":
            self._add(self.nested.pop(), {"type": kind})

    def _add(self, current: _Open, entity: Entity) -> None:
        if self.offset > current.offset:
            self.entities.append({**entity, "offset": current.offset, "length": self.offset - current.offset})

    def _read_url(self) -> str:
        self.at += 1
        begin = self.at
        while self._peek() not in {")", ""}:
            self.at += 2 if _ESCAPED.match(self.source, self.at) else 1
        if self._peek() == "":
            offset = len(self.source[:begin].encode())
            raise _unparsable(f"Can't find end of a URL at byte offset {offset}")
        url = self.source[begin : self.at]
        self.at += 1
        return _ESCAPED.sub(r"\1", url)

    def _read_emoji(self) -> Entity:
        if self._peek() != "(":
            raise _unparsable("The entity must contain a tg://emoji or tg://time URL")
        found = _EMOJI.match(self._read_url())
        if found is None:
            raise _unparsable("Invalid tg://emoji or tg://time URL specified")
        return {"type": "custom_emoji", "custom_emoji_id": found[1]}

    def _peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def _endless(self, current: _Open) -> Refusal:
        name = _TDLIB.get(current.type, current.type.capitalize())
        if current.language:
            name = "PreCode"
        offset = len(self.source[: current.begin].encode())
        return _unparsable(f"Can't find end of {name} entity at byte offset {offset}")


def parse_markdown_v2(source: str) -> tuple[str, list[Entity]]:
    """Return the text without its marks, and the entities that the marks stood for.

    Raises Refusal in tdlib's words, with the offset in bytes.
    """
    reader = _Reader(source)
    text = reader.read()
    return text, sorted(reader.entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _reserved(character: str) -> Refusal:
    return _unparsable(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")


def _unparsable(complaint: str) -> Refusal:
    return bad_request(f"can't parse entities: {complaint}")
