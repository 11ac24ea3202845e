"""Telegram's old Markdown, turned into entities. It knows no nesting.

The rules are those of parse_markdown in tdlib's MessageEntity.cpp.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.links import link_entity
from botflight_harness.telegram.utf16 import utf16_length

Entity = dict[str, Any]

_MARKS = frozenset("_*`[")
_KINDS = {"_": "italic", "*": "bold", "`": "code"}
_FENCE = "```"
#: A language stands before a space; a block that is one word is no language.
_LANGUAGE = re.compile(r"[^\s`]+(?=\s)")


@dataclass(slots=True)
class _Reader:
    source: str
    at: int = 0
    written: list[str] = field(default_factory=list)
    offset: int = 0
    entities: list[Entity] = field(default_factory=list)

    def read(self) -> str:
        """Return the text without its marks; the entities are left in `entities`."""
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "\\" and self.source[self.at + 1 : self.at + 2] in _MARKS:
                self._write(self.source[self.at + 1])
                self.at += 2
            elif character in _MARKS:
                self._read_entity(character)
            else:
                self._write(character)
                self.at += 1
        return "".join(self.written)

    def _write(self, text: str) -> None:
        self.written.append(text)
        self.offset += utf16_length(text)

    def _read_entity(self, mark: str) -> None:
        begin = self.at
        if self.source.startswith(_FENCE, begin):
            self._read_block(begin)
            return
        end = self.source.find("]" if mark == "[" else mark, begin + 1)
        if end < 0:
            raise self._endless(begin)
        covered = self.source[begin + 1 : end]
        self.at = end + 1
        entity = self._link(covered) if mark == "[" else {"type": _KINDS[mark]}
        self._add(covered, entity)

    def _read_block(self, begin: int) -> None:
        end = self.source.find(_FENCE, begin + len(_FENCE))
        if end < 0:
            raise self._endless(begin)
        covered = self.source[begin + len(_FENCE) : end]
        self.at = end + len(_FENCE)
        if found := _LANGUAGE.match(covered):
            covered = covered[found.end() :]
        if covered[:2] in {"\r\n", "\n\r"}:
            covered = covered[2:]
        elif covered[:1] in {"\n", "\r"}:
            covered = covered[1:]
        self._add(covered, {"type": "pre", "language": found[0]} if found else {"type": "pre"})

    def _link(self, covered: str) -> Entity | None:
        """Return the entity of `[text](url)`, or of `[url]`."""
        if not self.source.startswith("(", self.at):
            return link_entity(covered)
        end = self.source.find(")", self.at)
        url = self.source[self.at + 1 : end if end >= 0 else len(self.source)]
        self.at = end + 1 if end >= 0 else len(self.source)
        return link_entity(url)

    def _add(self, covered: str, entity: Entity | None) -> None:
        offset = self.offset
        self._write(covered)
        if covered and entity is not None:
            self.entities.append({**entity, "offset": offset, "length": self.offset - offset})

    def _endless(self, begin: int) -> Exception:
        offset = len(self.source[:begin].encode())
        return bad_request(f"can't parse entities: Can't find end of the entity starting at byte offset {offset}")


def parse_old_markdown(source: str) -> tuple[str, list[Entity]]:
    """Return the text without its marks, and the entities that the marks stood for.

    Raises Refusal in tdlib's words, with the offset in bytes.
    """
    reader = _Reader(source)
    text = reader.read()
    return text, reader.entities
