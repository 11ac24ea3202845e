"""Media groups: photos and videos, documents, or audio files that belong together."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.keyboards import NO_MARKUP
from botflight_harness.telegram.methods.media import input_media
from botflight_harness.telegram.methods.messages import deliver
from botflight_harness.telegram.methods.request import Request, handler

ITEMS_MOST = 10

_KINDS = ("photo", "live_photo", "video", "audio", "document")
#: These stand together with their like alone.
_ALONE = ("audio", "document")


def send_media_group(request: Request) -> list[dict[str, Any]]:
    """Send two to ten media as an album; a single one is sent by itself."""
    media = request.arguments.get("media")
    if not isinstance(media, list):
        raise bad_request("expected an Array of InputMedia")
    if not media:
        raise bad_request("there are no messages to send")
    if len(media) > ITEMS_MOST:
        raise bad_request("too many messages to send as an album")
    kinds = [_kind(item) for item in media]
    for kind in _ALONE:
        if kind in kinds and set(kinds) != {kind}:
            raise bad_request(f"{kind} can't be mixed with other media types")
    # Every file is looked at before the first message goes out, as an album goes out whole or not at all.
    contents = [input_media(request, kind, item) for kind, item in zip(kinds, media, strict=True)]
    album = str(request.world.random.randrange(10**16, 10**17)) if len(contents) > 1 else ""
    return [deliver(request, content, NO_MARKUP, album=album).as_json() for content in contents]


def _kind(item: object) -> str:
    if not isinstance(item, Mapping):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind = str(item.get("type", ""))
    if kind not in _KINDS:
        raise bad_request(f"can't parse InputMedia: type \"{kind}\" can't be used in an album")
    return kind


METHODS = {
    "sendMediaGroup": handler(
        send_media_group, "chat_id message_thread_id media protect_content reply_parameters message_effect_id"
    ),
}
