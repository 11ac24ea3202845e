"""Which lanes this process works on. Where the store is its alone that is every lane, and asking costs nothing.

Where several processes share a store, whoever meets a lane first leases it, keeps it for as long as anything of it is
in hand (an update, a message, an attempt), and gives it back soon after. What comes in for a lane of another process is
durable already; that process is called, and reads it from the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Protocol

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.generation.attempts import Attempt
from botflight_service.storage.interface import QueuedMessage, QueuedUpdate, StorageError, StorageUnavailable
from botflight_service.storage.sharing import Kind, Leases
from botflight_service.updates.envelope import chat_of_lane

#: Looked for so often: what waits in lanes that nobody has. Calls and pokes make it sooner.
LOOK_EVERY_S = 2.0
#: Lanes found at a time.
PAGE = 500
#: A lane that nothing is in hand of is given back after so long.
IDLE_S = 2.0
#: How often lanes are looked at for that.
RELEASE_EVERY_S = 0.5
#: How often a lane that changes hands is run after before it is left to those who look for what waits.
MAX_CHASES = 3


class Keeper(Protocol):
    """Something that has things of lanes in hand."""

    def busy(self, lane: str) -> bool:
        """Whether it has anything of a lane in hand."""
        ...


class Door(Keeper, Protocol):
    """The way in."""

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more is to be taken up."""
        ...


class Taker(Keeper, Protocol):
    """A keeper that takes up one kind of what waits in the store."""

    def refill(self, lane: str) -> None:
        """Take up what waits of a lane and is not in hand."""
        ...

    def drop(self, lane: str) -> None:
        """Let go of what is in hand of a lane: it is another process's now."""
        ...


