"""A call's parameters, turned from what a transport carries into values.

Telegram takes the same parameters as JSON, as a form, as multipart and in the query, so a number may
come as text and an object as JSON within text.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botflight_harness.telegram import absence
from botflight_harness.telegram.errors import Refusal, bad_request
from botflight_harness.telegram.schema import Field, Method

_UNREADABLE = {
    "accepted_gift_types": "can't parse accepted gift types JSON object",
    "areas": "can't parse story areas JSON object",
    "checklist": "can't parse InputChecklist JSON object",
    "content": "can't parse story content JSON object",
    "commands": "can't parse commands JSON object",
    "button": "can't parse keyboard button JSON object",
    "custom_emoji_ids": "can't parse custom emoji identifiers JSON object",
    "emoji_list": "can't parse emoji list JSON array",
    "mask_position": "can't parse mask position JSON object",
    "editEphemeralMessageMedia.media": "can't parse input media JSON object",
    "editMessageMedia.media": "can't parse input media JSON object",
    "media": "can't parse media JSON object",
    "reply_markup": "can't parse reply keyboard markup JSON object",
    "result": "can't parse inline query result JSON object",
    "rights": "can't parse ChatAdministratorRights JSON object",
    "reply_parameters": "can't parse reply parameters JSON object",
    "shipping_options": "can't parse shipping options JSON object",
    "correct_option_ids": "can't parse correct option identifiers JSON object",
    "scope": "can't parse BotCommandScope JSON object",
}
#: What the official server still takes from bots of former years, and what it stands for now.
_FORMER: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "reply_to_message_id": ("reply_parameters", lambda value: {"message_id": int(value)}),
    "correct_option_id": ("correct_option_ids", lambda value: [int(value)]),
}
_TRUE = frozenset({"true", "yes", "1"})
_ATTACHED = "attach://"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call."""

    file_name: str
    data: bytes
    mime_type: str = "application/octet-stream"


@dataclass(slots=True)
class Arguments:
    """The values of one call, by the names of the schema."""

    method: Method
    values: dict[str, Any]
    files: Mapping[str, Upload]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str) -> Any:  # noqa: ANN401 -- JSON
        """Return the value, or None."""
        return self.values.get(name)

    def text(self, name: str, default: str = "") -> str:
        """Return a text, or `default` when it was left out."""
        value: str = self.values.get(name, default)
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """Return a whole number, or `default` when it was left out."""
        value: int = self.values.get(name, default)
        return value

    def flag(self, name: str) -> bool:
        """Return whether it was set."""
        return bool(self.values.get(name, False))

    def upload(self, reference: object) -> Upload | None:
        """Return the file that `attach://name` or a parameter's own name stands for."""
        if isinstance(reference, Upload):
            return reference
        if isinstance(reference, str) and reference.startswith(_ATTACHED):
            return self.files.get(reference.removeprefix(_ATTACHED))
        return None


def read(method: Method, raw: Mapping[str, Any], files: Mapping[str, Upload]) -> Arguments:
    """Turn what a transport carried into arguments.

    Parameters that the schema does not know are ignored, as Telegram ignores them.
    Raises Refusal when a value cannot be read or a required one is missing.
    """
    parameters = method.parameters
    values = {}
    for name, value in raw.items():
        field = parameters.get(name)
        if field is not None and value is not None and (read_value := _read(method, field, value)) is not None:
            values[name] = read_value
    if not _FORMER.keys().isdisjoint(raw):
        _read_former(parameters, raw, values)
    for name, upload in files.items():
        if name in parameters and name not in values:
            values[name] = upload
    for name in method.required:
        if name not in values or (values[name] == "" and absence.has_words(method.name, name)):
            if absence.is_missed_later(method.name, name):
                continue
            raise missing(name, method.name)
    return Arguments(method, values, files)


def _read_former(parameters: Mapping[str, Field], raw: Mapping[str, Any], values: dict[str, Any]) -> None:
    for former, (name, as_now) in _FORMER.items():
        if raw.get(former) is not None and name in parameters and name not in values:
            values[name] = as_now(raw[former])


def missing(name: str, method: str = "") -> Refusal:
    """Return the refusal of a call that lacks a parameter."""
    return bad_request(absence.words(method, name))


def _read(method: Method, field: Field, value: Any) -> Any:  # noqa: ANN401 -- JSON
    match field.kind:
        case "text":
            return value if isinstance(value, str) else _as_text(value)
        case "integer":
            return value if type(value) is int else _integer(field.name, value)
        case "peer":
            return value if type(value) is int else peer_id(value)
        case "boolean":
            return value if isinstance(value, bool) else str(value).lower() in _TRUE
        case "number":
            return _number(field.name, value)
        case "file":
            return value
        case "json":
            found = _json(method.name, field.name, value) if isinstance(value, str) else value
            if field.type == "[MessageEntity]" and not isinstance(found, list | None):
                raise bad_request(f"can't parse {field.name} JSON object")
            return found


def _as_text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _integer(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        if name == "message_id":
            return 0  # no such message, as the official server goes on to find
        raise bad_request(f"invalid {name} specified") from None


def _number(name: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise bad_request(f"invalid {name} specified") from None


def peer_id(value: object) -> int | str:
    """Return a chat's id, or its @username."""
    text = str(value)
    return int(text) if text.removeprefix("-").isdecimal() else text


def _json(method: str, name: str, value: str) -> Any:  # noqa: ANN401 -- JSON
    if not value:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        if name == "allowed_updates":
            return None
        words = _UNREADABLE.get(f"{method}.{name}") or _UNREADABLE.get(name) or f"can't parse {name} JSON object"
        raise bad_request(words) from None
