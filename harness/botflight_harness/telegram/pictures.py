"""Pictures and videos as far as the world needs them: plain ones to show, and how long a video is."""

from functools import cache

_WORD, _LONG = 4, 8


@cache
def blank_picture(width: int, height: int) -> bytes:
    """Return an empty picture as lossless WebP: five prefix codes of one symbol each, so that no pixel takes a bit.

    https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification
    """
    header = (width - 1) | (height - 1) << 14 | 1 << 28
    codes = sum(0b0001 << (3 + 4 * number) for number in range(5))
    bits = b"\x2f" + (header | codes << 32).to_bytes(8, "little")
    chunk = b"VP8L" + len(bits).to_bytes(4, "little") + bits + b"\0" * (len(bits) % 2)
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


def video_seconds(data: bytes) -> int:
    """Return the length of an MP4 as its header tells it, in whole seconds; 0 when there is none."""
    at = data.find(b"mvhd") + _WORD
    if at < _WORD or len(data) < at + 32:
        return 0
    # The times of creation and change come first; version 1 has times of eight bytes.
    size = _LONG if data[at] else _WORD
    scale_at = at + _WORD + 2 * size
    scale = int.from_bytes(data[scale_at : scale_at + _WORD], "big")
    length = int.from_bytes(data[scale_at + _WORD : scale_at + _WORD + size], "big")
    return round(length / scale) if scale else 0
