"""The content of messages: texts, and media with their captions."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram.entities import Formatted, format_text
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.files import StoredFile

TEXT_CHARACTERS_MOST = 4096
CAPTION_CHARACTERS_MOST = 1024


def text_content(formatted: Formatted) -> dict[str, Any]:
    """Return the content of a text message. Raises Refusal when it is empty or too long."""
    if not formatted.text:
        raise bad_request("message text is empty")
    if len(formatted.text) > TEXT_CHARACTERS_MOST:
        raise bad_request("message is too long")
    content: dict[str, Any] = {"text": formatted.text}
    if formatted.entities:
        content["entities"] = list(formatted.entities)
    return content


def media_content(kind: str, stored: StoredFile, caption: Formatted, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a message with a medium. Raises Refusal when the caption is too long."""
    if len(caption.text) > CAPTION_CHARACTERS_MOST:
        raise bad_request("message caption is too long")
    content: dict[str, Any] = {stored.kind: _described(stored, details)}
    if kind == "animation":
        # Old clients know no animations: they are shown the same file as a document.
        content["document"] = {name: stored.content[name] for name in ("file_id", "file_unique_id", "file_size")}
        content["document"] |= {"file_name": stored.file_name, "mime_type": stored.mime_type}
    if caption.text:
        content["caption"] = caption.text
    if caption.entities:
        content["caption_entities"] = list(caption.entities)
    for flag, name in (("has_spoiler", "has_media_spoiler"), ("show_caption_above_media", "show_caption_above_media")):
        if details.get(flag) and stored.kind in {"photo", "video", "animation"}:
            content[name] = True
    return content


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
