"""Calls to the Bot API in its own words: parameters as JSON, files beside them, answers as they come.

python-telegram-bot's own methods make objects of every parameter and of the whole answer: half of what a call costs.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from telegram import Bot
from telegram.request import RequestData


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for a parameter."""

    name: str
    content: bytes

    @property
    def part(self) -> tuple[str, bytes, str]:
        """Its name, content and media type, as a form has them."""
        return self.name, self.content, mimetypes.guess_type(self.name)[0] or "application/octet-stream"


class _Data:
    """What python-telegram-bot's `RequestData` is to a `BaseRequest`: parameters, and the files among them."""

    def __init__(self, parameters: Mapping[str, Any], uploads: Mapping[str, Upload]) -> None:
        self.parameters = {name: value for name, value in parameters.items() if value is not None}
        self.contains_files = bool(uploads)
        self._uploads = uploads

    @property
    def json_parameters(self) -> dict[str, str]:
        """The parameters for a form: strings as they are, all else as JSON."""
        return {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in self.parameters.items()
        }

    @property
    def multipart_data(self) -> dict[str, tuple[str, bytes, str]]:
        """The files for a form."""
        return {name: upload.part for name, upload in self._uploads.items()}


class Calls:
    """Calls methods by a bot's own request and token."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def call(
        self, method: str, parameters: Mapping[str, Any], uploads: Mapping[str, Upload] | None = None
    ) -> Any:  # noqa: ANN401 - whatever the method gives
        """Call a method; what stands under `result`. Parameters that are None are left out. Raises TelegramError."""
        data = cast(RequestData, _Data(parameters, uploads or {}))
        return await self._bot.request.post(f"{self._bot.base_url}/{method}", data)
