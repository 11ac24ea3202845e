"""The name server that knows nothing: it tells which names were asked for, and answers that there are none.

RFC 1035, section 4. A name of an allowed service gets its address.
"""

import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

from botflight_harness.network.service import Service

_HEADER = struct.Struct("!HHHHHH")
_RESPONSE = 0x8000
_RECURSION = 0x0180  # asked for and available
_NO_SUCH_NAME = 3
_TYPES = {1: socket.AF_INET, 28: socket.AF_INET6}  # A, AAAA
_TTL_S = 1
_POINTER_TO_QUESTION = 0xC00C
_MAX_LABELS = 128


class Question(NamedTuple):
    """What was asked: the name, the type of record, and where the question ends in the packet."""

    name: str
    kind: int
    end: int


def question(packet: bytes) -> Question | None:
    """Read the first question, or nothing when the packet holds none."""
    labels = []
    at = _HEADER.size
    for _ in range(_MAX_LABELS):
        length = packet[at] if at < len(packet) else -1
        if length == 0:
            break
        if not 0 < length < 64 or at + length >= len(packet):  # noqa: PLR2004 - a label has 63 letters at most
            return None
        labels.append(packet[at + 1 : at + 1 + length].decode("ascii", "backslashreplace"))
        at += 1 + length
    end = at + 5
    if end > len(packet):
        return None
    return Question(name=".".join(labels), kind=int.from_bytes(packet[at + 1 : at + 3]), end=end)


def service_named(asked: Question, services: Sequence[Service]) -> Service | None:
    """Return the allowed service of that name."""
    return next((service for service in services if service.host.lower() == asked.name.lower()), None)


def answer(packet: bytes, asked: Question, service: Service | None) -> bytes:
    """Answer with the address of `service`, with no record of another type, or with NXDOMAIN."""
    code = _NO_SUCH_NAME if service is None else 0
    record = _record(asked, service)
    number = int.from_bytes(packet[:2])
    header = _HEADER.pack(number, _RESPONSE | _RECURSION | code, 1, 1 if record else 0, 0, 0)
    return header + packet[_HEADER.size : asked.end] + record


def _record(asked: Question, service: Service | None) -> bytes:
    if service is None:
        return b""
    if _TYPES.get(asked.kind) != service.family:
        return b""
    address = socket.inet_pton(service.family, service.address)
    return struct.pack("!HHHIH", _POINTER_TO_QUESTION, asked.kind, 1, _TTL_S, len(address)) + address
