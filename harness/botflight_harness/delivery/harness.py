"""A bot under test, and what a test can do to it on any road: repeat, reorder, lose. Each is one line."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self

from botflight_harness.delivery.courier import Outcome
from botflight_harness.delivery.road import DeliveryRoad
from botflight_harness.mishaps import Mishaps
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram


class Overseer(Protocol):
    """Who knows what goes on inside a bot: the errors of its handlers, its jobs, and when it is idle."""

    def begin(self, mishaps: Mishaps) -> None:
        """Begin before the bot starts."""
        ...

    def leave_clock(self) -> None:
        """Let time go by without the bot, before it stops."""
        ...

    def end(self) -> None:
        """Leave the bot to itself, once it has stopped."""
        ...

    async def idle(self) -> None:
        """Wait until the bot has worked off what it took."""
        ...


class Harness(ABC):
    """A bot on a simulated Telegram: `bot`, or the one of `application`, or the only one of the world."""

    def __init__(
        self,
        telegram: Telegram,
        bot: BotAccount | None = None,
        *,
        application: Any = None,  # noqa: ANN401 -- PTB's, which may not be installed
    ) -> None:
        self.telegram = telegram
        self._overseer = overseer_of(application, telegram)
        if application is not None:
            bot = telegram.placeholder(application.bot.token)
        self.bot = bot or telegram.sole_bot()
        self._mishaps = Mishaps(telegram)

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        if kind is None:
            self.telegram.check()

    @abstractmethod
    async def _start(self) -> None:
        """Start the bot, and let updates come to it."""

    @abstractmethod
    async def _stop(self) -> None:
        """Stop the bot; what it did not take stays in its queue."""

    @property
    @abstractmethod
    def road(self) -> DeliveryRoad:
        """How updates travel to the bot."""

    async def carry(self, updates: Sequence[Update]) -> None:
        """Bring everything that waits until `updates` were handled."""
        await self.road.carry(updates)

    async def together(self, updates: Iterable[Update] | None = None) -> None:
        """Bring `updates`, or everything that waits, at the same moment, and wait until they were handled."""
        await self.road.together(list(self.bot.updates) if updates is None else updates)

    async def repeat(self, update: Update | None = None, *, times: int = 1) -> list[Outcome]:
        """Bring an update again, whether the bot took it before or not; without one, the newest that there was.

        Returns what the bot answered each time. Raises ImpossibleAct when there never was an update.
        """
        chosen = update or self.bot.updates.latest
        if chosen is None:
            raise ImpossibleAct(f"{self.bot.username} never got an update: there is nothing to repeat")
        return await self.road.repeat(chosen, times=times)

    async def reorder(self, updates: Iterable[Update] | None = None) -> None:
        """Bring `updates` one after the other in this order, whatever their ids; without them, what waits, backwards.

        Raises ImpossibleAct where a bot polls: getUpdates goes by their ids.
        """
        await self.road.reorder(list(self.bot.updates)[::-1] if updates is None else updates)

    def lose_acknowledgement(self, *, times: int = 1) -> None:
        """Lose the next acknowledgements: the bot took the updates, and they come again.

        Raises ImpossibleAct where a bot polls: there is nothing that could be lost but its next getUpdates.
        """
        self.road.lose_acknowledgement(times=times)

    def expects_error(
        self, kind: type[BaseException] = Exception, *, match: str = ""
    ) -> AbstractContextManager[list[BaseException]]:
        """Expect the bot to raise; otherwise an error that it raises out of sight fails the test."""
        return self._mishaps.expects(kind, match=match)


def overseer_of(application: Any, telegram: Telegram) -> Overseer | None:  # noqa: ANN401 -- PTB's
    """Return who oversees an application of PTB; None for none."""
    if application is None:
        return None
    from botflight_harness.ptb.oversight import Oversight  # noqa: PLC0415 -- only bots of PTB need it

    return Oversight(application, telegram)
