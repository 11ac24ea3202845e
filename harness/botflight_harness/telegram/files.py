"""Files on Telegram's servers: kept under a file_id, and measured where a message shows the measure."""

import mimetypes
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.parameters import Upload

DOWNLOAD_BYTES_MOST = 20 * 1024 * 1024
UPLOAD_BYTES_MOST = 50 * 1024 * 1024
PHOTO_BYTES_MOST = 10 * 1024 * 1024
PHOTO_SIDES_MOST = 10_000
THUMBNAIL_SIDE = 90

_FOLDERS = {"photo": "photos", "video": "videos", "animation": "animations", "audio": "music", "voice": "voice"}
_FOLDERS |= {"video_note": "video_notes", "live_photo": "videos"}
#: How real file_ids of a kind begin; bots look at it in logs only.
_PREFIXES = {"photo": "AgACAgIAAxkBAA", "voice": "AwACAgIAAxkBAA", "video": "BAACAgIAAxkBAA"}
_PREFIXES |= {"document": "BQACAgIAAxkBAA", "audio": "CQACAgIAAxkBAA", "animation": "CgACAgIAAxkBAA"}
_PREFIXES |= {"sticker": "CAACAgIAAxkBAA", "video_note": "DQACAgIAAxkBAA"}
#: How large a video note is that says nothing of its size, and how large it may be, in pixels.
VIDEO_NOTE_LENGTH, VIDEO_NOTE_LENGTH_MOST = 384, 640
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that some message holds."""

    file_id: str
    file_unique_id: str
    #: photo, video, animation, audio, voice, video_note, live_photo, document or sticker
    kind: str
    data: bytes
    file_name: str
    mime_type: str
    #: where getFile says that it lies
    path: str
    #: the field of the message that describes it, such as an array of PhotoSize
    content: Any


@dataclass(slots=True)
class FileStore:
    """Every file of the world, by file_id."""

    random: Random
    _by_id: dict[str, StoredFile] = field(default_factory=dict)
    _by_path: dict[str, StoredFile] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add(
        self, kind: str, upload: Upload, *, duration_s: int = 0, shown: Mapping[str, Any] | None = None
    ) -> StoredFile:
        """Keep an upload; `shown` is what else a message shows of it.

        Raises Refusal when Telegram would not take it as this kind.
        """
        if not upload.data:
            raise bad_request("file must be non-empty")
        size = image_size(upload.data)
        if kind == "photo":
            _check_photo(upload.data, size)
        file_id, unique_id = self._identify(kind)
        path = self._path(kind, upload.file_name)
        content = describe(kind, file_id, unique_id, upload, size=size or (0, 0), duration_s=duration_s)
        if shown:
            content |= shown
        stored = StoredFile(file_id, unique_id, kind, upload.data, upload.file_name, upload.mime_type, path, content)
        self._by_id[file_id] = self._by_path[path] = stored
        for size_json in content if kind == "photo" else ():
            self._by_id[size_json["file_id"]] = stored
        return stored

    def get(self, file_id: str) -> StoredFile | None:
        """Return the file of that id, or None."""
        return self._by_id.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        """Return the file at a path that getFile gave, or None."""
        return self._by_path.get(path)

    def _identify(self, kind: str) -> tuple[str, str]:
        unique = "AQAD" + self._letters(11)
        return f"{_PREFIXES.get(kind, 'BQACAgIAAxkBAA')}{self._letters(44)}", unique

    def _letters(self, count: int) -> str:
        return "".join(self.random.choices(_ALPHABET, k=count))

    def _path(self, kind: str, file_name: str) -> str:
        folder = _FOLDERS.get(kind, "documents")
        number = self._numbers[folder] = self._numbers.get(folder, -1) + 1
        suffix = file_name.rpartition(".")[2] if "." in file_name else {"photo": "jpg", "voice": "oga"}.get(kind, "bin")
        return f"{folder}/file_{number}.{suffix}"


def describe(kind: str, file_id: str, unique_id: str, upload: Upload, *, size: tuple[int, int], duration_s: int) -> Any:  # noqa: ANN401 -- JSON
    """Return the field of a message that shows the file, with the Bot API's shapes."""
    base: dict[str, Any] = {"file_id": file_id, "file_unique_id": unique_id, "file_size": len(upload.data)}
    if kind == "photo":
        return _photo_sizes(base, size)
    width, height = size
    match kind:
        case "voice":
            return {**base, "duration": duration_s, "mime_type": "audio/ogg"}
        case "audio":
            return {**base, "duration": duration_s, "file_name": upload.file_name, "mime_type": upload.mime_type}
        case "video" | "animation":
            shape = {"width": width, "height": height, "duration": duration_s}
            return {**base, **shape, "file_name": upload.file_name, "mime_type": upload.mime_type}
        case "video_note":
            return {**base, "length": VIDEO_NOTE_LENGTH, "duration": duration_s}
        case "live_photo":
            return {**base, "width": width, "height": height, "duration": duration_s, "mime_type": upload.mime_type}
        case "sticker":
            flags = {"type": "regular", "is_animated": False, "is_video": False}
            return {**base, "width": width or 512, "height": height or 512, **flags}
        case _:
            return {**base, "file_name": upload.file_name, "mime_type": upload.mime_type}


def guess_mime_type(file_name: str) -> str:
    """Return the type that a file's name suggests."""
    return mimetypes.guess_type(file_name)[0] or "application/octet-stream"


def image_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, JPEG or WebP, or None when it is none of them."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    if data.startswith(b"\xff\xd8"):
        return next(_jpeg_sizes(data), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_size(data)
    return None


def _jpeg_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:  # noqa: PLR2004 -- a marker's first byte
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004 -- start of frame
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            yield width, height
        at += 2 + length


def _webp_size(data: bytes) -> tuple[int, int] | None:
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case _:
            return None


def _check_photo(data: bytes, size: tuple[int, int] | None) -> None:
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if len(data) > PHOTO_BYTES_MOST:
        raise bad_request("file is too big")
    if sum(size) > PHOTO_SIDES_MOST or max(size) > 20 * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _photo_sizes(base: dict[str, Any], size: tuple[int, int]) -> list[dict[str, Any]]:
    """Return the full size, and a thumbnail before it when the picture is larger than one."""
    width, height = size
    full = {**base, "width": width, "height": height}
    if max(size) <= THUMBNAIL_SIDE:
        return [full]
    scale = THUMBNAIL_SIDE / max(size)
    small = {
        "file_id": base["file_id"][:-2] + "-s",
        "file_unique_id": base["file_unique_id"][:-1] + "s",
        "file_size": max(1, round(base["file_size"] * scale * scale)),
        "width": max(1, round(width * scale)),
        "height": max(1, round(height * scale)),
    }
    return [small, full]
