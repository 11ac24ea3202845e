"""What a console shows of log lines and spans: no number that could name somebody."""

import re
from collections.abc import Mapping
from typing import Final

from botflight_diagnostics.telemetry.correlation import mask

#: Names of fields whose values are made to be shown.
_SHOWN: Final = frozenset(
    {"correlation_id", "trace_id", "span_id", "task_id", "user_ref", "tenant_ref", "update_id", "message_id"}
)
#: A number with a unit is no name.
_UNITS: Final = ("_ms", "_s", "_us", "_ns", "_bytes", "_hundredths")

#: A number from here on may be the id of a person, a chat or an order.
_MIN_ID: Final = 100_000

#: The ids that are made to be shown, and then what may be somebody's.
_IDS: Final = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|\bu_[0-9a-f]{12}\b|(?P<id>\d{6,})", re.IGNORECASE
)

_MAX_DEPTH: Final = 6


def masked(value: object, name: str = "", *, depth: int = _MAX_DEPTH) -> object:
    """Copy a value of JSON; numbers of six digits and more are masked, in text and alone, but for those with a unit."""
    match value:
        case None | bool() | float():
            return value
        case _ if name in _SHOWN:
            return value
        case int():
            return value if abs(value) < _MIN_ID or name.endswith(_UNITS) else mask(str(abs(value)))
        case str():
            return masked_text(value)
        case Mapping() if depth:
            return {str(key): masked(item, str(key), depth=depth - 1) for key, item in value.items()}
        case list() | tuple() if depth:
            return [masked(item, name, depth=depth - 1) for item in value]
        case _:
            return "..."


def masked_text(text: str) -> str:
    """Mask what may be somebody's id in a text: an error's message, a line of a library."""
    return _IDS.sub(lambda found: mask(found["id"]) if found["id"] else found[0], text)
