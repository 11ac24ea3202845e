"""How the service starts and ends: in which order, what it may do at each point, and by when it must be over."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from telegram.error import InvalidToken, TelegramError
from telegram.request import BaseRequest

from botflight_diagnostics.telemetry import Telemetry

#: Waits between tries to reach Telegram at the start; the last repeats, and the service stays unready meanwhile.
TELEGRAM_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
#: How long each part may take to finish at the end, in seconds.
DRAIN_INBOX_S = 3.0
DRAIN_UPDATES_S = 10.0
DRAIN_ATTEMPTS_S = 8.0
DRAIN_REFUNDS_S = 2.0
DRAIN_MESSAGES_S = 5.0
#: How long all of them together may take to close, and what each has in any case: a server that is silent is not waited
#: for, the system closes what leads to it.
CLOSE_S = 7.0
CLOSE_PART_S = 1.0
#: By then a stop is over, whatever hangs. Who kills what does not end has to wait longer (deploy/).
STOP_S = DRAIN_INBOX_S + DRAIN_UPDATES_S + DRAIN_ATTEMPTS_S + DRAIN_REFUNDS_S + DRAIN_MESSAGES_S + CLOSE_S
#: Why there is nothing left to be done at the end.
LOOP_CLOSED = "loop_closed"


class Phase(StrEnum):
    """The phases, in the order in which a service goes through them."""

    STARTING = "starting"  # the store is closed: updates are asked to come again
    RECOVERING = "recovering"  # the store is open: updates are kept, but not yet processed
    READY = "ready"
    DRAINING = "draining"  # finishing what is in hand; nothing new is taken
    STOPPED = "stopped"


_ORDER = tuple(Phase)


class Lifecycle:
    """The phase of one service. It only ever goes forward."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        #: Set once the service cannot go on; says what to do, and holds no secret.
        self.failure: str | None = None

    def enter(self, phase: Phase) -> None:
        """Go on to a later phase; an earlier one is ignored, so that a late start never undoes a stop."""
        if _ORDER.index(phase) > _ORDER.index(self.phase):
            self.phase = phase

    @property
    def takes_updates(self) -> bool:
        """Whether an update can be kept now."""
        return self.phase in {Phase.RECOVERING, Phase.READY}

    @property
    def ready(self) -> bool:
        """Whether updates are processed as they come."""
        return self.phase is Phase.READY


class StartRefused(Exception):
    """The service cannot start as it is set up. The text is one line that says what to do."""


class Openable(Protocol):
    """Something that is opened first and closed last."""

    async def open(self) -> None:
        """Open it."""
        ...

    async def close(self) -> None:
        """Close it."""
        ...


class Closeable(Protocol):
    """Something that is closed at the end."""

    async def close(self) -> None:
        """Close it."""
        ...


class Resumed(Closeable, Protocol):
    """Something that goes on with what an earlier run left."""

    def resume(self) -> None:
        """Go on."""
        ...


class Replayed(Protocol):
    """Something that takes up what an earlier run left."""

    async def replay(self) -> int:
        """Take it up; how much there was."""
        ...


class InboxPart(Replayed, Protocol):
    """The inbox, as the lifecycle sees it."""

    async def settled(self) -> None:
        """Wait until what was let in has reached the worker."""
        ...


class OwnershipPart(Openable, Protocol):
    """Which lanes are this process's, as the lifecycle sees it."""

    async def take_up(self) -> int:
        """Take up what waits in lanes that nobody has; how many lanes there were."""
        ...

    def drain(self) -> None:
        """Take nothing up any more."""
        ...


class Drained(Protocol):
    """Something that finishes its work within a deadline."""

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        ...

    async def stop(self, *, within_s: float) -> int:
        """Finish; how much was left undone."""
        ...


class WorkerPart(Drained, Protocol):
    """The worker, as the lifecycle sees it."""

    def start(self) -> None:
        """Begin to process."""
        ...


