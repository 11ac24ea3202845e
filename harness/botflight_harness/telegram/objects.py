"""The fields of an object inside a call, read as the official server reads them, with its complaints.

A text may come as a number and a number as text; anything else has to be what it should be. (JsonBuilder.cpp of tdlib.)
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botflight_harness.telegram.errors import bad_request

Fields = Mapping[str, Any]


class Unreadable(Exception):
    """An object is not what it should be: `parsing` turns it into the refusal."""


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Turn what is unreadable into the refusal `can't parse <what>: <why>`."""
    try:
        yield
    except Unreadable as why:
        raise bad_request(f"can't parse {what}: {why}") from None


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what is unreadable into a refusal that says why and no more."""
    try:
        yield
    except Unreadable as unreadable:
        why = str(unreadable)
        raise bad_request(why[0].lower() + why[1:]) from None


def an_object(value: object, name: str) -> Fields:
    """Return an object. `name` is what the complaint calls it."""
    if not isinstance(value, Mapping):
        raise Unreadable(f"{name} must be an Object")
    return value


def text(fields: Fields, name: str, *, required: bool = False) -> str:
    """Return a field's text; an empty one when it may be left out and was."""
    value = fields.get(name)
    if value is None:
        if required:
            raise _absent(name)
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unreadable(f'Field "{name}" must be of type String')
    return str(value)


def number(fields: Fields, name: str) -> float:
    """Return a field's number, which has to be there."""
    value = fields.get(name)
    if value is None:
        raise _absent(name)
    try:
        return float(str(value))
    except ValueError:
        raise Unreadable(f'Field "{name}" must be of type Number') from None


def integer(fields: Fields, name: str, *, required: bool = False) -> int:
    """Return a field's whole number; 0 when it may be left out and was."""
    value = fields.get(name)
    if value is None:
        if required:
            raise _absent(name)
        return 0
    try:
        return int(str(value))
    except ValueError:
        raise Unreadable(f'Field "{name}" must be a Number') from None


def flag(fields: Fields, name: str) -> bool:
    """Return a field's truth; False when it was left out."""
    value = fields.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Unreadable(f'Field "{name}" must be of type Boolean')
    return value


def array(fields: Fields, name: str) -> list[Any]:
    """Return a field's items, which have to be there."""
    value = fields.get(name)
    if value is None:
        raise _absent(name)
    if not isinstance(value, list):
        raise Unreadable(f'Field "{name}" must be of type Array')
    return value


def _absent(name: str) -> Unreadable:
    return Unreadable(f'Can\'t find field "{name}"')
