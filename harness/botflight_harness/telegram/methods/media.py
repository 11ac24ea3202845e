"""Sending photos, videos, animations, audio, voice notes, documents and stickers; and reading files."""

from functools import partial
from typing import Any

from botflight_harness.telegram.content import media_content
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.files import DOWNLOAD_BYTES_MOST, StoredFile
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Handler, Request, handler

KINDS = ("photo", "video", "animation", "audio", "voice", "document", "sticker")
_CAPTIONED = "caption parse_mode caption_entities show_caption_above_media has_spoiler"
#: What changes how a medium is shown and nothing else; kept with the medium where a message shows it.
_DETAILS = "duration width height performer title thumbnail supports_streaming disable_content_type_detection emoji"


def send_medium(request: Request, *, kind: str) -> dict[str, Any]:
    """Send a file of this kind, uploaded or known by its file_id."""
    stored = find_file(request, kind, request.arguments.get(kind))
    content = media_content(kind, stored, request.formatted("caption", "caption_entities"), request.arguments.values)
    markup = read_markup(request.arguments.get("reply_markup"))
    return deliver(request, content, markup).as_json()


def find_file(request: Request, kind: str, reference: object) -> StoredFile:
    """Return the file that is uploaded with the call, or known by its file_id.

    Raises Refusal when there is none, and NotModelled for a URL, since nothing here fetches from the net.
    """
    upload = request.arguments.upload(reference)
    if upload is not None:
        emoji = request.arguments.text("emoji") if kind == "sticker" else ""
        shown = {"emoji": emoji} if emoji else None
        return request.world.files.add(kind, upload, duration_s=request.arguments.integer("duration"), shown=shown)
    if not isinstance(reference, str) or reference.startswith("attach://"):
        raise bad_request(f"there is no {kind} in the request")
    if reference.startswith(("http://", "https://")):
        raise NotModelled(f"{request.arguments.method.name} with a URL: upload the file, or send a file_id")
    stored = request.world.files.get(reference)
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if kind not in {stored.kind, "document"}:
        raise bad_request(f"can't use file of type {stored.kind.capitalize()} as {kind.capitalize()}")
    return stored


def get_file(request: Request) -> dict[str, Any]:
    """Return where a file can be downloaded."""
    file_id = request.arguments.text("file_id")
    stored = request.world.files.get(file_id)
    if stored is None:
        raise bad_request("invalid file_id")
    if len(stored.data) > DOWNLOAD_BYTES_MOST:
        raise bad_request("file is too big")
    return {
        "file_id": file_id,
        "file_unique_id": stored.file_unique_id,
        "file_size": len(stored.data),
        "file_path": stored.path,
    }


def _sender(kind: str) -> Handler:
    return handler(partial(send_medium, kind=kind), f"{SENDING} {_CAPTIONED} {_DETAILS} {kind}")


METHODS = {
    **{f"send{kind.capitalize()}": _sender(kind) for kind in KINDS},
    "getFile": handler(get_file, "file_id"),
}
