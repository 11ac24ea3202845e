"""One thing that can be asked for: its route, fields and answer, and what it does.

Routes and OpenAPI follow from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from botflight_harness.control.fields import Field
from botflight_harness.control.room import Room

Json = Any
Given = Mapping[str, Any]
#: It may be awaitable.
Run = Callable[[Room, Given], Any]


def shape(**fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of an object that always has these fields, and may have more."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def listed(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of an array."""
    return {"type": "array", "items": item}


@dataclass(frozen=True, slots=True)
class Operation:
    """A route of the control API."""

    #: operationId, unique
    name: str
    method: Literal["GET", "POST", "DELETE"]
    #: below the control API's root; {person} and {bot} are whole numbers
    path: str
    about: str
    run: Run
    fields: tuple[Field, ...] = ()
    #: the JSON Schema of the answer
    answer: Mapping[str, Any] = field(default_factory=shape)
    tag: str = "world"


def need(name: str, kind: Any, about: str = "", **more: Any) -> Field:  # noqa: ANN401 -- as Field has it
    """Return a field that has to be there."""
    return Field(name, kind, about, is_required=True, **more)


TEXT: Mapping[str, Any] = {"type": "string"}
INTEGER: Mapping[str, Any] = {"type": "integer"}
FLAG: Mapping[str, Any] = {"type": "boolean"}
OBJECT: Mapping[str, Any] = {"type": "object"}
NOTHING = shape()
