"""The Bot API's methods and types, from the facts in schema.json, read when first asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

#: How a parameter arrives: a form can only carry text, so each kind says what the text stands for.
Kind = Literal["integer", "number", "boolean", "text", "peer", "file", "json"]

_KINDS: Mapping[str, Kind] = {
    "Integer": "integer",
    "Float": "number",
    "Boolean": "boolean",
    "String": "text",
    "Integer|String": "peer",
    "InputFile": "file",
    "InputFile|String": "file",
}
_LOOKED_AT = {"user_id": -1, "chat_id": 1, "business_connection_id": 1, "message_id": 2}


@dataclass(frozen=True, slots=True)
class Limit:
    """The least and the most that a field may hold, counted in `unit`."""

    least: int
    most: int
    #: characters, bytes, items, or empty for the number itself
    unit: str


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of a method, or a field of a type."""

    name: str
    type: str
    required: bool
    limit: Limit | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Bot API."""

    name: str
    returns: str
    parameters: Mapping[str, Field]
    #: Names of required parameters in the official server's order of looking at them: a user's id, then what
    #: the message holds, then where it goes.
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """The Bot API as it was published."""

    version: str
    methods: Mapping[str, str]
    types: Mapping[str, Any]
    _raw_methods: Mapping[str, Any]

    def method(self, name: str) -> Method | None:
        """Return the method of that name, written in any case, or None."""
        proper = self.methods.get(name) or self.methods.get(name.lower())
        return None if proper is None else _method(proper)

    def fields(self, type_name: str) -> Mapping[str, Field]:
        """Return the fields of a type; a union has none."""
        fields = self.types[type_name]
        return _fields(fields) if isinstance(fields, dict) else {}


@cache
def load() -> Schema:
    """Read the schema, once a process."""
    raw = json.loads(files(__package__).joinpath("schema.json").read_bytes())
    names = {spelling: name for name in raw["methods"] for spelling in (name, name.lower())}
    return Schema(raw["version"], names, raw["types"], raw["methods"])


@cache
def _method(name: str) -> Method:
    returns, raw_fields = load()._raw_methods[name]  # noqa: SLF001 -- the same module
    parameters = _fields(raw_fields)
    required = [field.name for field in parameters.values() if field.required]
    required.sort(key=lambda field: _LOOKED_AT.get(field, 0))
    return Method(name, returns, parameters, tuple(required))


def _fields(raw: Mapping[str, str]) -> dict[str, Field]:
    return {name: _field(name, text) for name, text in raw.items()}


def _field(name: str, text: str) -> Field:
    type_text, _, limit_text = text.partition(" ")
    type_name = type_text.removesuffix("!")
    kind = _KINDS.get(type_name, "json")
    return Field(name, type_name, type_text != type_name, _limit(limit_text), kind)


def _limit(text: str) -> Limit | None:
    if not text:
        return None
    bounds, _, unit = text.partition(" ")
    least, _, most = bounds.partition("..")
    return Limit(int(least), int(most), unit)
