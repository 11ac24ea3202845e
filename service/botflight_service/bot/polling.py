"""Updates by getUpdates, for development: each is durable before Telegram is told to forget it."""

from __future__ import annotations

import asyncio

import orjson
from telegram import Bot
from telegram.error import RetryAfter, TelegramError

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.bot.transport import retry_after_s
from botflight_service.storage.interface import StorageError
from botflight_service.updates.inbox import Inbox, InboxFull

#: How long Telegram holds a request open for updates.
LONG_POLL_S = 25
#: Waits after a failure; the last repeats.
RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0)


class Polling:
    """Fetches updates into the inbox for ever."""

    def __init__(self, *, bot: Bot, inbox: Inbox, telemetry: Telemetry, allowed_updates: tuple[str, ...]) -> None:
        self._bot = bot
        self._inbox = inbox
        self._log = telemetry.logs.logger("polling")
        self._allowed_updates = list(allowed_updates)

    async def run(self) -> None:
        """Fetch until cancelled."""
        offset: int | None = None
        failures = 0
        while True:
            try:
                updates = await self._bot.get_updates(
                    offset=offset, timeout=LONG_POLL_S, allowed_updates=self._allowed_updates
                )
                for update in updates:
                    await self._inbox.take(self._inbox.parse(orjson.dumps(update.to_dict())))
                    offset = update.update_id + 1
            except (TelegramError, StorageError, InboxFull) as error:
                wait_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
                if isinstance(error, RetryAfter):
                    wait_s = max(wait_s, retry_after_s(error))
                self._log.warning("POLLING_FAILED", error_type=type(error).__name__, retry_s=wait_s)
                failures += 1
                await asyncio.sleep(wait_s)
            else:
                failures = 0
