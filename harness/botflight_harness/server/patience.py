"""The road of people whose bot is reached over HTTP: they wait until it has taken what they did."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from botflight_harness.server.roads import Roads
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.updates import Update

#: How long a bot may take over an update, in real seconds.
PATIENCE_S = 5.0


class NotTaken(AssertionError):
    """The bot did not take an update in time: it hangs, it was stopped, or it refuses what is posted to it."""


@dataclass(frozen=True, slots=True)
class PatientRoad:
    """Waits until updates were acknowledged: by the next getUpdates, or by an answer with 2xx.

    A bot that has no webhook and never polled is waited for by nobody.
    """

    roads: Roads
    bot: BotAccount

    async def carry(self, updates: Sequence[Update]) -> None:
        """Wait until `updates` were taken. Raises NotTaken after PATIENCE_S."""
        if not self.roads.hears(self.bot):
            return
        left = asyncio.Event()
        unwatch = self.bot.updates.watch(left.set)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while any(update in self.bot.updates for update in updates):
                    left.clear()
                    await left.wait()
        except TimeoutError:
            raise NotTaken(self._complaint(updates)) from None
        finally:
            unwatch()

    async def together(self, updates: Sequence[Update]) -> None:
        """Deliver `updates` at the same moment, and wait until they were taken."""
        await asyncio.gather(*self.roads.together(self.bot, updates))
        await self.carry(updates)

    def _complaint(self, updates: Sequence[Update]) -> str:
        waiting = [f"{update.update_id} ({update.kind})" for update in updates if update in self.bot.updates]
        said = "" if self.bot.webhook is None else f": {self.bot.webhook.last_error}"
        return f"{self.bot.username} did not take {', '.join(waiting)} within {PATIENCE_S:g} s{said}"
