"""The road of people whose bot is reached over HTTP: they wait until it has taken what they did."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from botflight_harness.clock import VirtualClock
from botflight_harness.delivery.courier import Outcome
from botflight_harness.delivery.road import Idle, never_busy
from botflight_harness.server.roads import Roads
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.updates import Update

#: How long a bot may take over an update, in real seconds; one that has ended is not waited for.
PATIENCE_S = 10.0


class NotTaken(AssertionError):
    """The bot did not take an update in time: it hangs, it was stopped, or it refuses what is posted to it."""


class PatientRoad:
    """Waits until updates were acknowledged: by the next getUpdates, or by an answer with 2xx.

    A bot that has no webhook and never polled is waited for by nobody. `idle` waits until the bot has worked off
    what it has taken, where somebody can tell.
    """

    def __init__(self, roads: Roads, bot: BotAccount, *, idle: Idle = never_busy) -> None:
        self._roads = roads
        self._bot = bot
        self._idle = idle
        self._leave_clock: Callable[[], None] | None = None
        #: why nothing will be taken any more; empty while the bot is there
        self._gone = ""
        self._left = asyncio.Event()

    def gone(self, reason: str) -> None:
        """Let nobody wait for a bot that has ended; an empty reason says that it is there again."""
        self._gone = reason
        self._left.set()

    def attach(self) -> None:
        """Become the road of the bot, and let a virtual clock wait for it."""
        self._bot.road = self
        clock = self._roads.telegram.clock
        if isinstance(clock, VirtualClock):
            self._leave_clock = clock.wait_for(self.rest)

    def detach(self) -> None:
        """Wait for the bot no longer."""
        self._bot.road = None
        if self._leave_clock is not None:
            self._leave_clock()
            self._leave_clock = None

    async def carry(self, updates: Sequence[Update]) -> None:
        """Wait until `updates` were taken. Raises NotTaken after PATIENCE_S."""
        await self._taken(updates)
        await self._idle()

    async def together(self, updates: Iterable[Update]) -> None:
        """Deliver `updates` at the same moment, and wait until they were taken."""
        chosen = list(updates)
        await asyncio.gather(*self._roads.together(self._bot, chosen))
        await self.carry(chosen)

    async def reorder(self, updates: Iterable[Update]) -> None:
        """Post `updates` one after the other in this order. Raises ImpossibleAct when the bot polls."""
        chosen = list(updates)
        try:
            await self._roads.reorder(self._bot, chosen)
        except LookupError as nothing:
            raise ImpossibleAct(
                f"{nothing}: getUpdates hands updates over by their ids, so none can overtake"
            ) from None
        await self.carry(chosen)

    async def repeat(self, update: Update, *, times: int = 1) -> list[Outcome]:
        """Deliver an update again, and wait until it was taken. Raises NotTaken after PATIENCE_S."""
        outcomes: list[Outcome] = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(times):
                    again = self._roads.again(self._bot, update)
                    outcomes.append(await again)
        except TimeoutError:
            raise NotTaken(f"{self._bot.username} did not take update {update.update_id} again") from None
        await self._idle()
        return outcomes

    def lose_acknowledgement(self, *, times: int = 1) -> None:
        """Lose the next acknowledgements of a webhook. Raises ImpossibleAct when the bot polls."""
        try:
            self._roads.lose_acknowledgement(self._bot, times=times)
        except LookupError as nothing:
            raise ImpossibleAct(f"{nothing}: only a webhook acknowledges; with getUpdates use repeat") from None

    async def drain(self) -> None:
        """Wait until everything was taken. Raises NotTaken after PATIENCE_S."""
        await self.carry(tuple(self._bot.updates))

    async def rest(self) -> None:
        """Wait until nothing is on its way but what pauses between two tries."""
        if not await self._roads.rest(self._bot):
            await self._taken(tuple(self._bot.updates))
        await self._idle()

    async def _taken(self, updates: Sequence[Update]) -> None:
        if not self._roads.hears(self._bot):
            return
        unwatch = self._bot.updates.watch(self._left.set)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while any(update in self._bot.updates for update in updates):
                    if self._gone:
                        raise NotTaken(self._complaint(updates, self._gone))
                    await self._something_left()
        except TimeoutError:
            raise NotTaken(self._complaint(updates, f"within {PATIENCE_S:g} s")) from None
        finally:
            unwatch()

    async def _something_left(self) -> None:
        self._left.clear()
        await self._left.wait()

    def _complaint(self, updates: Sequence[Update], why: str) -> str:
        waiting = [f"{update.update_id} ({update.kind})" for update in updates if update in self._bot.updates]
        said = "" if self._bot.webhook is None else f": {self._bot.webhook.last_error}"
        return f"{self._bot.username} did not take {', '.join(waiting)} {why}{said}"
