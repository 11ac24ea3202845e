"""What the harness needs of an application, whoever runs it: its errors, its clock, and when it is idle."""

import asyncio
from collections.abc import Callable
from typing import Any

import telegram as ptb
from telegram.ext import CallbackContext

from botflight_harness.clock import SETTLED_WITHIN_S, VirtualClock
from botflight_harness.jobs import JobSchedule
from botflight_harness.mishaps import Mishaps
from botflight_harness.ptb.program import AnyApplication
from botflight_harness.ptb.transport import TelegramRequest
from botflight_harness.telegram.world import Telegram

#: Where PTB keeps the tasks that it has begun; asking asyncio for all tasks would cost every update.
_TASKS = "_Application__create_task_tasks"
_NOT_BLOCKING = ":process_update_non_blocking:"


class Oversight:
    """Keeps an eye on one application, from `begin`, before it is initialized, to `end`.

    With `lends_transport` it calls the simulated Telegram without sockets for that time.
    """

    def __init__(self, application: AnyApplication, telegram: Telegram, *, lends_transport: bool = True) -> None:
        self.application = application
        self._telegram = telegram
        self._lends_transport = lends_transport
        self._own_transport: Any = None
        self._jobs: JobSchedule | None = None
        self._leave_clock: list[Callable[[], None]] = []
        self._recorder: Any = None

    def begin(self, mishaps: Mishaps) -> None:
        """Lend it a transport, report the errors of its handlers, and let a virtual clock drive its job queue."""
        if self._lends_transport:
            transport = TelegramRequest(self._telegram)
            # PTB has no public way to change the transport of an application that is built already.
            self._own_transport = self.application.bot._request  # noqa: SLF001
            self.application.bot._request = (transport, transport)  # noqa: SLF001
        self._record_errors(mishaps)
        _free_of_other_loops(self.application)
        clock = self._telegram.clock
        if not isinstance(clock, VirtualClock):
            return
        self._leave_clock.append(clock.wait_for(self.rest))
        # The public property warns when there is none.
        job_queue = self.application._job_queue  # noqa: SLF001
        if job_queue is not None:
            self._jobs = JobSchedule(job_queue, clock)
            self._leave_clock += [clock.drive(self._jobs), self._jobs.close]

    def leave_clock(self) -> None:
        """Let time go by without it, before it stops."""
        for leave in self._leave_clock:
            leave()
        self._leave_clock.clear()

    def end(self) -> None:
        """Leave it to itself, once it has stopped."""
        self.leave_clock()
        self.application.error_handlers.pop(self._recorder, None)
        if self._own_transport is not None:
            self.application.bot._request = self._own_transport  # noqa: SLF001

    async def rest(self) -> None:
        """Wait until no job is at work and nothing waits in PTB's queue."""
        if self._jobs is not None:
            await self._jobs.rest()
        await self.idle()

    async def idle(self) -> None:
        """Wait until what was put into PTB's queue is handled.

        Raises AssertionError when the bot is still at work after SETTLED_WITHIN_S real seconds.
        """
        try:
            async with asyncio.timeout(SETTLED_WITHIN_S):
                await self.application.update_queue.join()
                await self.finish_not_blocking()
        except TimeoutError:
            raise AssertionError(
                f"the bot is still at work on what it took after {SETTLED_WITHIN_S:g} real seconds"
            ) from None

    async def finish_not_blocking(self) -> None:
        """Wait for handlers with block=False, which PTB leaves running."""
        if not getattr(self.application, _TASKS, True):
            return
        prefix = f"Application:{self.application.bot.id}{_NOT_BLOCKING}"
        running = [task for task in asyncio.all_tasks() if task.get_name().startswith(prefix)]
        if running:
            await asyncio.wait(running)

    def _record_errors(self, mishaps: Mishaps) -> None:
        """Put an error handler before the bot's own, which may stop those after it."""

        async def record(update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
            if context.error is not None:
                number = update.update_id if isinstance(update, ptb.Update) else ""
                mishaps.report(f"a handler failed on update {number}", context.error)

        self._recorder = record
        own = dict(self.application.error_handlers)
        self.application.error_handlers.clear()
        self.application.add_error_handler(record)
        self.application.error_handlers.update(own)


def _free_of_other_loops(application: AnyApplication) -> None:
    """Give an application that ran in another event loop a new queue: each test has a loop of its own."""
    queue = application.update_queue
    # asyncio has no public way to ask to which loop a queue, or the event in it, has bound itself.
    loops = {getattr(part, "_loop", None) for part in (queue, getattr(queue, "_finished", None))}
    if loops <= {None, asyncio.get_running_loop()}:
        return
    application.update_queue = asyncio.Queue()
    if application.updater is not None:
        application.updater.update_queue = application.update_queue