class OutboxPart(Drained, Replayed, Protocol):
    """The outbox, as the lifecycle sees it."""


class RunnerPart(Drained, Protocol):
    """The runner, as the lifecycle sees it."""

    async def recover(self) -> int:
        """Take up unsettled attempts."""
        ...

    async def sweep(self) -> None:
        """Take up what is left over, for ever."""
        ...


class BotsPart(Protocol):
    """The ways to Telegram, as the lifecycle sees them."""

    async def initialize(self) -> None:
        """Open the way to Telegram and ask who we are."""
        ...

    async def shutdown(self) -> None:
        """Close the way to Telegram."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the service is made of, for its start and its end."""

    storage: Openable
    ownership: OwnershipPart
    inbox: InboxPart
    worker: WorkerPart
    outbox: OutboxPart
    runner: RunnerPart
    refunds: Drained
    provider: Resumed
    diagnosis: Closeable
    bots: BotsPart
    #: What the bots talk through: closed even where it never reached Telegram.
    ways: tuple[BaseRequest, ...]
    #: Called once the bot is known: raises what a person can mend where it may not run as it is asked to.
    admit: Callable[[], Awaitable[None]]
    #: Tells Telegram where and what to send; called once the bot is known.
    announce: Callable[[], Awaitable[None]]
    #: Looks at the store and the money once it is open, and logs what it finds.
    inspect: Callable[[], Awaitable[None]]
    #: Run beside the updates from the start to the end: watches, housekeeping.
    background: tuple[Callable[[], Coroutine[None, None, None]], ...]


