"""Several partners' bots in one process, as the lifecycle sees them: one after the other where order counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from telegram.error import InvalidToken

from botflight_diagnostics.service_probe import QueueFacts
from botflight_service.bot.handlers.operation import MuteImpossible
from botflight_service.bot.outbox import MAX_WAITING as MAX_MESSAGES
from botflight_service.lifecycle import Drained, StartRefused
from botflight_service.partner import PartnerParts
from botflight_service.updates.worker import MAX_WAITING as MAX_UPDATES

Partners = Sequence[PartnerParts]


class Bots:
    """Their ways to Telegram."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners

    async def initialize(self) -> None:
        """Open each and ask who it is. Raises InvalidToken, StartRefused or TelegramError."""
        home, *others = self._partners
        await home.bot.initialize()
        for one in others:
            try:
                await one.bot.initialize()
            except InvalidToken:
                raise StartRefused(
                    f"Telegram does not know the token of {one.settings.partner}: ask @BotFather for the current one "
                    "and put it into BOTS_FILE"
                ) from None

    async def shutdown(self) -> None:
        """Close each."""
        for one in self._partners:
            await one.bot.shutdown()


class Ownerships:
    """Their lanes."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners

    async def open(self) -> None:
        """Begin to lease. Raises StorageError."""
        for one in self._partners:
            await one.ownership.open()

    async def close(self) -> None:
        """Give everything back."""
        for one in self._partners:
            await one.ownership.close()

    async def take_up(self) -> int:
        """Take up what waits in lanes that nobody has; how many lanes there were."""
        return sum([await one.ownership.take_up() for one in self._partners])

    def drain(self) -> None:
        """Take nothing up any more."""
        for one in self._partners:
            one.ownership.drain()


class Inboxes:
    """Their ways in."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners

    async def replay(self) -> int:
        """Take up every update that is not done; how many there were."""
        return sum([await one.inbox.replay() for one in self._partners])

    async def settled(self) -> None:
        """Wait until what was let in has reached the workers."""
        for one in self._partners:
            await one.inbox.settled()


class NotHere:
    """Stands for the findings of the process, before administrators of a partner whose business they are not."""

    def __init__(self, home: str) -> None:
        self._why = MuteImpossible(f"the findings of this process are muted by the administrators of {home}")

    async def mute(self, code: str, *, for_ms: int, reason: str, up_to: int | None) -> Mapping[str, Any]:
        """Refuse. Raises MuteImpossible."""
        del code, for_ms, reason, up_to
        raise self._why

    async def unmute(self, code: str) -> bool:
        """Refuse. Raises MuteImpossible."""
        del code
        raise self._why


class Together:
    """Parts that finish their work within one deadline, side by side."""

    def __init__(self, parts: Sequence[Drained]) -> None:
        self._parts = parts

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        for part in self._parts:
            await part.idle()

    async def stop(self, *, within_s: float) -> int:
        """Finish; how much was left undone."""
        return sum(await asyncio.gather(*(part.stop(within_s=within_s) for part in self._parts)))


class Workers(Together):
    """Their workers."""

    def __init__(self, partners: Partners) -> None:
        super().__init__([one.worker for one in partners])
        self._partners = partners

    def start(self) -> None:
        """Begin to process."""
        for one in self._partners:
            one.worker.start()

    @property
    def lanes(self) -> int:
        """Lanes with something to do."""
        return sum(one.worker.lanes for one in self._partners)

    def facts(self) -> QueueFacts:
        """The updates that are not done: all of them, and the oldest."""
        waiting = sum(one.worker.unfinished for one in self._partners)
        oldest_ms = max(one.worker.oldest_ms() for one in self._partners)
        return QueueFacts(waiting=waiting, most=MAX_UPDATES * len(self._partners), oldest_ms=oldest_ms)


class Outboxes(Together):
    """Their ways out."""

    def __init__(self, partners: Partners) -> None:
        super().__init__([one.outbox for one in partners])
        self._partners = partners

    async def replay(self) -> int:
        """Send what an earlier run left; how many there were at once."""
        return sum([await one.outbox.replay() for one in self._partners])

    def facts(self) -> QueueFacts:
        """The messages that are not sent: all of them, and the oldest."""
        waiting = sum(one.outbox.waiting for one in self._partners)
        oldest_ms = max(one.outbox.oldest_ms() for one in self._partners)
        return QueueFacts(waiting=waiting, most=MAX_MESSAGES * len(self._partners), oldest_ms=oldest_ms)


class Runners(Together):
    """Their attempts."""

    def __init__(self, partners: Partners) -> None:
        super().__init__([one.runner for one in partners])
        self._partners = partners

    async def recover(self) -> int:
        """Take up unsettled attempts; how many there were."""
        return sum([await one.runner.recover() for one in self._partners])

    async def sweep(self) -> None:
        """Take up what is left over, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for one in self._partners:
                tasks.create_task(one.runner.sweep())
