"""Files that users gave, read back from Telegram."""

from __future__ import annotations

from telegram import Bot
from telegram.error import BadRequest

from botflight_service.generation.runner import InputGone


class TelegramFiles:
    """Downloads files by their ids; Telegram gives bots up to 20 MB."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def load(self, file_id: str) -> bytes:
        """The bytes of a file. Raises InputGone where Telegram does not have it any more."""
        try:
            file = await self._bot.get_file(file_id)
            return bytes(await file.download_as_bytearray())
        except BadRequest as error:
            raise InputGone("Telegram does not give this file any more") from error
