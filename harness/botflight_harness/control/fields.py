"""What the body of a request may hold: read once into values, and told as a schema from the same facts."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "flag", "bytes", "object", "value", "texts", "integers", "values", "files"]

_SCHEMAS: Mapping[Kind, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "object": {"type": "object"},
    "value": {"type": ["string", "integer"]},
    "texts": {"type": "array", "items": {"type": "string"}},
    "integers": {"type": "array", "items": {"type": "integer"}},
    "values": {"type": "array", "items": {"type": ["string", "integer"]}},
    "files": {"type": "array", "items": {"type": "string", "contentEncoding": "base64"}},
}
_ITEMS: Mapping[Kind, Kind] = {"texts": "text", "integers": "integer", "values": "value", "files": "bytes"}
_TYPES: Mapping[Kind, type | tuple[type, ...]] = {
    "text": str,
    "integer": int,
    "number": (int, float),
    "flag": bool,
    "bytes": str,
    "object": Mapping,
    "value": (str, int),
}


#: JSON has no larger whole numbers that every reader takes.
INTEGER_MOST = 2**53 - 1
#: What is done again and again is done so often at the most.
TIMES_MOST = 1_000


class FieldError(ValueError):
    """A body holds what it must not, or lacks what it must hold. The text says which field, and what it takes."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body, or one parameter of a query."""

    name: str
    kind: Kind
    about: str = ""
    is_required: bool = False
    #: what is meant when it is left out; None says nothing
    default: Any = None
    choices: tuple[str, ...] = ()
    #: of an integer, or of each of several
    least: int = -INTEGER_MOST
    most: int = INTEGER_MOST

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        schema = dict(_SCHEMAS[self.kind])
        if self.about:
            schema["description"] = self.about
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.default is not None:
            schema["default"] = self.default
        if (self.least, self.most) != (-INTEGER_MOST, INTEGER_MOST):
            schema |= {"minimum": self.least, "maximum": self.most}
        return schema

    def read(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """Return the value that JSON stands for. Raises FieldError."""
        if self.kind in _ITEMS:
            if not isinstance(value, list):
                raise self._wrong()
            return [self._item(_ITEMS[self.kind], item) for item in value]
        return self._item(self.kind, value)

    def read_text(self, text: str) -> Any:  # noqa: ANN401 -- JSON
        """Return the value that a query's text stands for. Raises FieldError."""
        if self.kind == "integer":
            try:
                return self.read(int(text))
            except ValueError:
                raise self._wrong() from None
        return self.read(text)

    def _item(self, kind: Kind, value: Any) -> Any:  # noqa: ANN401 -- JSON
        is_flag = isinstance(value, bool)
        if not isinstance(value, _TYPES[kind]) or (is_flag and kind != "flag"):
            raise self._wrong()
        if self.choices and value not in self.choices:
            raise FieldError(f"{self.name} must be one of {', '.join(self.choices)}")
        if isinstance(value, int) and not self.least <= value <= self.most:
            raise FieldError(f"{self.name} must be between {self.least} and {self.most}")
        if kind != "bytes":
            return value
        try:
            return base64.b64decode(str(value), validate=True)
        except binascii.Error:
            raise self._wrong() from None

    def _wrong(self) -> FieldError:
        words = {"bytes": "bytes in base64", "value": "a text or a whole number", "flag": "true or false"}
        return FieldError(f"{self.name} must be {words.get(self.kind) or _article(self.kind)}")


#: How often something is to happen.
TIMES = Field("times", "integer", is_required=False, default=1, least=1, most=TIMES_MOST)


def read_fields(fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a body; what is left out or null has its default. Raises FieldError."""
    known = {field.name for field in fields}
    if unknown := sorted(given.keys() - known):
        raise FieldError(f"there is no field {', '.join(unknown)}; there is {', '.join(sorted(known)) or 'none'}")
    values = {}
    for field in fields:
        value = given.get(field.name)
        if value is not None:
            values[field.name] = field.read(value)
        elif field.is_required:
            raise FieldError(f"{field.name} is needed")
        elif field.default is not None:
            values[field.name] = field.default
    return values


def body_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the JSON Schema of a body with these fields."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: field.schema() for field in fields},
        "additionalProperties": False,
    }
    required = [field.name for field in fields if field.is_required]
    return schema | {"required": required} if required else schema


def _article(kind: Kind) -> str:
    words = {
        "integer": "a whole number",
        "integers": "an array of whole numbers",
        "number": "a number",
        "object": "an object",
        "text": "a text",
        "texts": "an array of texts",
        "values": "an array of texts or whole numbers",
        "files": "an array of bytes in base64",
    }
    return words[kind]
