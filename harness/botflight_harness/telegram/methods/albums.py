"""Media groups: photos and videos, documents, or audio files that belong together."""

from collections.abc import Mapping, Sequence
from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.content import check_sent
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.keyboards import NO_MARKUP
from botflight_harness.telegram.methods.media import input_media, media_kind
from botflight_harness.telegram.methods.messages import check_content, deliver, place, read_reply
from botflight_harness.telegram.methods.request import Request, handler

ITEMS_MOST = 10

ALBUM_KINDS = ("photo", "live_photo", "video", "audio", "document")
#: These stand together with their like alone.
ALONE = ("audio", "document")


def send_media_group(request: Request) -> list[dict[str, Any]]:
    """Send two to ten media as an album; a single one is sent by itself."""
    read_reply(request)
    media = request.arguments.get("media")
    if not isinstance(media, list):
        raise bad_request("expected an Array of InputMedia")
    with objects.parsing("InputMedia"):
        kinds = [_kind(request, item) for item in media]
    if not media:
        raise bad_request("there are no messages to send")
    chat = place(request)
    # Every file is looked at before the first message goes out, as an album goes out whole or not at all.
    contents = [input_media(request, kind, item) for kind, item in zip(kinds, media, strict=True)]
    for content in contents:
        check_sent(content)
        check_content(request, chat, content)
    _check_together(kinds, contents)
    album = str(request.world.random.randrange(10**16, 10**17)) if len(contents) > 1 else ""
    return [deliver(request, content, NO_MARKUP, album=album).as_json() for content in contents]


def _kind(request: Request, item: object) -> str:
    kind = media_kind(request, item, (*ALBUM_KINDS, "animation"))
    if kind == "animation":
        raise objects.Unreadable('type "animation" can\'t be used in sendMediaGroup')
    return kind


def _check_together(kinds: Sequence[str], contents: Sequence[Mapping[str, Any]]) -> None:
    """Check that media can stand in one album. Raises Refusal."""
    if len(kinds) > ITEMS_MOST:
        raise bad_request("too many messages to send as an album")
    if len({"show_caption_above_media" in content for content in contents}) > 1:
        raise bad_request("parameter show_caption_above_media must be the same for all messages")
    for kind in ALONE:
        if kind in kinds and set(kinds) != {kind}:
            raise bad_request(f"{kind} can't be mixed with other media types")


METHODS = {
    "sendMediaGroup": handler(
        send_media_group, "chat_id message_thread_id media protect_content reply_parameters message_effect_id"
    ),
}
