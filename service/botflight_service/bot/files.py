"""Files that users gave, read back from Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from telegram import Bot
from telegram.error import BadRequest, TelegramError

from botflight_service.generation.course import InputGone, InputTooLarge

#: Telegram's own servers give bots no more; a Bot API server of one's own gives 2 GB.
MAX_INPUT_BYTES = 20 * 1024 * 1024
#: Waits between tries while Telegram cannot be reached.
RETRY_S = (0.5, 2.0, 5.0)


class TelegramFiles:
    """Downloads files by their ids; Telegram gives bots up to 20 MB."""

    def __init__(self, bot: Bot, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._bot = bot
        self._sleep = sleep

    async def load(self, file_id: str) -> bytes:
        """The bytes of a file. Raises InputGone where Telegram does not give it, now or for as long as we try."""
        for wait_s in (*RETRY_S, None):
            try:
                file = await self._bot.get_file(file_id)
                if (file.file_size or 0) > MAX_INPUT_BYTES:
                    raise InputTooLarge("no model takes a file of that size")
                return bytes(await file.download_as_bytearray())
            except BadRequest as error:
                raise InputGone("Telegram does not give this file any more") from error
            except TelegramError as error:
                if wait_s is None:
                    raise InputGone("Telegram cannot be reached for this file") from error
                await self._sleep(wait_s)
        raise AssertionError("the last try has no wait")
