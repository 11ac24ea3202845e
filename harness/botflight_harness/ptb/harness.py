"""A python-telegram-bot application on a simulated Telegram, whichever road its updates take."""

import telegram as ptb
from telegram.ext import ApplicationBuilder

from botflight_harness.delivery.harness import Harness
from botflight_harness.delivery.road import DeliveryRoad
from botflight_harness.ptb.oversight import Oversight
from botflight_harness.ptb.program import AnyApplication, AnyBuilder
from botflight_harness.ptb.roads import way
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram


class PTBHarness(Harness):
    """Runs a python-telegram-bot application on a simulated Telegram.

    Give it a built application, or a builder, whose transports and token it then sets.

        async with PTBHarness(build_application()) as harness:
            await harness.process_command("start")
            await harness.user.sees("Welcome")

    The application is initialized and started, `post_init` included. `road` says how updates come to it:

    in_process    handed to `process_update`, as many at once as its `concurrent_updates` allows; no sockets
    webhook       posted to an ASGI app that fills PTB's queue; no sockets
    webhook_url   posted to PTB's own webhook server on loopback; calls go over HTTP, too
    polling       fetched by PTB's own updater; calls go over HTTP, too

    On each, what people do returns when it was handled, and a virtual clock drives the job queue. Errors in
    handlers fail the test, unless it is within `expects_error`.
    """

    def __init__(
        self, application: AnyApplication | AnyBuilder, telegram: Telegram | None = None, *, road: str = "in_process"
    ) -> None:
        world = telegram or Telegram()
        if isinstance(application, ApplicationBuilder):
            super().__init__(world)
        else:
            super().__init__(world, world.placeholder(application.bot.token))
        self._way = way(road)(world, self.bot, self._handle, self._idle)
        self.application: AnyApplication = self._way.build(application)
        self._user: Person | None = None
        self._oversight = self._oversee()

    @property
    def user(self) -> Person:
        """The person who acts when none is named."""
        if self._user is None:
            self._user = self.telegram.user("Alice")
        return self._user

    @property
    def road(self) -> DeliveryRoad:
        """How updates travel to the application."""
        return self._way.road

    async def restart(self, application: AnyApplication | AnyBuilder | None = None) -> None:
        """Stop the bot and start it anew on the same Telegram: another build of it, or the same one.

        What was on its way is broken off. Updates that were not taken come to the new one before this returns.
        """
        await self._stop()
        if application is not None:
            self.application = self._way.build(application)
        await self._start()
        await self.road.drain()

    async def _start(self) -> None:
        try:
            await self._way.open(self.application)
            self._oversight = self._oversee()
            self._oversight.begin(self._mishaps)
            await self.application.initialize()
            if self.application.post_init is not None:
                await self.application.post_init(self.application)
            await self.application.start()
            await self._way.start(self.application)
        except BaseException:
            await self._close()
            raise

    def _oversee(self) -> Oversight:
        return Oversight(self.application, self.telegram, lends_transport=self._way.without_sockets)

    async def _stop(self) -> None:
        await self._way.stop(self.application)
        await self._close()

    async def _close(self) -> None:
        """Stop and shut down as far as it was started, and leave nothing open."""
        self._oversight.leave_clock()
        if self.application.updater is not None and self.application.updater.running:
            await self.application.updater.stop()
        if self.application.running:
            await self.application.stop()
            if self.application.post_stop is not None:
                await self.application.post_stop(self.application)
        await self.application.shutdown()
        if self.application.post_shutdown is not None:
            await self.application.post_shutdown(self.application)
        await self._way.close()
        self._oversight.end()

    async def rest(self) -> None:
        """Wait until the bot has nothing left to do: updates, jobs and handlers that do not block."""
        await self.road.rest()
        await self._oversight.rest()
        await self.road.rest()  # what the jobs have caused

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
        await self._oversight.finish_not_blocking()
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

    async def _handle(self, update: Update) -> None:
        await self.process(self._parse(update))

    async def _idle(self) -> None:
        await self._oversight.idle()
