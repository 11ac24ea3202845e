"""How updates come to an application of python-telegram-bot: four roads, the same for people and for handlers."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import telegram as ptb
from telegram.ext import ApplicationBuilder

from botflight_harness.asgi import Receive, Scope, Send
from botflight_harness.delivery.courier import ACCEPTED, Outcome
from botflight_harness.delivery.road import CourierRoad, DeliveryRoad
from botflight_harness.ptb.program import AnyApplication, AnyBuilder, run_of
from botflight_harness.ptb.transport import TelegramRequest
from botflight_harness.road import ROADS
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram
from botflight_harness.webhook import SECRET_HEADER, WebhookHarness

SECRET = "the-secret-of-the-road"  # noqa: S105 -- opens nothing anywhere
PATH = "/webhook"


class Way(ABC):
    """One way to run an application: what it calls, and how updates come."""

    #: Whether the application calls the world itself, and not a server by HTTP.
    without_sockets = True

    def __init__(
        self, telegram: Telegram, bot: BotAccount, handle: "Handle", idle: Callable[[], Awaitable[None]]
    ) -> None:
        self._telegram = telegram
        self._bot = bot
        self._handle = handle
        self._idle = idle

    @property
    @abstractmethod
    def road(self) -> DeliveryRoad:
        """How updates travel."""

    @abstractmethod
    def build(self, application: AnyApplication | AnyBuilder) -> AnyApplication:
        """Return an application that calls the simulated Telegram; a builder gets its token and transports."""

    @abstractmethod
    async def open(self, application: AnyApplication) -> None:
        """Make ready what the application calls, before it is initialized."""

    async def start(self, application: AnyApplication) -> None:
        """Let updates come to an application that has started."""
        del application
        self.road.attach()

    async def stop(self, application: AnyApplication) -> None:
        """Let no update come any more, before the application stops."""
        del application
        self.road.detach()

    @abstractmethod
    async def close(self) -> None:
        """Put away what the application called, after it has shut down."""


Handle = Callable[[Update], Awaitable[None]]


class _WithoutSockets(Way):
    """What the application calls is the world itself."""

    def build(self, application: AnyApplication | AnyBuilder) -> AnyApplication:
        """Save a builder the HTTP clients that nobody would use."""
        if isinstance(application, ApplicationBuilder):
            transport = TelegramRequest(self._telegram)
            return application.token(self._bot.token).request(transport).get_updates_request(transport).build()
        return application

    async def open(self, application: AnyApplication) -> None:
        """Ask for the kinds that the bot's program asks for."""
        run = run_of(application)
        if run.allowed_updates is not None:
            self._bot.updates.allowed = frozenset(run.allowed_updates)
        if run.drops_pending:
            self._bot.updates.clear()

    async def close(self) -> None:
        """Do nothing: there is nothing to put away."""


class InProcess(_WithoutSockets):
    """Each update is handed to `process_update`, and was handled when that returns."""

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 -- as Way has them
        super().__init__(*parts)
        self._road = CourierRoad(self._bot, post=self._post, clock=self._telegram.clock)

    @property
    def road(self) -> CourierRoad:
        """How updates travel."""
        return self._road

    async def start(self, application: AnyApplication) -> None:
        """Bring as many updates at once as the application handles."""
        self._road.connections_most = max(1, application.concurrent_updates)
        self._road.attach()

    async def _post(self, update: Update) -> Outcome:
        await self._handle(update)
        return ACCEPTED


class Webhook(_WithoutSockets):
    """Updates are posted to an ASGI app that puts them into PTB's queue, as PTB's own custom webhook example does."""

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 -- as Way has them
        super().__init__(*parts)
        self._application: AnyApplication | None = None
        self._hook = WebhookHarness(
            self._app, self._telegram, secret=SECRET, path=PATH, bot=self._bot, idle=self._idle, lifespan=False
        )

    @property
    def road(self) -> CourierRoad:
        """How updates travel."""
        return self._hook.road

    async def start(self, application: AnyApplication) -> None:
        """Post from now on."""
        self._application = application
        self._hook.attach()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 403
        if (SECRET_HEADER.lower().encode(), SECRET.encode()) in scope["headers"] and self._application is not None:
            body = (await receive())["body"]
            update = ptb.Update.de_json(orjson.loads(body), self._application.bot)
            await self._application.update_queue.put(update)
            status = 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def way(name: str) -> type[Way]:
    """Return the way of this name. Raises ValueError when there is none."""
    match name:
        case "in_process":
            return InProcess
        case "webhook":
            return Webhook
        case "webhook_url":
            from botflight_harness.ptb.sockets import WebhookUrl  # noqa: PLC0415 -- see that module

            return WebhookUrl
        case "polling":
            from botflight_harness.ptb.sockets import Polling  # noqa: PLC0415 -- likewise

            return Polling
        case _:
            raise ValueError(f"there is no road {name}; there are {', '.join(ROADS)}")
