"""Sending rich messages that are given as blocks.

Telegram's own servers make blocks of HTML and Markdown, by rules that nobody else has: those are not modelled, and
neither is what the server says of blocks that are not as the schema has them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botflight_harness.telegram import rich, schema
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import CALLBACK_DATA_BYTES_MOST, read_markup
from botflight_harness.telegram.methods.dealing import show_draft
from botflight_harness.telegram.methods.media import find_file
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.schema import Field

BULLET = "•"
MAP_SIDES_MOST, MAP_RATIO_MOST, MAP_ZOOM_MOST = 10_000, 20, 24

#: What the schema calls the block of a type.
_BLOCKS = {
    "paragraph": "Paragraph",
    "heading": "SectionHeading",
    "pre": "Preformatted",
    "footer": "Footer",
    "divider": "Divider",
    "mathematical_expression": "MathematicalExpression",
    "anchor": "Anchor",
    "list": "List",
    "blockquote": "BlockQuotation",
    "expandable_blockquote": "ExpandableBlockQuotation",
    "pullquote": "PullQuotation",
    "collage": "Collage",
    "slideshow": "Slideshow",
    "table": "Table",
    "details": "Details",
    "map": "Map",
    "buttons": "Buttons",
    "animation": "Animation",
    "audio": "Audio",
    "document": "Document",
    "photo": "Photo",
    "video": "Video",
    "voice_note": "VoiceNote",
    "thinking": "Thinking",
}
_MEDIA = {"photo", "video", "animation", "audio", "document", "voice_note"}
#: What the server takes off again, and finds for itself.
_FOUND_AGAIN = {"mention", "hashtag", "cashtag", "bot_command", "bank_card_number"}
#: Where the server looks for no links.
_AS_IT_IS = {"code", "url", "email_address", "phone_number", "anchor_link", "reference_link", "text_mention"}
_STYLES = {"danger", "success", "primary", "link"}
_ALIGNMENTS = {"align": {"left", "center", "right"}, "valign": {"top", "middle", "bottom"}}


def send_rich_message(request: Request) -> dict[str, Any]:
    """Send a rich message."""
    content = rich_content(request)
    return deliver(request, content, read_markup(request.arguments.get("reply_markup"))).as_json()


def send_rich_message_draft(request: Request) -> bool:
    """Show a rich message that is still being written."""
    content = rich_content(request, is_draft=True)
    return show_draft(request, "\n".join(rich.lines(content["rich_message"]["blocks"])))


def rich_content(request: Request, *, is_draft: bool = False) -> dict[str, Any]:
    """Return the content of a message that the call's rich_message stands for. Raises Refusal and NotModelled."""
    given = request.arguments.get("rich_message")
    if not isinstance(given, Mapping):
        raise _unreadable("InputRichMessage has to be an Object")
    sources = [name for name in ("blocks", "html", "markdown") if given.get(name) is not None]
    if not sources:
        raise bad_request("rich message must be non-empty")
    if sources != ["blocks"] or not given["blocks"]:
        raise NotModelled(f"a rich message with {' and '.join(sources)}: only blocks are modelled, at least one")
    reader = _Reader(request, finds_links=not given.get("skip_entity_detection"), is_draft=is_draft)
    shown: dict[str, Any] = {"blocks": reader.blocks(given["blocks"])}
    return {"rich_message": shown | {"is_rtl": True} if given.get("is_rtl") else shown}