class Ownership:
    """The lanes of one partner in this process."""

    def __init__(
        self, *, partner: str, leases: Leases | None, gained: Callable[[str], None], telemetry: Telemetry
    ) -> None:
        self._partner = partner
        self._leases = leases
        self._gained = gained
        self._log = telemetry.logs.logger("ownership")
        self._door: Door | None = None
        self._takers: dict[Kind, Taker] = {}
        self._hear: Callable[[str], None] = lambda _: None
        #: When each lane was last asked for or busy, on the monotonic clock.
        self._held: dict[str, float] = {}
        self._kept: set[str] = set()
        self._gains: dict[str, asyncio.Task[bool]] = {}
        self._errands: set[asyncio.Task[Any]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._poked = asyncio.Event()
        self._idle_s = IDLE_S
        self._taking_up = False

    def attach(self, door: Door, takers: dict[Kind, Taker], *, hear: Callable[[str], None]) -> None:
        """Name who has things in hand: the way in, and who takes up each kind; `hear` gets any other word."""
        self._door = door
        self._takers = takers
        self._hear = hear

    @property
    def shared(self) -> bool:
        """Whether other processes may work on the same store."""
        return self._leases is not None

    def holds(self, lane: str) -> bool:
        """Whether a lane is ours."""
        return self._leases is None or lane in self._held

    async def confirmed(self, lane: str) -> bool:
        """Whether a lane is ours beyond doubt; waits while the store is silent and it may have become another's."""
        if self._leases is None:
            return True
        if not self._leases.sure:
            await self._leases.assured()
        return lane in self._held

    async def gain(self, lane: str) -> bool:
        """Make a lane ours unless another process has it. Raises StorageError."""
        if self._leases is None:
            return True
        if lane in self._held:
            self._held[lane] = time.monotonic()
            return True
        gaining = self._gains.get(lane)
        if gaining is None:
            # A task of its own: whoever asks may go away, and a lane that was leased is not to be forgotten.
            gaining = self._gains[lane] = asyncio.create_task(self._gain(self._leases, lane))
            gaining.add_done_callback(lambda _: self._gains.pop(lane, None))
        try:
            return await asyncio.shield(gaining)
        except asyncio.CancelledError:
            asking = asyncio.current_task()
            if asking is not None and asking.cancelling():
                raise
            # Nobody gave the asker up: the lanes were given back before the store had answered.
            raise StorageUnavailable("it is not known any more who has this lane: come again") from None

    async def keep(self, lane: str) -> bool:
        """Make a lane ours until the end."""
        ours = await self.gain(lane)
        if ours:
            self._kept.add(lane)
        return ours

    async def pass_on(self, lane: str, word: str) -> None:
        """See to it that whoever has a lane hears a word, and wait until it did; it may become us."""
        try:
            await self._pass_on(lane, word)
        except StorageError as error:
            # Whoever looks for what waits finds it.
            self._log.warning("LANE_NOT_CALLED", error_type=type(error).__name__)

    def offer(self, lane: str, word: str) -> None:
        """The same, without waiting for it."""
        self._errand(self.pass_on(lane, word))

    # -- what waits in the store

    async def undone(self, lane: str, *, limit: int) -> Sequence[QueuedUpdate]:
        """Updates of a lane that are not done, in the order of arrival. Raises StorageError."""
        return await self._leases.undone(self._partner, lane, limit=limit) if self._leases is not None else ()

    async def unsent(self, lane: str, *, limit: int) -> Sequence[QueuedMessage]:
        """Messages to a lane's chat that are not sent, in order. Raises StorageError."""
        chat_id = chat_of_lane(lane)
        if self._leases is None or chat_id is None:
            return ()
        return await self._leases.unsent(self._partner, chat_id, limit=limit)

    async def unsettled(self, lane: str, *, limit: int) -> Sequence[Attempt]:
        """Attempts of a lane's chat that are not settled. Raises StorageError."""
        chat_id = chat_of_lane(lane)
        if self._leases is None or chat_id is None:
            return ()
        return await self._leases.unsettled(self._partner, chat_id, limit=limit)

    # -- from start to end

    async def open(self) -> None:
        """Begin to lease. Raises StorageError."""
        if self._leases is not None:
            await self._leases.join(self._partner, self)
            self._watch = asyncio.create_task(self._keep_watch(self._leases), name="lanes are watched")

    async def take_up(self) -> int:
        """Take up what waits in lanes that nobody has, and from now on what comes free; how many lanes there were."""
        self._taking_up = True
        for lane in self._held:
            self._refill(lane, frozenset(Kind) - {Kind.UPDATES})
        return await self._look() if self._leases is not None else 0

    def drain(self) -> None:
        """Take nothing up any more, and give each lane back as soon as it is idle."""
        self._taking_up = False
        self._idle_s = 0.0

    async def close(self) -> None:
        """Give everything back."""
        waits = {*self._errands, *self._gains.values(), *((self._watch,) if self._watch else ())}
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        if self._leases is not None:
            await self._leases.leave(self._partner)
        self._held.clear()

    # -- what the leases tell

    def called(self, lane: str, word: str) -> None:
        """Another process has something for a lane that is ours, or was."""
        if not self._taking_up:
            return
        if lane in self._held:
            # Before anything else that comes for the lane: it may be later, and is not to be processed sooner.
            self._obey(lane, word, had=True)
        else:
            self._errand(self.pass_on(lane, word))

    def poked(self) -> None:
        """Lanes have become free."""
        self._poked.set()

    def lost(self) -> None:
        """The others took this process for dead."""
        lanes, self._held = tuple(self._held), {}
        if lanes:
            self._log.error("LEASES_LOST", lanes=len(lanes))
        for lane in lanes:
            for taker in self._takers.values():
                taker.drop(lane)

    # -- inside

    async def _keep_watch(self, leases: Leases) -> None:
        """Look for what waits, and give back what is idle, until cancelled."""
        due_s = time.monotonic() + LOOK_EVERY_S
        while True:
            await self._pause(min(RELEASE_EVERY_S, max(0.0, due_s - time.monotonic())))
            self._release_idle(leases)
            if not self._poked.is_set() and time.monotonic() < due_s:
                continue
            self._poked.clear()
            due_s = time.monotonic() + LOOK_EVERY_S
            if self._taking_up:
                try:
                    await self._look()
                except StorageError as error:
                    self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)

    async def _gain(self, leases: Leases, lane: str) -> bool:
        claim = await leases.claim(self._partner, lane)
        if claim.ours:
            self._held[lane] = time.monotonic()
            self._gained(lane)
            self._refill(lane, claim.waiting)
        return claim.ours

    def _refill(self, lane: str, kinds: Iterable[Kind]) -> None:
        """Have what waits taken up. Until all is taken up, updates alone: they wait in their lane for the start."""
        for kind in kinds:
            if kind is Kind.UPDATES or self._taking_up:
                self._takers[kind].refill(lane)

    async def _pass_on(self, lane: str, word: str) -> None:
        """Tell whoever has a lane, or take it and do as the word says; it may change hands meanwhile."""
        for _ in range(MAX_CHASES):
            had = lane in self._held
            if await self.gain(lane):
                self._obey(lane, word, had=had)
                return
            if self._leases is None or await self._leases.call(self._partner, lane, word):
                return

    def _obey(self, lane: str, word: str, *, had: bool) -> None:
        """Do as a word says. A lane that was just gained has brought along what waits."""
        kind = next((one for one in Kind if one == word), None)
        if kind is None:
            self._hear(word)
        elif had:
            self._refill(lane, (kind,))

    async def _look(self) -> int:
        """Gain the lanes that nobody has and that hold something; how many there were."""
        after, found = "", 0
        while self._leases is not None and self._door is not None and not self._door.full:
            page = await self._leases.waiting(self._partner, after=after, limit=PAGE)
            for lane in self._held.keys() & page.keys():
                # What a call should have brought and did not.
                self._refill(lane, [kind for kind in page[lane] if not self._takers[kind].busy(lane)])
            gained = await asyncio.gather(*(self.gain(lane) for lane in page.keys() - self._held.keys()))
            found += sum(gained)
            if len(page) < PAGE:
                break
            after = max(page)
        return found

    def _release_idle(self, leases: Leases) -> None:
        now_s = time.monotonic()
        idle = []
        for lane, used_s in self._held.items():
            if lane in self._kept or self._busy(lane):
                self._held[lane] = now_s
            elif now_s - used_s >= self._idle_s:
                idle.append(lane)
        for lane in idle:
            del self._held[lane]
        if idle:
            leases.release(self._partner, idle, tell=not self._taking_up)

    def _busy(self, lane: str) -> bool:
        if self._door is not None and self._door.busy(lane):
            return True
        return any(taker.busy(lane) for taker in self._takers.values())

    async def _pause(self, seconds: float) -> None:
        # Not `wait_for`: before Python 3.12 it loses a cancellation that comes in the moment of the poke.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._poked.wait()

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="a word about a lane")
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
