"""Updates by getUpdates, for development: each is durable before Telegram is told to forget it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
from telegram import Bot
from telegram.error import RetryAfter, TelegramError

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.bot.transport import retry_after_s
from botflight_service.storage.interface import StorageError
from botflight_service.updates.inbox import Inbox, InboxFull
from botflight_service.updates.ownership import Ownership

#: The lane that whoever fetches has to itself, where several processes share a store.
LANE = "polling"
TAKEN = "another process fetches the updates of this bot already: end it first, one at a time may"
#: A process that was killed is known to be dead by then.
TAKE_OVER_S = 5.0
#: How long Telegram holds a request open for updates.
LONG_POLL_S = 25
#: Waits after a failure; the last repeats.
RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0)


class PollingElsewhere(Exception):
    """Another process fetches this bot's updates. The text says what to do."""


class Polling:
    """Fetches updates into the inbox for ever, for as long as `alone` says that no other process does."""

    def __init__(
        self,
        *,
        bot: Bot,
        inbox: Inbox,
        telemetry: Telemetry,
        allowed_updates: tuple[str, ...],
        alone: Callable[[], bool] = lambda: True,
    ) -> None:
        self._bot = bot
        self._inbox = inbox
        self._log = telemetry.logs.logger("polling")
        self._allowed_updates = list(allowed_updates)
        self._alone = alone

    async def run(self) -> None:
        """Fetch until cancelled. Raises PollingElsewhere."""
        offset: int | None = None
        failures = 0
        while True:
            if not self._alone():
                raise PollingElsewhere(TAKEN)
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


async def require_alone(ownership: Ownership) -> None:
    """Take the polling for this process. Raises PollingElsewhere where another one has it, and lives."""
    tries = 0.0
    while not await ownership.keep(LANE):
        if tries >= TAKE_OVER_S:
            raise PollingElsewhere(TAKEN)
        tries += RETRY_S[0]
        await asyncio.sleep(RETRY_S[0])