class Service:
    """Starts and ends the parts in their order."""

    def __init__(self, parts: Parts, *, lifecycle: Lifecycle, telemetry: Telemetry, mode: str) -> None:
        self.lifecycle = lifecycle
        self._parts = parts
        self._telemetry = telemetry
        self._mode = mode
        self._log = telemetry.logs.logger("lifecycle")
        self._background: set[asyncio.Task[None]] = set()
        self._opened = self._reached = False
        self._started = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Go from closed to ready. Raises StorageError or StartRefused where that cannot be."""
        started = time.monotonic()
        self._loop = asyncio.get_running_loop()
        parts = self._parts
        self._log.info("STARTING", mode=self._mode)
        await parts.storage.open()
        self._opened = True
        await parts.ownership.open()
        replayed = await parts.inbox.replay()
        self.lifecycle.enter(Phase.RECOVERING)
        await parts.inspect()
        await self._reach_telegram(parts.bots.initialize)
        self._reached = True
        await self._reach_telegram(parts.admit)
        unsent = await parts.outbox.replay()
        attempts = await parts.runner.recover()
        parts.provider.resume()
        self._keep(parts.runner.sweep())
        for work in parts.background:
            self._keep(work())
        parts.worker.start()
        lanes = await parts.ownership.take_up()
        await self._reach_telegram(parts.announce)
        self.lifecycle.enter(Phase.READY)
        self._started.set()
        self._log.info(
            "READY",
            startup_ms=round((time.monotonic() - started) * 1000),
            updates_replayed=replayed,
            messages_replayed=unsent,
            attempts_resumed=attempts,
            lanes_taken_up=lanes,
        )

    async def started(self) -> None:
        """Wait until the service is ready."""
        await self._started.wait()

    async def stop(self) -> None:
        """Finish what is in hand, each part by its deadline, and close. What is cut off goes on at the next start.

        Cancelled, it waits for nothing more, but closes all the same.
        """
        if self.lifecycle.phase in {Phase.DRAINING, Phase.STOPPED}:
            return
        if self._loop is not None and self._loop.is_closed():
            self.abandon()
            return
        self.lifecycle.enter(Phase.DRAINING)
        self._log.info("DRAINING")
        left: dict[str, int] = {}
        try:
            await self._drain(left)
        finally:
            await self._close()
            self.lifecycle.enter(Phase.STOPPED)
            self._log.info("STOPPED", **left)

    def abandon(self) -> None:
        """Say what cannot be closed any more, because the event loop that it lives on is closed.

        Nothing is lost: what is acknowledged is durable, and the system lets go of the store's lock with the process.
        """
        if self.lifecycle.phase is Phase.STOPPED:
            return
        self.lifecycle.enter(Phase.STOPPED)
        for part in ("updates", "attempts", "messages", "telegram", "provider", "diagnosis"):
            self._log.info("CLEANUP_SKIPPED", part=part, reason=LOOP_CLOSED)
        if self._opened:
            self._log.info("lock_release_failed", reason=LOOP_CLOSED)

    async def idle(self) -> None:
        """Wait until no update, attempt or message is on its way."""
        parts = self._parts
        await parts.worker.idle()
        await parts.runner.idle()
        await parts.refunds.idle()
        await parts.outbox.idle()

    async def _drain(self, left: dict[str, int]) -> None:
        """Let each part finish, and note what it leaves."""
        parts = self._parts
        parts.ownership.drain()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        # Without Telegram nothing that waits can end: it is cut off at once, and goes on at the next start.
        reached = float(self._reached)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(parts.inbox.settled(), DRAIN_INBOX_S)
        left["updates_left"] = await parts.worker.stop(within_s=DRAIN_UPDATES_S * reached)
        left["attempts_left"] = await parts.runner.stop(within_s=DRAIN_ATTEMPTS_S * reached)
        left["refunds_left"] = await parts.refunds.stop(within_s=DRAIN_REFUNDS_S * reached)
        left["messages_left"] = await parts.outbox.stop(within_s=DRAIN_MESSAGES_S * reached)

    async def _close(self) -> None:
        """Close what is open, the store with its lock last; what fails is told and keeps nothing else open."""
        parts, by_s = self._parts, asyncio.get_running_loop().time() + CLOSE_S
        if self._reached:
            await self._closed("telegram", parts.bots.shutdown, by_s)
        for way in parts.ways:
            await self._closed("telegram", way.shutdown, by_s)
        await self._closed("provider", parts.provider.close, by_s)
        await self._closed("diagnosis", parts.diagnosis.close, by_s)
        if self._opened:
            await self._closed("ownership", parts.ownership.close, by_s)
            await self._closed("store", parts.storage.close, by_s)

    async def _closed(self, part: str, close: Callable[[], Awaitable[None]], by_s: float) -> None:
        try:
            async with asyncio.timeout_at(max(by_s, asyncio.get_running_loop().time() + CLOSE_PART_S)):
                await close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are to be closed as well
            self._log.error("CLEANUP_FAILED", part=part, error_type=type(error).__name__, exc_info=error)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the updates until the end."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _reach_telegram(self, call: Callable[[], Awaitable[None]]) -> None:
        """Call Telegram until it answers. Raises StartRefused for a token that it does not know."""
        tries = 0
        while True:
            try:
                await call()
            except InvalidToken:
                raise StartRefused(
                    "Telegram does not know this token: ask @BotFather for the current one and set TELEGRAM_BOT_TOKEN"
                ) from None
            except TelegramError as error:
                wait_s = TELEGRAM_BACKOFF_S[min(tries, len(TELEGRAM_BACKOFF_S) - 1)]
                self._log.warning("TELEGRAM_UNREACHABLE", error_type=type(error).__name__, retry_s=wait_s)
                tries += 1
                await asyncio.sleep(wait_s)
            else:
                return


@contextlib.asynccontextmanager
async def running(service: Service) -> AsyncIterator[asyncio.Task[None]]:
    """Start a service in the background and stop it at the end; gives the start, to wait for or to look at."""
    start = asyncio.create_task(service.start(), name="start")
    try:
        yield start
    finally:
        start.cancel()
        await asyncio.gather(start, return_exceptions=True)
        await service.stop()
