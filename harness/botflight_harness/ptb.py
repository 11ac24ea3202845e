"""The road to a python-telegram-bot application in the same process, in both directions, without sockets."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

import orjson
import telegram as ptb
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.ext import Application, ApplicationBuilder, CallbackContext
from telegram.request import BaseRequest, RequestData

from botflight_harness.clock import VirtualClock
from botflight_harness.delivery.courier import ACCEPTED, Courier, Outcome
from botflight_harness.jobs import JobSchedule
from botflight_harness.mishaps import Mishaps
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.errors import GARBAGE, AnswerLost, ImpossibleAct, NotModelled, Refusal
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram

AnyApplication = Application[Any, Any, Any, Any, Any, Any]
AnyBuilder = ApplicationBuilder[Any, Any, Any, Any, Any, Any]

#: Where PTB keeps the tasks that it has begun; asking asyncio for all tasks would cost every update.
_TASKS = "_Application__create_task_tasks"
_NOT_BLOCKING = ":process_update_non_blocking:"


class TelegramRequest(BaseRequest):
    """A transport of python-telegram-bot that calls the simulated Telegram.

        builder.request(TelegramRequest(telegram)).get_updates_request(TelegramRequest(telegram))

    Set both, or PTB makes an HTTP client for the other. What goes wrong inside is recorded and fails the test,
    because PTB turns it into a NetworkError, which a bot may swallow.
    """

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._mishaps = Mishaps(telegram)

    @property
    def read_timeout(self) -> float | None:
        """How long PTB would wait for an answer, in seconds."""
        return 5.0

    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    async def shutdown(self) -> None:
        """Do nothing: there is nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,  # noqa: ANN401 -- PTB's signature
        write_timeout: Any = None,  # noqa: ANN401
        connect_timeout: Any = None,  # noqa: ANN401
        pool_timeout: Any = None,  # noqa: ANN401
    ) -> tuple[int, bytes]:
        """Answer as the Bot API would: a status and a body."""
        del method, read_timeout, write_timeout, connect_timeout, pool_timeout
        is_file = "/file/bot" in url
        token, _, name = url.partition("/bot")[2].partition("/")
        if is_file:
            return self._file(name)
        raw = {} if request_data is None else request_data.parameters
        try:
            result = await self._call(token, name, raw, _uploads(request_data))
        except Refusal as refusal:
            return refusal.error_code, orjson.dumps(refusal.as_json())
        except AnswerLost as lost:
            if lost.how == "garbage":
                return 200, GARBAGE
            raise TimedOut(str(lost)) if lost.how == "timeout" else NetworkError(str(lost)) from lost
        except NotModelled:
            raise
        except Exception as error:
            self._mishaps.report(f"inside {name}", error)
            raise
        return 200, orjson.dumps({"ok": True, "result": result})

    async def _call(self, token: str, name: str, raw: dict[str, Any], files: dict[str, Upload]) -> Any:  # noqa: ANN401
        result = self._telegram.call(token, name, raw, files)
        wait_s = raw.get("timeout", 0)
        if name == "getUpdates" and not result and wait_s:
            await _something_new(self._telegram.bots[token], wait_s)
            result = self._telegram.call(token, name, raw, files)
        return result

    def _file(self, path: str) -> tuple[int, bytes]:
        stored = self._telegram.files.at(path)
        if stored is None:
            return 404, orjson.dumps(Refusal(404, "Not Found").as_json())
        return 200, stored.data

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:  # noqa: ANN401 -- JSON
        """Read an answer. Raises TelegramError when a fault has made garbage of it."""
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError as garbage:
            raise TelegramError("Invalid server response") from garbage


async def _something_new(bot: BotAccount, wait_s: float) -> None:
    came = asyncio.Event()
    unlisten = bot.updates.listen(lambda _: came.set())
    try:
        async with asyncio.timeout(wait_s):
            await came.wait()
    except TimeoutError:
        pass
    finally:
        unlisten()


def _uploads(request_data: RequestData | None) -> dict[str, Upload]:
    if request_data is None or not request_data.contains_files:
        return {}
    parts = request_data.multipart_data or {}
    return {
        name: Upload(file_name or "file", data if isinstance(data, bytes) else data.read(), mime_type)
        for name, (file_name, data, mime_type) in parts.items()
    }


