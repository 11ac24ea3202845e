"""The process around the service: the event loop, the signals that end it, and the exit code."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable

from botflight_diagnostics.telemetry import ExportError
from botflight_service.bot.announcement import WebhookInUse
from botflight_service.bot.polling import PollingElsewhere
from botflight_service.generation.catalog import CatalogInvalid
from botflight_service.lifecycle import StartRefused
from botflight_service.storage.interface import SchemaTooNew, StorageUnavailable
from botflight_service.web.server import AddressBusy

#: A person can mend these: one line says how, and there is no traceback.
MENDABLE = (
    AddressBusy,
    CatalogInvalid,
    StartRefused,
    StorageUnavailable,
    SchemaTooNew,
    WebhookInUse,
    PollingElsewhere,
    ExportError,
)
EXIT_OK = 0
EXIT_MENDABLE = 2
SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: Objects that come before a collection; Python's own 700 collects many times within one update.
COLLECTOR = (50_000, 20, 100)

#: The body of a process: runs until its event is set; its result is the exit code.
Body = Callable[[asyncio.Event], Awaitable[int]]


def run(body: Body) -> int:
    """Run a body to its end on a fast event loop. The first signal asks it to end, the second one is obeyed at once."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(entrypoint(body))
        except MENDABLE as error:
            print(f"botflight: {error}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
            return EXIT_MENDABLE


async def entrypoint(body: Body) -> int:
    """Run a body under signals; the exit code. Cancelled, the body ends as it does on a signal, and so does this."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        # The next one, whichever it is, does what it does to any process.
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, ask)
    try:
        return await body(stop)
    except asyncio.CancelledError:
        return EXIT_OK
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def came_up(start: asyncio.Task[None], stop: asyncio.Event) -> bool:
    """Wait for the start, at most until a stop is asked for; whether it came up. Raises what the start raises."""
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((stopped, start), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
    if not start.done():
        return False
    start.result()
    calm_the_collector()
    return True


async def until_over(work: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Wait until a stop is asked for, or work ends that should not. Raises what the work raises."""
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((stopped, work), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
    if work.done():
        work.result()


def calm_the_collector() -> None:
    """Leave what is there at the start out of every later collection: measured, that is a fifth of an update's cost."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not to be had on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
