"""The content of messages: texts, and media with their captions."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram.entities import Formatted, format_text
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.files import StoredFile

TEXT_CHARACTERS_MOST = 4096
CAPTION_CHARACTERS_MOST = 1024
#: What a caption can stand below.
CAPTIONED = frozenset({"animation", "audio", "document", "live_photo", "paid_media", "photo", "video", "voice"})
CAPTION_FIELDS = frozenset({"caption", "caption_entities", "show_caption_above_media"})
#: Media that may stand below their caption.
_SHOWN_BELOW = frozenset({"animation", "photo", "video"})


def check_sent(content: Mapping[str, Any]) -> None:
    """Check the words of what is to be sent. Raises Refusal when a text is empty, or they are too long."""
    what = _too_long(content)
    if what:
        raise bad_request("message is too long" if what == "text" else "message caption is too long")


def check_edited(content: Mapping[str, Any]) -> None:
    """Check the words that are to stand in an old message, or a copy: of these other words tell."""
    what = _too_long(content)
    if what:
        raise bad_request("MESSAGE_TOO_LONG" if what == "text" else "MEDIA_CAPTION_TOO_LONG")


def _too_long(content: Mapping[str, Any]) -> str:
    """Return what of a content is too long, or nothing. Raises Refusal when its text is empty."""
    if "text" in content:
        text = content["text"]
        if not text:
            raise bad_request("text must be non-empty")
        return "text" if len(text) > TEXT_CHARACTERS_MOST else ""
    return "caption" if "caption" in content and len(content["caption"]) > CAPTION_CHARACTERS_MOST else ""


def text_content(formatted: Formatted) -> dict[str, Any]:
    """Return the content of a text message."""
    content: dict[str, Any] = {"text": formatted.text}
    if formatted.entities:
        content["entities"] = list(formatted.entities)
    return content


def media_content(stored: StoredFile, caption: Formatted, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a message with a medium."""
    content: dict[str, Any] = {stored.kind: _described(stored, details)}
    if stored.kind == "animation":
        # Old clients know no animations: they are shown the same file as a document.
        content["document"] = {name: stored.content[name] for name in ("file_id", "file_unique_id", "file_size")}
        content["document"] |= {"file_name": stored.file_name, "mime_type": stored.mime_type}
    if caption.text:
        content["caption"] = caption.text
    if caption.entities:
        content["caption_entities"] = list(caption.entities)
    for flag, name in (("has_spoiler", "has_media_spoiler"), ("show_caption_above_media", "show_caption_above_media")):
        if details.get(flag) and stored.kind in _SHOWN_BELOW:
            content[name] = True
    return content


def recaptioned(content: Mapping[str, Any], caption: Formatted, *, above: bool) -> dict[str, Any]:
    """Return a content with another caption, or none. Raises Refusal when that is too long."""
    new = {name: value for name, value in content.items() if name not in CAPTION_FIELDS}
    if caption.text:
        new["caption"] = caption.text
    if caption.entities:
        new["caption_entities"] = list(caption.entities)
    if above and not content.keys().isdisjoint(_SHOWN_BELOW):
        new["show_caption_above_media"] = True
    check_edited(new)
    return new


def _described(stored: StoredFile, details: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- JSON
    shown = stored.content
    if not isinstance(shown, dict):
        return shown
    given = {name: details[name] for name in ("performer", "title", "width", "height") if details.get(name)}
    known = {name: value for name, value in given.items() if name in shown or stored.kind == "audio"}
    return {**shown, **known}


def caption_of(media: Mapping[str, Any]) -> Formatted:
    """Return the caption of an InputMedia object."""
    return format_text(
        media.get("caption") or "",
        parse_mode=media.get("parse_mode") or "",
        entities=media.get("caption_entities"),
    )
