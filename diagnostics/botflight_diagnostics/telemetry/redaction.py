"""Secrets leave the process in no signal: the one place that takes them out of text."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

REDACTED: Final = "[redacted]"

#: A shorter secret would be found in half of all lines; settings ask for longer ones.
MIN_SECRET_CHARACTERS: Final = 4

#: Nested values are followed this far down.
MAX_DEPTH: Final = 8

#: What a secret looks like, after the literal characters that it begins with, and what takes the place of both. Most
#: lines have none of the literals, and those are found ten times faster than a class of characters: one pattern of all
#: took 12 us a line, these take 2.
_SHAPES: Final = (
    # A Telegram token, percent-encoded or not; the id before the colon is public.
    (":", r"(?<=\d:)[A-Za-z0-9_-]{35,}", f":{REDACTED}"),
    ("%3A", r"(?<=\d%3A)[A-Za-z0-9_-]{35,}", f":{REDACTED}"),
    # The same in the path of a request, of any length.
    ("bot", r"\d+(?::|%3A)[^/\s\"\\]+", f"bot{REDACTED}"),
    ("earer ", r"[A-Za-z0-9._~+/=-]+", f"earer {REDACTED}"),
    # User and password in a URL.
    ("://", r"[^/\s:@\"\\]*:[^/\s@\"\\]+@", f"://{REDACTED}@"),
)

_DIGITS: Final = re.compile(r"[-+.\de]+")


class Redactor:
    """Takes known secrets, and whatever has the shape of one, out of text.

    `secrets` are those that the service was given: they are found as they are, percent-encoded and as JSON writes them.
    Those under `MIN_SECRET_CHARACTERS` are left alone. A log line of 440 bytes takes 3 us.
    """

    __slots__ = ("_byte_forms", "_byte_shapes", "_forms", "_shapes", "knows_numbers")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets if len(secret) >= MIN_SECRET_CHARACTERS for form in _forms(secret)}
        # The longest first: a secret may be part of another.
        self._forms = sorted(known, key=lambda form: (-len(form), form))
        #: Whether a number may be, or hold, a secret.
        self.knows_numbers = any(_DIGITS.fullmatch(form) for form in known)
        self._byte_forms = [form.encode() for form in self._forms]
        self._shapes = [(begin, re.compile(begin + shape), instead) for begin, shape, instead in _SHAPES]
        self._byte_shapes = [
            (begin.encode(), re.compile((begin + shape).encode()), instead.encode())
            for begin, shape, instead in _SHAPES
        ]

    def text(self, text: str) -> str:
        """Take the secrets out of `text`."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, REDACTED)
        for begin, shape, instead in self._shapes:
            if begin in text:
                text = shape.sub(instead, text)
        return text

    def line(self, line: bytes) -> bytes:
        """Take the secrets out of a rendered line (UTF-8); JSON stays JSON."""
        for form in self._byte_forms:
            if form in line:
                line = line.replace(form, REDACTED.encode())
        for begin, shape, instead in self._byte_shapes:
            if begin in line:
                line = shape.sub(instead, line)
        return line

    def value(self, value: object, *, depth: int = MAX_DEPTH) -> object:
        """Copy nested mappings and sequences without their secrets; what is no plain value becomes its text."""
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return self.text(value)
            case Mapping() if depth:
                return {self.text(str(key)): self.value(item, depth=depth - 1) for key, item in value.items()}
            case list() | tuple() | set() | frozenset() if depth:
                return [self.value(item, depth=depth - 1) for item in value]
            case _:
                return self.text(str(value))


def _forms(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
