"""The files that simulated tasks make: small, real where that is easy, and the same for the same order."""

from __future__ import annotations

import hashlib
import io
import struct
import wave
import zlib
from collections.abc import Mapping
from typing import Any

import orjson

_SIDE_PX = 8


def file_of(order: Mapping[str, Any], suffix: str) -> bytes:
    """The file of an order: a picture of one colour, a second of silence, or the bare beginning of a video."""
    digest = hashlib.sha256(orjson.dumps(order, option=orjson.OPT_SORT_KEYS)).digest()
    match suffix:
        case ".png":
            return _png(digest[:3])
        case ".mp4":
            return b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + digest
        case _:
            return _silence()


def _png(colour: bytes) -> bytes:
    header = struct.pack(">2I5B", _SIDE_PX, _SIDE_PX, 8, 2, 0, 0, 0)
    rows = (b"\x00" + colour * _SIDE_PX) * _SIDE_PX
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def _silence() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16_000))
    return content.getvalue()
