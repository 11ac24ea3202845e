"""Sending photos, videos, animations, audio, voice notes, documents and stickers; and reading files."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from botflight_harness.telegram import file_ids, objects
from botflight_harness.telegram.content import caption_of, media_content
from botflight_harness.telegram.entities import Formatted
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.files import DOWNLOAD_BYTES_MOST, VIDEO_NOTE_LENGTH_MOST, StoredFile
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.messages import SENDING, deliver, place
from botflight_harness.telegram.methods.request import Handler, Request, handler
from botflight_harness.telegram.pictures import video_seconds

_ATTACHED = "attach://"
KINDS = ("photo", "video", "animation", "audio", "voice", "document", "sticker")
_TYPES = {"voice": "VoiceNote", "live_photo": "LivePhotoVideo"}
_VIDEOS = frozenset({"video", "animation", "video_note", "live_photo"})
_CAPTIONED = "caption parse_mode caption_entities show_caption_above_media has_spoiler"
#: What changes how a medium is shown and nothing else; kept with the medium where a message shows it.
_DETAILS = "duration width height performer title thumbnail supports_streaming disable_content_type_detection emoji"


def send_medium(request: Request, *, kind: str) -> dict[str, Any]:
    """Send a file of this kind, uploaded or known by its file_id."""
    caption = request.formatted("caption", "caption_entities")
    markup = read_markup(request.arguments.get("reply_markup"))
    place(request)
    content = media_content(find_file(request, kind, request.arguments.get(kind)), caption, request.arguments.values)
    return deliver(request, content, markup).as_json()


def find_file(request: Request, kind: str, reference: object) -> StoredFile:
    """Return the file that is uploaded with the call, or known by its file_id.

    Raises Refusal when there is none, and NotModelled for a URL, since nothing here fetches from the net.
    """
    upload = request.arguments.upload(reference)
    if upload is not None:
        emoji = request.arguments.text("emoji") if kind == "sticker" else ""
        shown = {"emoji": emoji} if emoji else None
        duration_s = request.arguments.integer("duration") or (video_seconds(upload.data) if kind in _VIDEOS else 0)
        return request.world.files.add(kind, upload, duration_s=duration_s, shown=shown)
    if not isinstance(reference, str) or reference.startswith(_ATTACHED):
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    stored = request.world.files.get(reference)
    if stored is None:
        wrong = file_ids.complaint(reference)
        if not wrong:
            raise NotModelled(f"{request.arguments.method.name} with a URL: upload the file, or send a file_id")
        raise bad_request(wrong)
    # Whatever is no photo is a document to Telegram, and is shown as what it is.
    if (stored.kind == "photo") != (kind == "photo"):
        raise bad_request(f"can't use file of type {_type(stored.kind)} as {_type(kind)}")
    return stored


def media_kind(request: Request, media: object, kinds: Sequence[str]) -> str:
    """Return the kind of an InputMedia object, which has to be one of these. Raises Unreadable."""
    if not isinstance(media, Mapping):
        raise objects.Unreadable("expected an Object")
    kind = objects.text(media, "type", required=True)
    reference = objects.text(media, "media")
    if not reference or (reference.startswith(_ATTACHED) and request.arguments.upload(reference) is None):
        raise objects.Unreadable("media not found")
    if kind not in kinds:
        raise objects.Unreadable(f'type "{kind}" is unsupported')
    return kind


def input_media(request: Request, kind: str, media: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content that an InputMedia object stands for. Raises Refusal."""
    if kind == "live_photo":
        return _live_photo(request, media.get("media"), media.get("photo"), caption_of(media), media)
    return media_content(find_file(request, kind, media.get("media")), caption_of(media), media)


def send_video_note(request: Request) -> dict[str, Any]:
    """Send a round video."""
    length = request.arguments.integer("length")
    stored = find_file(request, "video_note", request.arguments.get("video_note"))
    if length > VIDEO_NOTE_LENGTH_MOST:
        raise bad_request("wrong video note length")
    content = {stored.kind: stored.content | ({"length": length} if length > 0 and stored.kind == "video_note" else {})}
    return deliver(request, content, read_markup(request.arguments.get("reply_markup"))).as_json()


def send_live_photo(request: Request) -> dict[str, Any]:
    """Send a photo that moves for a moment: a video, and a picture that stands for it."""
    arguments = request.arguments
    caption = request.formatted("caption", "caption_entities")
    content = _live_photo(request, arguments.get("live_photo"), arguments.get("photo"), caption, arguments.values)
    return deliver(request, content, read_markup(arguments.get("reply_markup"))).as_json()


def _live_photo(
    request: Request, video: object, photo: object, caption: Formatted, details: Mapping[str, Any]
) -> dict[str, Any]:
    moving, still = find_file(request, "live_photo", video), find_file(request, "photo", photo)
    sides = {name: still.content[-1][name] for name in ("width", "height")}
    content = media_content(still, caption, details)
    return {"live_photo": moving.content | {"photo": still.content} | sides, **content}


def _type(kind: str) -> str:
    """Return what tdlib calls a kind of file."""
    return _TYPES.get(kind) or kind.title().replace("_", "")


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
    "sendVideoNote": handler(send_video_note, f"{SENDING} video_note duration length thumbnail"),
    "sendLivePhoto": handler(send_live_photo, f"{SENDING} {_CAPTIONED} live_photo photo"),
    "getFile": handler(get_file, "file_id"),
}
