"""The road over HTTP: a bot in any language, run as a program beside a Bot API server on loopback."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any, cast

from botflight_harness.asgi import ASGIApp
from botflight_harness.delivery.harness import Harness, overseer_of
from botflight_harness.delivery.road import Idle
from botflight_harness.program import App, Endpoint, Process, Program, Running, Task, is_main
from botflight_harness.server.api import application as served
from botflight_harness.server.api import bot_api
from botflight_harness.server.listening import free_port, serving
from botflight_harness.server.patience import PatientRoad
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.world import Telegram

#: How long a program may take until it polls or has a webhook, in real seconds.
READY_WITHIN_S = 30.0
#: What is given to setWebhook when nobody named a secret.
SECRET = "the-secret-of-the-road"  # noqa: S105 -- opens nothing anywhere
_SILENT = f"neither polls nor has a webhook after {READY_WITHIN_S:g} s"

#: The names under which a command finds the endpoint in its environment, unless others are given.
ENVIRONMENT: Mapping[str, str] = {
    "ROAD": "{road}",
    "BOT_TOKEN": "{token}",
    "TELEGRAM_API_URL": "{api_url}",
    "PORT": "{port}",
    "WEBHOOK_URL": "{webhook_url}",
    "WEBHOOK_SECRET": "{secret}",
}


class ServedHarness(Harness):
    """Runs a bot that knows nothing of Python's harness, and serves it a Telegram.

    The program is a command, a coroutine function that takes the Endpoint, or an ASGI app:

        ServedHarness(["node", "bot.js"], telegram, environment={"API_ROOT": "{api_url}", "TOKEN": "{token}"})
        ServedHarness(main, telegram)       # async def main(endpoint): ...
        ServedHarness(app, telegram, secret="s3cret", path="/webhook")

    It is ready when it polls or has set its webhook, as `road` says; for an ASGI app the harness sets it. What a
    command prints goes to the test's standard error. `application` is the python-telegram-bot application inside an
    ASGI app, which runs it. `idle` waits until the bot has nothing left to do, where somebody can tell.
    """

    def __init__(
        self,
        program: "Program | ASGIApp",
        telegram: Telegram | None = None,
        *,
        road: str = "polling",
        environment: Mapping[str, str] = ENVIRONMENT,
        secret: str | None = None,
        path: str = "/webhook",
        application: Any = None,  # noqa: ANN401 -- PTB's, which may not be installed
        bot: BotAccount | None = None,
        idle: Idle | None = None,
    ) -> None:
        world = telegram or Telegram()
        super().__init__(world, bot, application=application)
        self._program = program
        self._way = road
        self._environment = environment
        self._secret = secret
        self._path = path
        self._api = bot_api(world)
        self._road = PatientRoad(self._api.roads, self.bot, idle=idle or self._idle_of_application)
        self._stack = AsyncExitStack()
        self._running: Running | None = None
        self._watching: asyncio.Task[None] | None = None
        self._api_url = ""

    @property
    def road(self) -> PatientRoad:
        """How updates travel to the program."""
        return self._road

    async def restart(self, program: "Program | ASGIApp | None" = None, *, application: Any = None) -> None:  # noqa: ANN401
        """Stop the program and start it, or another, on the same Telegram.

        Updates that were not taken come to the new one before this returns.
        """
        await self._end()
        if program is not None:
            self._program = program
            self._overseer = overseer_of(application, self.telegram)
        await self._begin()
        await self._road.drain()

    async def _start(self) -> None:
        try:
            await self._open()
        except BaseException:
            await self._stop()
            raise

    async def _open(self) -> None:
        address = await self._stack.enter_async_context(serving(served(self._api)))
        self._api_url = address.url
        self._road.attach()
        await self._begin()

    async def _stop(self) -> None:
        await self._end()
        self._road.detach()
        await self._stack.aclose()

    async def _begin(self) -> None:
        port = free_port()
        webhook_url = f"http://127.0.0.1:{port}{self._path}"
        endpoint = Endpoint(self._way, self.bot.token, self._api_url, port, webhook_url, self._secret or SECRET)
        self._api.roads.forget(self.bot)
        if self._overseer is not None:
            self._overseer.begin(self._mishaps)
        self._running = await self._run(endpoint)
        self._watching = asyncio.create_task(self._watch(self._running))
        if isinstance(self._running, App):
            await self._post_to(webhook_url)
            return
        await self._is_ready(self._running)

    async def _post_to(self, webhook_url: str) -> None:
        """Set the webhook of an app to where it is served; its own secret holds, if it has set one itself."""
        own = "" if self.bot.webhook is None else self.bot.webhook.secret_token
        terms = {"url": webhook_url, "secret_token": self._secret or own or SECRET}
        self.telegram.call(self.bot.token, "setWebhook", terms)
        await self._api.roads.follow(self.bot)

    async def _run(self, endpoint: Endpoint) -> Running:
        program = self._program
        if isinstance(program, Sequence):
            told = {name: text.format(**asdict(endpoint)) for name, text in self._environment.items()}
            return await Process.start(program, told)
        if is_main(program):
            return Task(program(endpoint))
        return await App.start(cast("ASGIApp", program), endpoint.port)

    async def _idle_of_application(self) -> None:
        if self._overseer is not None:
            await self._overseer.idle()

    async def _watch(self, running: Running) -> None:
        self._road.gone("")
        self._road.gone(f"because it {await running.ended()}")

    async def _is_ready(self, running: Running) -> None:
        heard = asyncio.ensure_future(self._api.roads.heard(self.bot))
        ended = asyncio.ensure_future(running.ended())
        try:
            await asyncio.wait([heard, ended], timeout=READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            if heard.done() and self._goes_by() == self._way:
                return
            how = self._goes_wrong() if heard.done() else ended.result() if ended.done() else _SILENT
        finally:
            heard.cancel()
            ended.cancel()
        await self._end(expected=True)
        raise AssertionError(f"the bot did not start: it {how}\n{running.last_words()}")

    def _goes_by(self) -> str:
        return "polling" if self.bot.webhook is None else "webhook_url"

    def _goes_wrong(self) -> str:
        return f"goes the road {self._goes_by()}, and is told by the endpoint's `road` to go {self._way}"

    async def _end(self, *, expected: bool = False) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        if self._watching is not None:
            self._watching.cancel()
        if self._overseer is not None:
            self._overseer.leave_clock()
        error = await running.stop()
        if self._overseer is not None:
            self._overseer.end()
        if error is not None and not expected:
            self._mishaps.report("the bot ended by itself", error)