def application_of(main: Callable[[], object]) -> AnyApplication:
    """Run a bot's `main` as far as its `run_polling` or `run_webhook`, and return the application that it would run.

        async with PTBHarness(application_of(my_bot.main), telegram):

    Raises LookupError when `main` returns without running one.
    """
    built: list[AnyApplication] = []

    def note(application: AnyApplication, *_: object, **__: object) -> None:
        built.append(application)

    with patch.object(Application, "run_polling", note), patch.object(Application, "run_webhook", note):
        main()
    if not built:
        raise LookupError(f"{main.__qualname__} ran no application")
    return built[-1]


class PTBHarness:
    """Runs a python-telegram-bot application on a simulated Telegram.

    Give it a built application, or a builder, whose transports and token it then sets.

        async with PTBHarness(build_application()) as harness:
            await harness.process_command("start")
            await harness.user.sees("Welcome")

    The application is initialized and started, `post_init` included, but it does not poll: what people do is
    handed to `process_update`, as many at once as its `concurrent_updates` allows. Errors in its handlers fail
    the test, unless it is within `expects_error`.
    """

    def __init__(self, application: AnyApplication | AnyBuilder, telegram: Telegram | None = None) -> None:
        self.telegram = telegram or Telegram()
        if isinstance(application, ApplicationBuilder):
            self.bot = self.telegram.sole_bot()
        else:
            self.bot = self.telegram.placeholder(application.bot.token)
        self.application: AnyApplication = self._move_in(application)
        self._mishaps = Mishaps(self.telegram)
        self._user: Person | None = None
        self._courier: Courier | None = None
        self._jobs: JobSchedule | None = None
        self._recorder: Any = None
        self._leave_clock: list[Callable[[], None]] = []

    @property
    def user(self) -> Person:
        """The person who acts when none is named."""
        if self._user is None:
            self._user = self.telegram.user("Alice")
        return self._user

    def _move_in(self, application: AnyApplication | AnyBuilder) -> AnyApplication:
        transport = TelegramRequest(self.telegram)
        if isinstance(application, ApplicationBuilder):
            application.token(self.bot.token).request(transport).get_updates_request(transport)
            return application.build()
        # PTB has no public way to change the transport of an application that is built already.
        application.bot._request = (transport, transport)  # noqa: SLF001
        return application

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def restart(self, application: AnyApplication | AnyBuilder | None = None) -> None:
        """Stop the bot and start it anew on the same Telegram: another build of it, or the same one.

        What was on its way is broken off. Updates that were not taken come to the new one before this returns.
        """
        await self._stop()
        if application is not None:
            self.application = self._move_in(application)
        await self._start()
        await self.courier.drain()

    async def _start(self) -> None:
        self._record_errors()
        await self.application.initialize()
        if self.application.post_init is not None:
            await self.application.post_init(self.application)
        self._join_clock()
        await self.application.start()
        self._courier = Courier(
            self.bot,
            post=self._post,
            clock=self.telegram.clock,
            connections_most=max(1, self.application.concurrent_updates),
        )
        self.bot.road = self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        if kind is None:
            self.telegram.check()

    async def _stop(self) -> None:
        self.bot.road = None
        self.courier.close()
        self._courier = None
        for leave in self._leave_clock:
            leave()
        self._leave_clock.clear()
        await self.application.stop()
        if self.application.post_stop is not None:
            await self.application.post_stop(self.application)
        await self.application.shutdown()
        if self.application.post_shutdown is not None:
            await self.application.post_shutdown(self.application)
        self.application.error_handlers.pop(self._recorder, None)

    @property
    def courier(self) -> Courier:
        """Who brings the updates. Raises RuntimeError outside of `async with`."""
        if self._courier is None:
            raise RuntimeError("the application is not started: use `async with`")
        return self._courier

    async def rest(self) -> None:
        """Wait until the bot has nothing left to do: updates, jobs and handlers that do not block."""
        await self.courier.rest()
        if self._jobs is not None:
            await self._jobs.rest()
        await self._finish_not_blocking()
        await self.courier.rest()  # what the jobs have caused

    def _join_clock(self) -> None:
        """Let a virtual clock drive the job queue, and wait for the bot after each of its steps."""
        clock = self.telegram.clock
        if not isinstance(clock, VirtualClock):
            return
        self._leave_clock.append(clock.wait_for(self.rest))
        # The public property warns when there is none.
        job_queue = self.application._job_queue  # noqa: SLF001
        if job_queue is not None:
            self._jobs = JobSchedule(job_queue, clock)
            self._leave_clock += [clock.drive(self._jobs), self._jobs.close]

    # The road of people

    async def carry(self, updates: Sequence[Update]) -> None:
        """Bring everything that waits until `updates` were handled."""
        await self.courier.carry(updates)

    async def together(self, updates: Iterable[Update]) -> None:
        """Bring `updates` at the same moment, as far as `concurrent_updates` allows."""
        await self.courier.together(updates)

    # Updates by hand

    async def process_message(
        self, text: str, *, user: Person | None = None, update_id: int | None = None
    ) -> ptb.Update:
        """Write a text, and handle it."""
        return await self.process(self.create_message_update(text, user=user, update_id=update_id))

    async def process_command(
        self, command: str, *arguments: str, user: Person | None = None, update_id: int | None = None
    ) -> ptb.Update:
        """Write a command, with or without its slash, and handle it."""
        return await self.process(self.create_command_update(command, *arguments, user=user, update_id=update_id))

    async def process_callback(
        self,
        data: str,
        *,
        message: Message | Seen | int | None = None,
        user: Person | None = None,
        update_id: int | None = None,
    ) -> ptb.Update:
        """Tap a button with this callback data, and handle it."""
        return await self.process(self.create_callback_update(data, message=message, user=user, update_id=update_id))

    async def process(self, update: ptb.Update) -> ptb.Update:
        """Handle an update, however often it was handled before, and return it."""
        await self.application.process_update(update)
        await self._finish_not_blocking()
        return update

    def create_message_update(
        self, text: str, *, user: Person | None = None, update_id: int | None = None
    ) -> ptb.Update:
        """Write a text, and return the update without handling it."""
        return self._take((user or self.user).send_text(text, where=self.bot, update_id=update_id))

    def create_command_update(
        self, command: str, *arguments: str, user: Person | None = None, update_id: int | None = None
    ) -> ptb.Update:
        """Write a command, and return the update without handling it."""
        text = " ".join([f"/{command.removeprefix('/')}", *arguments])
        return self.create_message_update(text, user=user, update_id=update_id)

    def create_callback_update(
        self,
        data: str,
        *,
        message: Message | Seen | int | None = None,
        user: Person | None = None,
        update_id: int | None = None,
    ) -> ptb.Update:
        """Tap a button, and return the update without handling it.

        The button is looked for on `message`, or on the newest that has it. When no message has it, the tap comes
        from the bot's newest message, as from a client that still shows an old screen.
        """
        person = user or self.user
        try:
            act = person.tap(data, on=message, where=self.bot, update_id=update_id)
        except ImpossibleAct:
            act = person.tap_data(self._newest(person), data, update_id=update_id)
        return self._take(act)

    def expects_error(
        self, kind: type[BaseException] = Exception, *, match: str = ""
    ) -> AbstractContextManager[list[BaseException]]:
        """Expect a handler to raise; otherwise an error in a handler fails the test."""
        return self._mishaps.expects(kind, match=match)

    def _newest(self, person: Person) -> Message:
        chat = person.chat_in(self.bot)
        for message in chat.newest_first():
            if message.sender is self.bot:
                return message
        return self.telegram.post(chat, self.bot, {"text": "(a message with buttons)"})

    def _take(self, act: Act) -> ptb.Update:
        self.bot.updates.done(act.update)
        return self._parse(act.update)

    def _parse(self, update: Update) -> ptb.Update:
        parsed = ptb.Update.de_json(update.as_json(), self.application.bot)
        if parsed is None:
            raise ValueError(f"python-telegram-bot makes nothing of update {update.update_id}")
        return parsed

    async def _post(self, update: Update) -> Outcome:
        await self.process(self._parse(update))
        return ACCEPTED

    async def _finish_not_blocking(self) -> None:
        """Wait for handlers with block=False, which PTB leaves running."""
        if not getattr(self.application, _TASKS, True):
            return
        prefix = f"Application:{self.application.bot.id}{_NOT_BLOCKING}"
        running = [task for task in asyncio.all_tasks() if task.get_name().startswith(prefix)]
        if running:
            await asyncio.wait(running)

    def _record_errors(self) -> None:
        """Put an error handler before the bot's own, which may stop those after it."""

        async def record(update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
            if context.error is not None:
                number = update.update_id if isinstance(update, ptb.Update) else ""
                self._mishaps.report(f"a handler failed on update {number}", context.error)

        self._recorder = record
        own = dict(self.application.error_handlers)
        self.application.error_handlers.clear()
        self.application.add_error_handler(record)
        self.application.error_handlers.update(own)
