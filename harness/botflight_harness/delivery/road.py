"""The way from Telegram to a bot and back: what can happen to updates on it, and the one that a courier goes."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from botflight_harness.clock import Clock, VirtualClock
from botflight_harness.delivery.courier import CONNECTIONS_DEFAULT, Courier, Outcome, Post
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.updates import Update

Idle = Callable[[], Awaitable[None]]


async def never_busy() -> None:
    """Stand in for a bot that has done all its work once it has taken an update."""


class DeliveryRoad(Protocol):
    """How one bot's updates travel, whatever they travel by.

    Everything but `lose_acknowledgement` returns when the bot has done with the updates. Raises ImpossibleAct for
    what no Telegram does on this road.
    """

    def attach(self) -> None:
        """Become the road of the bot."""
        ...

    def detach(self) -> None:
        """Bring nothing any more; what the bot did not take stays in its queue."""
        ...

    async def carry(self, updates: Sequence[Update]) -> None:
        """Bring everything that waits until `updates` were handled."""
        ...

    async def together(self, updates: Iterable[Update]) -> None:
        """Bring `updates` at the same moment, whatever their lanes."""
        ...

    async def reorder(self, updates: Iterable[Update]) -> None:
        """Bring `updates` one after the other in the order given here, whatever their ids."""
        ...

    async def repeat(self, update: Update, *, times: int = 1) -> list[Outcome]:
        """Bring an update again, whether the bot took it before or not."""
        ...

    def lose_acknowledgement(self, *, times: int = 1) -> None:
        """Lose the next acknowledgements: the same updates come again."""
        ...

    async def drain(self) -> None:
        """Bring everything that waits, until nothing does."""
        ...

    async def rest(self) -> None:
        """Wait until nothing is on its way but what pauses between two tries."""
        ...


class CourierRoad:
    """The road of a bot to which a courier brings its updates by `post`; `idle` waits until it has worked them off."""

    def __init__(
        self,
        bot: BotAccount,
        *,
        post: Post,
        clock: Clock,
        idle: Idle = never_busy,
        connections_most: int = CONNECTIONS_DEFAULT,
    ) -> None:
        self._bot = bot
        self._post = post
        self._clock = clock
        self.idle = idle
        self.connections_most = connections_most
        self._courier: Courier | None = None
        self._leave_clock: Callable[[], None] | None = None

    @property
    def courier(self) -> Courier:
        """Who brings the updates. Raises RuntimeError before `attach` and after `detach`."""
        if self._courier is None:
            raise RuntimeError("no bot is on this road: use `async with`")
        return self._courier

    def attach(self) -> None:
        """Become the road of the bot, and let a virtual clock wait for it."""
        self._courier = Courier(self._bot, post=self._post, clock=self._clock, connections_most=self.connections_most)
        self._bot.road = self
        if isinstance(self._clock, VirtualClock):
            self._leave_clock = self._clock.wait_for(self.rest)

    def detach(self) -> None:
        """Bring nothing any more; what the bot did not take stays in its queue."""
        self.courier.close()
        self._courier = None
        self._bot.road = None
        if self._leave_clock is not None:
            self._leave_clock()
            self._leave_clock = None

    async def carry(self, updates: Sequence[Update]) -> None:
        """Bring everything that waits until `updates` were handled."""
        await self.courier.carry(updates)
        await self.idle()

    async def together(self, updates: Iterable[Update]) -> None:
        """Bring `updates` at the same moment, and wait until they were handled."""
        await self.courier.together(updates)
        await self.idle()

    async def reorder(self, updates: Iterable[Update]) -> None:
        """Bring `updates` one after the other in this order, whatever their ids."""
        await self.courier.reorder(updates)
        await self.idle()

    async def repeat(self, update: Update, *, times: int = 1) -> list[Outcome]:
        """Bring an update again, whether the bot took it before or not, and return what it answered."""
        outcomes = await self.courier.repeat(update, times=times)
        await self.idle()
        return outcomes

    def lose_acknowledgement(self, *, times: int = 1) -> None:
        """Lose the next acknowledgements: the same updates come again."""
        self.courier.lose_acknowledgement(times=times)

    async def drain(self) -> None:
        """Bring everything that waits, until nothing does."""
        await self.courier.drain()
        await self.idle()

    async def rest(self) -> None:
        """Wait until nothing is on its way but what pauses between two tries."""
        await self.courier.rest()
        await self.idle()
