"""A log line as bytes: JSON for machines, colours for a person at a terminal."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

#: Longer lines are shortened; collectors split those over 16 KiB.
MAX_LINE_BYTES: Final = 16_000
MAX_FIELD_CHARACTERS: Final = 1000

#: Renders a line, its line break included. Must not raise, whatever the fields hold.
Render = Callable[[Mapping[str, Any]], bytes]

_IDENTITY: Final = ("timestamp_ms", "level", "event", "logger", "service", "version", "correlation_id")
_OPTIONS: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
#: Fields that say the same on every line of a terminal's window.
_UNTOLD: Final = frozenset({"timestamp_ms", "level", "event", "logger", "service", "version", "error.stack"})
_SHORTENED: Final = frozenset({"correlation_id", "trace_id", "span_id"})
_COLOURS: Final = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "41"}


def json_line(fields: Mapping[str, Any]) -> bytes:
    """Write one JSON object and a line break."""
    try:
        return orjson.dumps(fields, default=str, option=_OPTIONS)
    except TypeError:
        # Half a surrogate pair in a user's text, an integer beyond 64 bits, a `__str__` that raises.
        return json.dumps({str(name): _plain(value) for name, value in fields.items()}).encode() + b"\n"


def shortened(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Cut long fields; where there are too many, keep what tells who wrote the line."""
    cut = {name: _cut(value) for name, value in fields.items()}
    if len(json_line(cut)) <= MAX_LINE_BYTES:
        return cut
    return {name: cut[name] for name in _IDENTITY if name in cut} | {"cut": True}


def _plain(value: object) -> object:
    match value:
        case None | bool() | int():
            return value
        case str():
            return value.encode(errors="backslashreplace").decode()
        case _:
            return type(value).__name__


def _cut(value: object) -> object:
    if isinstance(value, (int, float)) or value is None:
        return value
    text = value if isinstance(value, str) else json_line({"": value})[4:-2].decode()
    return text if len(text) <= MAX_FIELD_CHARACTERS else text[:MAX_FIELD_CHARACTERS] + "..."


def console_line(fields: Mapping[str, Any]) -> bytes:
    """Show the same fields to a person: time, level, event, then `name=value`, ids shortened to eight characters."""
    moment = datetime.fromtimestamp(fields["timestamp_ms"] / 1000, tz=UTC).astimezone()
    level = str(fields["level"])
    told = " ".join(f"\x1b[2m{name}=\x1b[0m{_told(name, fields[name])}" for name in fields if name not in _UNTOLD)
    head = f"\x1b[2m{moment:%H:%M:%S}.{fields['timestamp_ms'] % 1000:03d}\x1b[0m"
    event = f"\x1b[{_COLOURS.get(level, '0')}m{level[:4]:4}\x1b[0m \x1b[1m{fields['event']:<18}\x1b[0m"
    stack = f"\n{fields['error.stack']}" if fields.get("error.stack") else ""
    return f"{head} {event} {told}{stack}\n".encode(errors="backslashreplace")


def _told(name: str, value: object) -> str:
    text = value if isinstance(value, str) else json_line({"": value})[4:-2].decode()
    # What a user wrote must not move the cursor.
    text = "".join(character if character.isprintable() else " " for character in text)
    return text[:8] if name in _SHORTENED else text
