"""Takes updates from a bot's queue to the bot: a lane per chat, order inside a lane, lanes side by side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from botflight_harness.clock import Clock, VirtualClock
from botflight_harness.delivery.retries import pause_ms
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.updates import Lane, Update

#: The official server's default for max_connections.
CONNECTIONS_DEFAULT = 40
#: A bot that did not take an update so often will not; the official server would go on until it expires.
TRIES_MOST = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of bringing an update to the bot."""

    accepted: bool
    #: such as the status line, for error messages
    answer: str = ""
    retry_after_s: float | None = None


ACCEPTED = Outcome(accepted=True)
Post = Callable[[Update], Awaitable[Outcome]]


class Undelivered(AssertionError):
    """A bot did not take an update however often it came. The update stays in the queue."""

    def __init__(self, update: Update, outcomes: Sequence[Outcome]) -> None:
        answers = ", ".join(outcome.answer or "acknowledgement lost" for outcome in outcomes)
        super().__init__(f"update {update.update_id} ({update.kind}) was not taken in {len(outcomes)} tries: {answers}")
        self.update = update


class Courier:
    """Brings the updates of one bot.

    `post` hands an update over and tells what came of it. On a virtual clock a pause between two tries costs
    no real time: when every lane waits, the clock moves to the next try.
    """

    def __init__(
        self, bot: BotAccount, *, post: Post, clock: Clock, connections_most: int = CONNECTIONS_DEFAULT, seed: int = 0
    ) -> None:
        self._bot = bot
        self._post = post
        self._clock = clock
        self._random = Random(f"botflight-courier:{seed}")  # noqa: S311 -- repeatable on purpose
        self._connections = asyncio.Semaphore(connections_most)
        self._lanes: dict[Lane, deque[Update]] = {}
        self._waiting: dict[Update, asyncio.Future[None]] = {}
        #: Lanes at work and not in a pause between two tries.
        self._awake = 0
        self._asleep = asyncio.Event()
        self._asleep.set()
        #: When those that pause go on, in milliseconds of a virtual clock.
        self._pauses_ms: list[int] = []
        self._lost_acknowledgements = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._fresh: deque[Update] = deque(bot.updates)
        self._unlisten = bot.updates.listen(self._fresh.append)
        #: Updates that expired before the bot took them.
        self.dropped: list[Update] = []

    def close(self) -> None:
        """Bring nothing any more; what waits stays in the bot's queue."""
        self._unlisten()
        for task in self._tasks:
            task.cancel()

    async def carry(self, updates: Iterable[Update]) -> None:
        """Bring everything that waits, each in its lane, until `updates` were handled or have expired.

        Raises Undelivered when the bot does not take one of them.
        """
        wanted = list(updates)
        if len(self._fresh) == 1 and len(wanted) == 1 and wanted[0] is self._fresh[0]:
            update = self._fresh.popleft()
            if update.lane not in self._lanes and update in self._bot.updates:
                await self._run_alone(update)
                return
            self._fresh.appendleft(update)
        self._dispatch()
        futures = [self._waiting[update] for update in wanted if update in self._waiting]
        if futures:
            await asyncio.gather(*futures)

    async def drain(self) -> None:
        """Bring everything that waits, until nothing does."""
        self._fresh.extend(update for update in self._bot.updates if update not in self._waiting)
        while self._fresh or self._waiting:
            self._dispatch()
            await asyncio.gather(*self._waiting.values())

    async def rest(self) -> None:
        """Bring everything that waits, until nothing is on its way but what pauses between two tries."""
        self._dispatch()
        while self._awake:
            await self._asleep.wait()
            self._dispatch()

    async def together(self, updates: Iterable[Update]) -> None:
        """Bring `updates` at the same moment, whatever their lanes."""
        chosen = self._withdraw(updates)
        for _ in chosen:
            self._wake_up()
        await asyncio.gather(*(self._bring_awake(update) for update in chosen))

    async def reorder(self, updates: Iterable[Update]) -> None:
        """Bring `updates` one after the other in the order given here, whatever their lanes."""
        for update in self._withdraw(updates):
            self._wake_up()
            await self._bring_awake(update)

    async def repeat(self, update: Update, *, times: int = 1) -> list[Outcome]:
        """Bring an update again that the bot may have taken before. Nothing is retried."""
        return [await self._hand_over(update) for _ in range(times)]

    def lose_acknowledgement(self, *, times: int = 1) -> None:
        """Lose the next `times` acknowledgements: the bot took the update, and it comes again."""
        self._lost_acknowledgements += times

    # Lanes

    def _dispatch(self) -> None:
        """Put what is new into its lane, and start the lanes that stand still."""
        loop = asyncio.get_running_loop()
        while self._fresh:
            update = self._fresh.popleft()
            if update not in self._bot.updates or update in self._waiting:
                continue
            self._waiting[update] = loop.create_future()
            if update.lane in self._lanes:
                self._lanes[update.lane].append(update)
            else:
                self._lanes[update.lane] = deque([update])
                self._start(update.lane)

    def _start(self, lane: Lane) -> None:
        self._wake_up()
        task = asyncio.get_running_loop().create_task(self._run(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: Lane) -> None:
        updates = self._lanes[lane]
        try:
            while updates:
                await self._bring(updates[0])
                self._settle(updates.popleft(), None)
        except BaseException as error:  # whoever waits has to hear of it, whatever it is
            for update in updates:
                self._settle(update, error)
            if not isinstance(error, Exception):
                raise
        finally:
            del self._lanes[lane]
            self._fall_asleep()

    async def _run_alone(self, update: Update) -> None:
        """Bring one update in the caller's own task; what joins its lane meanwhile gets a task."""
        followers: deque[Update] = deque()
        self._lanes[update.lane] = followers
        self._wake_up()
        try:
            await self._bring_awake(update)
        finally:
            if followers:
                self._start(update.lane)
            else:
                del self._lanes[update.lane]

    def _settle(self, update: Update, error: BaseException | None) -> None:
        future = self._waiting.pop(update)
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            # Somebody may wait for another update of this lane only.
            future.exception()

    def _withdraw(self, updates: Iterable[Update]) -> list[Update]:
        chosen = list(updates)
        kept = [update for update in self._fresh if update not in chosen]
        # In place: what the queue tells goes to this very deque.
        self._fresh.clear()
        self._fresh.extend(kept)
        return chosen

    # Bringing

    async def _bring(self, update: Update) -> None:
        """Hand an update over until it is taken or expires."""
        outcomes: list[Outcome] = []
        while True:
            outcome = await self._hand_over(update)
            if outcome.accepted and not self._loses_acknowledgement():
                self._bot.updates.done(update)
                return
            outcomes.append(outcome)
            if not await self._is_worth_another_try(update, outcomes):
                return

    async def _bring_awake(self, update: Update) -> None:
        try:
            await self._bring(update)
        finally:
            self._fall_asleep()

    async def _hand_over(self, update: Update) -> Outcome:
        async with self._connections:
            outcome = await self._post(update)
        if not outcome.accepted and self._bot.webhook is not None:
            self._bot.webhook.last_error_ms = self._clock.now_ms()
            self._bot.webhook.last_error = outcome.answer
        return outcome

    async def _is_worth_another_try(self, update: Update, outcomes: Sequence[Outcome]) -> bool:
        """Wait for the time of the next try; False when the update has expired by then."""
        if len(outcomes) >= TRIES_MOST:
            raise Undelivered(update, outcomes)
        delay_ms = pause_ms(len(outcomes), retry_after_s=outcomes[-1].retry_after_s, random=self._random)
        next_ms = self._clock.now_ms() + delay_ms
        if next_ms >= update.expires_ms:
            self._bot.updates.done(update)
            self.dropped.append(update)
            return False
        await self._pause_until(next_ms)
        return True

    def _loses_acknowledgement(self) -> bool:
        if self._lost_acknowledgements == 0:
            return False
        self._lost_acknowledgements -= 1
        return True

    async def _pause_until(self, when_ms: int) -> None:
        now_ms = self._clock.now_ms()
        if when_ms <= now_ms:
            await asyncio.sleep(0)
        elif isinstance(self._clock, VirtualClock):
            await self._pause_virtually(self._clock, when_ms)
        else:
            await asyncio.sleep((when_ms - now_ms) / 1000)

    async def _pause_virtually(self, clock: VirtualClock, when_ms: int) -> None:
        reached = asyncio.Event()

        def wake() -> None:
            self._pauses_ms.remove(when_ms)
            self._wake_up()
            reached.set()

        timer = clock.call_at(when_ms, wake)
        self._pauses_ms.append(when_ms)
        self._fall_asleep()
        try:
            await reached.wait()
        finally:
            if not reached.is_set():
                timer.cancel()
                wake()

    def _fall_asleep(self) -> None:
        """Count one lane less; move a virtual clock to the next try when nobody is awake."""
        self._awake -= 1
        if self._awake:
            return
        if self._pauses_ms and isinstance(self._clock, VirtualClock) and not self._clock.is_advancing:
            self._clock.move_to(min(self._pauses_ms))
        if not self._awake:
            self._asleep.set()

    def _wake_up(self) -> None:
        self._awake += 1
        self._asleep.clear()
