"""The control API told in OpenAPI 3.1, from the very operations that its routes are made of."""

import re
from collections.abc import Iterable
from typing import Any

from botflight_harness.control.fields import body_schema
from botflight_harness.control.operation import TEXT, Operation, shape

_PLACE = re.compile(r"\{(\w+)\}")
_TAGS = {
    "people": "Who is there, and what they see",
    "acts": "What a person does. The names are those of Python's harness: `sends` waits until the bot took the update, "
    "`send_text` does not",
    "trouble": "Faults, flood limits, repeated updates",
    "world": "The world, its clock, its transcript",
    "worlds": "A world for each test",
}
_ERRORS = {
    "400": "The body is wrong, or Telegram would refuse what it asks for",
    "403": "Not this machine, or another site's page",
    "404": "Nothing has this number",
    "409": "No person could do this, or what was waited for did not come: the text has the chat and the bot's calls",
    "413": "The body is larger than a file of Telegram's 50 MB",
    "501": "Telegram could do this, and the simulation does not",
}


def document(operations: Iterable[Operation], *, version: str, server: str) -> dict[str, Any]:
    """Return the OpenAPI document of some operations below the address `server`."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    error = {"description": "What went wrong", **_content(shape(error=TEXT))}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "botflight harness",
            "version": version,
            "description": "A simulated Telegram, driven from a test in any language.",
        },
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "components": {"responses": {"Error": error}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.about,
        "responses": {"200": {"description": "Done", **_content(dict(operation.answer))}} | _errors(),
    }
    parameters = [_place(name) for name in _PLACE.findall(operation.path)]
    if operation.method == "GET":
        parameters += [
            {"name": field.name, "in": "query", "required": field.is_required, "schema": field.schema()}
            for field in operation.fields
        ]
    elif operation.fields:
        required = any(field.is_required for field in operation.fields)
        told["requestBody"] = {"required": required, **_content(body_schema(operation.fields))}
    return told | ({"parameters": parameters} if parameters else {})


def _place(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}


def _errors() -> dict[str, Any]:
    return {status: {"$ref": "#/components/responses/Error", "description": words} for status, words in _ERRORS.items()}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
