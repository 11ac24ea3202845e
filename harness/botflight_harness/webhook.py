"""The webhook road: updates are posted straight into an ASGI app, without sockets."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

import orjson

from botflight_harness import asgi
from botflight_harness.clock import VirtualClock
from botflight_harness.delivery.courier import CONNECTIONS_DEFAULT, Courier, Outcome
from botflight_harness.mishaps import Mishaps
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 -- a header's name
_ACKNOWLEDGED = range(200, 300)


async def _never_busy() -> None:
    """Stand in for a service that does all its work before it answers."""


class WebhookHarness:
    """Telegram's side of a webhook.

    `secret` goes into the header of every post. `idle` waits until the service has nothing left to do: with it,
    what people do returns when it was handled, and not only acknowledged. `bot` may be left out when the world
    has one.

        async with WebhookHarness(app, telegram, secret="s3cret") as harness:
            await alice.sends("/start")
            await alice.sees("Welcome")
    """

    def __init__(
        self,
        app: asgi.ASGIApp,
        telegram: Telegram,
        *,
        secret: str,
        path: str = "/webhook",
        bot: BotAccount | None = None,
        idle: Callable[[], Awaitable[None]] | None = None,
        connections_most: int = CONNECTIONS_DEFAULT,
        lifespan: bool = True,
    ) -> None:
        self.app = app
        self.telegram = telegram
        self.bot = bot or telegram.sole_bot()
        self._secret = secret
        self._path = path
        self._idle = idle or _never_busy
        self._connections_most = connections_most
        self._lifespan = asgi.Lifespan(app) if lifespan else None
        self._mishaps = Mishaps(telegram)
        self._courier: Courier | None = None
        self._leave_clock: Callable[[], None] | None = None

    async def __aenter__(self) -> Self:
        self.attach()
        if self._lifespan is not None:
            await self._lifespan.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._lifespan is not None:
                await self._lifespan.stop()
        finally:
            self.detach()
        if kind is None:
            self.telegram.check()

    @property
    def courier(self) -> Courier:
        """Who brings the updates. Raises RuntimeError outside of `async with`."""
        if self._courier is None:
            raise RuntimeError("the webhook is not attached: use `async with`")
        return self._courier

    def attach(self) -> None:
        """Become the road of the bot."""
        self._courier = Courier(
            self.bot, post=self._post, clock=self.telegram.clock, connections_most=self._connections_most
        )
        self.bot.road = self
        if isinstance(self.telegram.clock, VirtualClock):
            self._leave_clock = self.telegram.clock.wait_for(self._rest)

    def detach(self) -> None:
        """Bring nothing any more; what the bot did not take stays in its queue."""
        self.courier.close()
        self._courier = None
        self.bot.road = None
        if self._leave_clock is not None:
            self._leave_clock()
            self._leave_clock = None

    async def restart(self, app: asgi.ASGIApp, *, idle: Callable[[], Awaitable[None]] | None = None) -> None:
        """Stop the service and start another on the same Telegram, such as a new build of it on the same store.

        Updates that were not taken come to the new one before this returns.
        """
        self.detach()
        if self._lifespan is not None:
            await self._lifespan.stop()
            self._lifespan = asgi.Lifespan(app)
        self.app, self._idle = app, idle or _never_busy
        self.attach()
        if self._lifespan is not None:
            await self._lifespan.start()
        await self.courier.drain()
        await self.idle()

    # The road of people

    async def carry(self, updates: Sequence[Update]) -> None:
        """Bring everything that waits until `updates` were handled."""
        await self.courier.carry(updates)
        await self.idle()

    async def together(self, updates: Iterable[Update]) -> None:
        """Post `updates` at the same moment, and wait until they were handled."""
        await self.courier.together(updates)
        await self.idle()

    async def _rest(self) -> None:
        await self.courier.rest()
        await self.idle()

    async def idle(self) -> None:
        """Wait until the service has nothing left to do."""
        await self._idle()

    # What may happen on the way

    async def repeat(self, update: Update, *, times: int = 1) -> list[Outcome]:
        """Post an update again, whether the bot took it before or not."""
        outcomes = await self.courier.repeat(update, times=times)
        await self.idle()
        return outcomes

    async def reorder(self, updates: Iterable[Update]) -> None:
        """Post `updates` one after the other in this order, whatever their ids."""
        await self.courier.reorder(updates)
        await self.idle()

    def lose_acknowledgement(self, *, times: int = 1) -> None:
        """Lose the next acknowledgements: the same updates come again."""
        self.courier.lose_acknowledgement(times=times)

    def expects_error(
        self, kind: type[BaseException] = Exception, *, match: str = ""
    ) -> AbstractContextManager[list[BaseException]]:
        """Expect the app to raise; otherwise an error that it raises fails the test."""
        return self._mishaps.expects(kind, match=match)

    # Plain requests

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> asgi.Response:
        """Send any request to the app, such as GET /livez."""
        state = self._lifespan.state if self._lifespan is not None else None
        return await asgi.request(self.app, method, path, headers=headers, body=body, state=state)

    async def _post(self, update: Update) -> Outcome:
        headers = {"Content-Type": "application/json", SECRET_HEADER: self._secret}
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


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None
