"""Rich messages: blocks of texts, lists, tables, media and buttons, as people read them.

A text of theirs is a string, a list of texts, or an object that adorns a text.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botflight_harness.telegram.entities import find_entities
from botflight_harness.telegram.utf16 import utf16_slice

#: The first number that no numerals are for.
NUMERAL_MOST = 4000

Text = Any
Block = dict[str, Any]

#: What stands in an object besides `text`, by what Telegram finds in plain texts; and the sign that it leaves out.
_FOUND = {
    "url": ("url", "url", ""),
    "email": ("email_address", "email_address", ""),
    "mention": ("mention", "username", "@"),
    "hashtag": ("hashtag", "hashtag", "#"),
    "bot_command": ("bot_command", "bot_command", "/"),
}


def with_links(text: str) -> Text:
    """Return a plain text with the links, mentions, tags and commands that Telegram finds in it."""
    parts: list[Text] = []
    at = 0
    for entity in find_entities(text):
        kind, name, sign = _FOUND[entity["type"]]
        found = utf16_slice(text, entity["offset"], entity["length"])
        start = text.index(found, at)
        if start > at:
            parts.append(text[at:start])
        parts.append({"type": kind, "text": found, name: found.removeprefix(sign)})
        at = start + len(found)
    if not parts:
        return text
    if at < len(text):
        parts.append(text[at:])
    return parts if len(parts) > 1 else parts[0]


def plain(text: Text) -> str:
    """Return what a person reads of a text."""
    match text:
        case None:
            return ""
        case str():
            return text
        case list():
            return "".join(map(plain, text))
        case {"type": "button", "button": button}:
            return f"[{plain(button['text'])}]"
        case {"text": inner}:
            return plain(inner)
        case {"alternative_text": str(inner)} | {"expression": str(inner)}:
            return inner
        case _:
            return ""


def lines(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield what a person reads, line by line."""
    for block in blocks:
        yield from _lines(block)


def _lines(block: Block) -> Iterator[str]:
    for name in ("summary", "text", "expression"):
        if block.get(name):
            yield plain(block[name])
    for item in block.get("items", ()):
        tick = ("[x] " if item.get("is_checked") else "[ ] ") if item.get("has_checkbox") else ""
        yield f"{item['label']} {tick}" + "\n".join(lines(item["blocks"]))
    for row in block.get("cells", ()):
        yield " | ".join(plain(cell.get("text")) for cell in row)
    if buttons := block.get("buttons"):
        yield " ".join(f"[{plain(button['text'])}]" for button in buttons)
    yield from lines(block.get("blocks", ()))
    caption = block.get("caption")
    if caption:
        yield plain(caption["text"] if block["type"] != "table" else caption)
    if block.get("credit"):
        yield plain(block["credit"])


def buttons(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the buttons in a message, each with its label as a string, as those below a message have it."""
    if "rich_message" not in content:
        return []
    return [{**button, "text": plain(button["text"])} for button in _buttons(content["rich_message"]["blocks"])]


def _buttons(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 -- JSON
    match value:
        case list():
            for item in value:
                yield from _buttons(item)
        case {"type": "buttons", "buttons": row}:
            yield from row
        case {"type": "button", "button": button}:
            yield button
        case {}:
            for item in value.values():
                yield from _buttons(item)


def label(number: int, kind: str) -> str:
    """Return how a list's item is numbered: 1, a, A, i or I, and a full stop."""
    text = str(number)
    if kind in {"a", "A"} and number > 0:
        text = ""
        while number > 0:
            number, letter = divmod(number - 1, 26)
            text = chr(ord("a") + letter) + text
    elif kind in {"i", "I"} and 0 < number < NUMERAL_MOST:
        text = ""
        for value, sign in _NUMERALS:
            count, number = divmod(number, value)
            text += sign * count
    return f"{text.upper() if kind.isupper() else text}."


_NUMERALS = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
