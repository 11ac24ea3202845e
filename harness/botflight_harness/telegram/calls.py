"""The record of what bots asked of Telegram."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SHOWN_CHARACTERS = 60


@dataclass(slots=True)
class Call:
    """One call of a bot, with how it ended."""

    bot_id: int
    method: str
    #: as the bot gave them
    parameters: Mapping[str, Any]
    at_ms: int
    #: the JSON result; None when refused
    result: Any = None
    #: the refusal or the fault, as text; empty when it went well
    error: str = ""

    @property
    def is_quiet(self) -> bool:
        """Whether nobody needs to see it: a poller's getUpdates, which would hide the others."""
        return not self.error and self.method.lower() == "getupdates"

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={_shorten(value)}" for name, value in self.parameters.items() if value is not None)
        ending = f" -> {self.error}" if self.error else ""
        return f"{self.method}({shown}){ending}"


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."
