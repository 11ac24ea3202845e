"""The two roads that go over sockets of this machine: PTB's own webhook server and PTB's own polling.

Apart from the others, so that tests in process need not wait for a server to be imported.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from telegram.error import TelegramError
from telegram.ext import ApplicationBuilder, ExtBot, Updater

from botflight_harness.ptb.program import AnyApplication, AnyBuilder, run_of
from botflight_harness.ptb.roads import PATH, SECRET, Way
from botflight_harness.server.api import application as served
from botflight_harness.server.api import bot_api
from botflight_harness.server.listening import free_port, serving
from botflight_harness.server.patience import PatientRoad

#: PTB's updater asks for the first updates within this many real seconds.
HEARD_WITHIN_S = 10.0
#: What PTB's own receivers take of the arguments of run_polling and run_webhook.
_OF_POLLING = ("allowed_updates", "drop_pending_updates", "poll_interval", "timeout")
_OF_WEBHOOK = ("allowed_updates", "drop_pending_updates", "max_connections", "secret_token")


class _OverSockets(Way):
    """The application calls a Bot API server on loopback by its own HTTP client."""

    without_sockets = False

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 -- as Way has them
        super().__init__(*parts)
        self._api = bot_api(self._telegram)
        self._road = PatientRoad(self._api.roads, self._bot, idle=self._idle)
        self._stack = AsyncExitStack()

    @property
    def road(self) -> PatientRoad:
        """How updates travel."""
        return self._road

    def build(self, application: AnyApplication | AnyBuilder) -> AnyApplication:
        """Leave the transport as it is: the address is set once the server listens."""
        if isinstance(application, ApplicationBuilder):
            return application.token(self._bot.token).build()
        return application

    async def open(self, application: AnyApplication) -> None:
        """Serve the Bot API, and set the address that the application calls."""
        address = await self._stack.enter_async_context(serving(served(self._api)))
        bot = application.bot
        self._stack.callback(_set_address, bot, bot.base_url, bot.base_file_url)
        _set_address(bot, f"{address.url}/bot{bot.token}", f"{address.url}/file/bot{bot.token}")

    async def stop(self, application: AnyApplication) -> None:
        """Wait for it no longer, and end its polling or listening."""
        self._road.detach()
        await _updater(application).stop()

    async def close(self) -> None:
        """Serve the Bot API no longer."""
        await self._stack.aclose()


class WebhookUrl(_OverSockets):
    """PTB's own webhook server listens on loopback, and is posted to."""

    async def start(self, application: AnyApplication) -> None:
        """Listen on a free port, and tell Telegram."""
        port = free_port()
        options = {"secret_token": SECRET, **run_of(application).of(*_OF_WEBHOOK)}
        try:
            await _updater(application).start_webhook(
                listen="127.0.0.1", port=port, url_path=PATH, webhook_url=f"http://127.0.0.1:{port}{PATH}", **options
            )
        except RuntimeError as lacking:
            raise RuntimeError(
                'the road webhook_url needs PTB\'s own server: pip install "python-telegram-bot[webhooks]", '
                'or name the other roads: @pytest.mark.roads("in_process", "webhook", "polling")'
            ) from lacking
        self._road.attach()


class Polling(_OverSockets):
    """PTB's own updater polls."""

    async def start(self, application: AnyApplication) -> None:
        """Poll, as run_polling does."""

        def failed(error: TelegramError) -> None:
            application.create_task(application.process_error(error=error, update=None))

        options = run_of(application).of(*_OF_POLLING)
        await _updater(application).start_polling(error_callback=failed, **options)
        async with asyncio.timeout(HEARD_WITHIN_S):
            await self._api.roads.heard(self._bot)  # until then people would not wait for it
        self._road.attach()


def _set_address(bot: ExtBot[Any], base_url: str, base_file_url: str) -> None:
    # Public only while a bot is being built.
    bot._base_url, bot._base_file_url = base_url, base_file_url  # noqa: SLF001


def _updater(application: AnyApplication) -> Updater:
    if application.updater is None:
        raise RuntimeError(
            "this application has no updater (it was built with updater(None)): it neither polls nor listens"
        )
    return application.updater
