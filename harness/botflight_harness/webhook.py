"""The webhook road: updates are posted straight into an ASGI app, without sockets."""

from collections.abc import Mapping
from typing import Any

import orjson

from botflight_harness import asgi
from botflight_harness.delivery.courier import CONNECTIONS_DEFAULT, Courier, Outcome
from botflight_harness.delivery.harness import Harness, overseer_of
from botflight_harness.delivery.road import CourierRoad, Idle
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 -- a header's name
_ACKNOWLEDGED = range(200, 300)


class WebhookHarness(Harness):
    """Telegram's side of a webhook.

        async with WebhookHarness(app, telegram, secret="s3cret") as harness:
            await alice.sends("/start")
            await alice.sees("Welcome")

    `secret` goes into the header of every post; without it, what the app itself gave to setWebhook. `application` is
    the python-telegram-bot application inside the app, which runs it: it calls the simulated Telegram then, and what
    people do returns when it was handled. Without one `idle` may wait until the service has nothing left to do.
    `bot` may be left out when the world has one.
    """

    def __init__(
        self,
        app: asgi.ASGIApp,
        telegram: Telegram,
        *,
        secret: str | None = None,
        path: str = "/webhook",
        application: Any = None,  # noqa: ANN401 -- PTB's, which may not be installed
        bot: BotAccount | None = None,
        idle: Idle | None = None,
        connections_most: int = CONNECTIONS_DEFAULT,
        lifespan: bool = True,
    ) -> None:
        super().__init__(telegram, bot, application=application)
        self.app = app
        self._secret = secret
        self._path = path
        self._lifespan = asgi.Lifespan(app) if lifespan else None
        self._road = CourierRoad(
            self.bot,
            post=self._post,
            clock=telegram.clock,
            idle=idle or self._idle_of_application,
            connections_most=connections_most,
        )

    async def _start(self) -> None:
        self.attach()
        if self._overseer is not None:
            self._overseer.begin(self._mishaps)
        if self._lifespan is not None:
            await self._lifespan.start()

    async def _stop(self) -> None:
        try:
            await self._end_app()
        finally:
            self.detach()

    async def _end_app(self) -> None:
        if self._overseer is not None:
            self._overseer.leave_clock()
        try:
            if self._lifespan is not None:
                await self._lifespan.stop()
        finally:
            if self._overseer is not None:
                self._overseer.end()

    async def _idle_of_application(self) -> None:
        if self._overseer is not None:
            await self._overseer.idle()

    @property
    def road(self) -> CourierRoad:
        """How updates travel to the app."""
        return self._road

    @property
    def courier(self) -> Courier:
        """Who brings the updates. Raises RuntimeError outside of `async with`."""
        return self._road.courier

    def attach(self) -> None:
        """Become the road of the bot."""
        self._road.attach()

    def detach(self) -> None:
        """Bring nothing any more; what the bot did not take stays in its queue."""
        self._road.detach()

    async def restart(
        self,
        app: asgi.ASGIApp,
        *,
        application: Any = None,  # noqa: ANN401 -- PTB's
        idle: Idle | None = None,
    ) -> None:
        """Stop the service and start another on the same Telegram, such as a new build of it on the same store.

        Updates that were not taken come to the new one before this returns.
        """
        self.detach()
        await self._end_app()
        self.app, self._overseer = app, overseer_of(application, self.telegram)
        self._road.idle = idle or self._idle_of_application
        if self._lifespan is not None:
            self._lifespan = asgi.Lifespan(app)
        await self._start()
        await self._road.drain()

    async def idle(self) -> None:
        """Wait until the service has nothing left to do."""
        await self._road.idle()

    # Plain requests

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> asgi.Response:
        """Send any request to the app, such as GET /livez."""
        state = self._lifespan.state if self._lifespan is not None else None
        return await asgi.request(self.app, method, path, headers=headers, body=body, state=state)

    async def _post(self, update: Update) -> Outcome:
        headers = {"Content-Type": "application/json", **self._secrets()}
        body = orjson.dumps(update.as_json())
        try:
            response = await self.request("POST", self._path, headers=headers, body=body)
        except Exception as error:  # noqa: BLE001 -- a server would answer 500 whatever the app raised
            self._mishaps.report(f"POST {self._path} with update {update.update_id}", error)
            return Outcome(accepted=False, answer="500 Internal Server Error")
        return Outcome(
            accepted=response.status in _ACKNOWLEDGED,
            answer=f"Wrong response from the webhook: {response.status}",
            retry_after_s=_seconds(response.headers.get("retry-after")),
        )

    def _secrets(self) -> dict[str, str]:
        secret = self._secret
        if secret is None and self.bot.webhook is not None:
            secret = self.bot.webhook.secret_token
        return {SECRET_HEADER: secret} if secret else {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None