def _unreadable(why: str) -> NotModelled:
    return NotModelled(f"a rich message that is not as the schema has it: {why}")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns what a call brings into what a message shows."""

    request: Request
    finds_links: bool
    is_draft: bool

    def blocks(self, given: object) -> list[rich.Block]:
        """Return blocks."""
        return [self._block(block) for block in _list(given, "blocks")]

    def _block(self, given: object) -> rich.Block:
        block = _object(given, "InputRichBlock")
        kind = str(block.get("type"))
        if kind not in _BLOCKS:
            raise _unreadable(f"there is no block of the type {kind!r}")
        if kind == "thinking" and not self.is_draft:
            raise NotModelled("sendRichMessage with a block of the type thinking, which is for drafts")
        if kind in _MEDIA:
            return self._medium(kind, block)
        read = self._fields(f"InputRichBlock{_BLOCKS[kind]}", block, finds_links=self.finds_links and kind != "pre")
        shown = {"type": kind, **read}
        match kind:
            case "heading" if not 1 <= shown["size"] <= 6:  # noqa: PLR2004 -- h1 to h6
                raise bad_request("invalid section heading size specified")
            case "list":
                _check_list(shown["items"])
            case "map":
                _check_map(shown)
        return shown

    def _fields(self, type_name: str, given: Mapping[str, Any], *, finds_links: bool) -> dict[str, Any]:
        shown = {}
        for name, field in schema.load().fields(type_name).items():
            value = given.get(name)
            if name == "type" and type_name != "InputRichBlockListItem":
                continue
            if value is None:
                if field.required:
                    raise _unreadable(f"{type_name} needs {name}")
                continue
            shown[name] = self._value(type_name, field, value, finds_links=finds_links)
        return shown

    def _value(self, type_name: str, field: Field, value: Any, *, finds_links: bool) -> Any:  # noqa: ANN401 -- JSON
        readers: dict[str, Callable[[Any], Any]] = {
            "RichText": lambda text: self._text(text, finds_links=finds_links),
            "RichBlockCaption": lambda caption: self._fields(
                "RichBlockCaption", _object(caption, "RichBlockCaption"), finds_links=finds_links
            ),
            "[InputRichBlock]": self.blocks,
            "[InputRichBlockListItem]": lambda items: [self._item(item) for item in _list(items, field.name)],
            "[[RichBlockTableCell]]": lambda rows: [
                [self._cell(cell) for cell in _list(row, "cells")] for row in _list(rows, "cells")
            ],
            "[RichMessageButton]": lambda row: [self._button(button) for button in _list(row, field.name)],
            "Location": _location,
        }
        if field.type in readers:
            return readers[field.type](value)
        kinds = {"String": str, "Integer": int, "True": bool}
        wanted = kinds.get(field.type, object)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise _unreadable(f"{field.name} of {type_name} has to be of the type {field.type}")
        return value

    def _text(self, given: Any, *, finds_links: bool) -> rich.Text:  # noqa: ANN401 -- JSON
        if isinstance(given, str):
            return rich.with_links(given) if finds_links else given
        if isinstance(given, list):
            return [self._text(part, finds_links=finds_links) for part in given]
        text = _object(given, "RichText")
        kind = str(text.get("type"))
        if kind in _FOUND_AGAIN:
            return self._text(text.get("text"), finds_links=finds_links)
        type_name = f"RichText{kind.title().replace('_', '')}"
        if type_name not in schema.load().types:
            raise _unreadable(f"there is no text of the type {kind!r}")
        if kind == "button":
            return {"type": kind, "button": self._button(text.get("button"))}
        if kind == "text_mention":
            return {"type": kind, "text": self._text(text.get("text"), finds_links=False), "user": self._user(text)}
        if kind == "custom_emoji" and not str(text.get("custom_emoji_id", "")).isdecimal():
            raise bad_request("invalid custom emoji identifier specified")
        return {"type": kind, **self._fields(type_name, text, finds_links=finds_links and kind not in _AS_IT_IS)}

    def _user(self, text: Mapping[str, Any]) -> dict[str, Any]:
        number = _object(text.get("user"), "User").get("id")
        account = self.request.world.account(number) if isinstance(number, int) else None
        if account is None:
            raise bad_request("user not found")
        return account.as_json()

    def _item(self, given: object) -> dict[str, Any]:
        item = self._fields("InputRichBlockListItem", _object(given, "an item"), finds_links=self.finds_links)
        kind = item.get("type", "")
        if kind not in {"", "a", "A", "i", "I", "1"}:
            raise bad_request("invalid list item type specified")
        if kind and "value" not in item:
            raise NotModelled("an item of an ordered list without its value")
        return {"label": rich.label(item["value"], kind) if kind else BULLET, **item}

    def _cell(self, given: object) -> dict[str, Any]:
        cell = self._fields("RichBlockTableCell", _object(given, "a cell"), finds_links=self.finds_links)
        for name in ("colspan", "rowspan"):
            if cell.get(name, 1) < 0:
                raise bad_request(f"invalid table cell {name} specified")
            if cell.get(name, 1) <= 1:
                cell.pop(name, None)
        for name, known in _ALIGNMENTS.items():
            if cell[name] not in known:
                raise _unreadable(f"{name} of a cell has to be one of {sorted(known)}")
        return cell

    def _button(self, given: object) -> dict[str, Any]:
        button = _object(given, "RichMessageButton")
        names = schema.load().fields("RichMessageButton").keys() - {"text", "style"}
        actions = [name for name in names if name in button]
        if len(actions) != 1 or "text" not in button:
            raise _unreadable("a button needs a text and does one thing")
        if "style" in button and button["style"] not in _STYLES:
            raise _unreadable(f"the style of a button has to be one of {sorted(_STYLES)}")
        if not 0 < len(str(button.get("callback_data", "x")).encode()) <= CALLBACK_DATA_BYTES_MOST:
            raise bad_request("BUTTON_DATA_INVALID")
        shown = {name: button[name] for name in ("style", *actions) if name in button}
        return {"text": self._text(button["text"], finds_links=False), **shown}

    def _medium(self, kind: str, block: Mapping[str, Any]) -> rich.Block:
        media = _object(block.get(kind), "InputMedia")
        reference = media.get("media")
        if self.is_draft and self.request.arguments.upload(reference) is not None:
            raise NotModelled("sendRichMessageDraft with an upload: it takes files by their file_id only")
        stored = find_file(self.request, "voice" if kind == "voice_note" else kind, reference)
        shown = {"type": kind, kind: stored.content}
        if media.get("has_spoiler"):
            shown["has_spoiler"] = True
        if block.get("caption"):
            caption = _object(block["caption"], "RichBlockCaption")
            shown["caption"] = self._fields("RichBlockCaption", caption, finds_links=self.finds_links)
        return shown


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _unreadable(f"{name} has to be an Object")
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _unreadable(f"{name} has to be an Array")
    return value


def _location(value: object) -> dict[str, Any]:
    given = _object(value, "Location")
    latitude, longitude = given.get("latitude"), given.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        raise bad_request("invalid location specified")
    return {"latitude": latitude, "longitude": longitude}


def _check_list(items: list[dict[str, Any]]) -> None:
    if not items:
        raise bad_request("list must be non-empty")
    if len({item["label"] == BULLET for item in items}) > 1:
        raise bad_request("list must be either ordered or unordered")


def _check_map(shown: Mapping[str, Any]) -> None:
    if not {"zoom", "width", "height"} <= shown.keys():
        raise NotModelled("a map without its zoom, width and height")
    width, height = shown["width"], shown["height"]
    fits = 0 <= width <= height * MAP_RATIO_MOST and 0 <= height <= width * MAP_RATIO_MOST
    if not fits or width + height > MAP_SIDES_MOST or not 0 <= shown["zoom"] <= MAP_ZOOM_MOST:
        raise bad_request("invalid map properties specified")


METHODS = {
    "sendRichMessage": handler(send_rich_message, f"{SENDING} rich_message"),
    "sendRichMessageDraft": handler(send_rich_message_draft, "chat_id draft_id rich_message can_stop keep_on_stop"),
}
