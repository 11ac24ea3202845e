"""Lines of JSON that tell whether they are as they were written."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

#: What the first line of every file says. Version 2 has payments, memos and what administrators did; 3 has mutes.
FORMAT = "botflight-json-store"
VERSION = 3

# The checksum comes first and is of a fixed length, so that it is of the bytes that follow it.
_CHECKSUM = b'{"crc32":"%08x",'
_LENGTH = len(_CHECKSUM % 0)


def encode(fields: Mapping[str, Any]) -> bytes:
    """A line; `fields` must not be empty."""
    rest = orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)[1:]
    return _CHECKSUM % zlib.crc32(rest) + rest


def decode(line: bytes) -> dict[str, Any] | None:
    """The fields of a line; None where it is torn or was changed."""
    rest = line[_LENGTH:]
    if not rest.endswith(b"\n") or line[:_LENGTH] != _CHECKSUM % zlib.crc32(rest):
        return None
    fields = orjson.loads(b"{" + rest)
    return fields if isinstance(fields, dict) else None


def hidden_in(line: bytes) -> Iterator[dict[str, Any]]:
    """Sound lines at the end of one that is not, which lost what stood between them."""
    beginning = _CHECKSUM[: _CHECKSUM.index(b"%")]
    position = line.find(beginning, 1)
    while position > 0:
        fields = decode(line[position:])
        if fields is not None:
            yield fields
        position = line.find(beginning, position + 1)
