"""What the official server says of a file_id that it does not know.

From FileManager.cpp and base64.cpp of tdlib.
"""

import base64
import re

from botflight_harness.telegram import urls

#: What the bytes of a file_id end with, by how it was made.
_VERSIONS = frozenset({2, 3, 4})
#: How long the ids of this Telegram are: such a one is of another bot, or of another world.
_LETTERS = 58
_UNKNOWN = "wrong file identifier/HTTP URL specified"
_GROUP = 4
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9_-]")
_PADDING_MOST = 2


def complaint(reference: str) -> str:
    """Return what is wrong with a file_id that no file has, or nothing, when it may be the address of one."""
    if "." in reference:
        why = urls.unreadable(reference)
        return f"invalid file HTTP URL specified: {why}" if why else ""
    if len(reference) == _LETTERS and not _NOT_BASE64.search(reference):
        return _UNKNOWN
    why = _undecodable(reference)
    if why:
        return f"wrong remote file identifier specified: {why}"
    letters = reference.rstrip("=")
    last = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % _GROUP))[-1:]
    if not last:
        return "remote file identifier must be non-empty"
    if last[0] in _VERSIONS:
        return _UNKNOWN
    return "wrong remote file identifier specified: can't unserialize it. Wrong last symbol"


def _undecodable(reference: str) -> str:
    letters = reference.rstrip("=")
    padding = len(reference) - len(letters)
    if padding > _PADDING_MOST:
        return "Wrong string padding"
    if padding and len(reference) % _GROUP:
        return "Wrong padding length"
    if len(letters) % _GROUP == 1:
        return "Wrong string length"
    if _NOT_BASE64.search(letters):
        return "Wrong character in the string"
    padded = letters + "=" * (-len(letters) % _GROUP)
    if base64.urlsafe_b64encode(base64.urlsafe_b64decode(padded)).decode() != padded:
        return "Wrong padding in the string"
    return ""
