"""Delivery by webhook to a real address: updates are posted as they come, and answers are read."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
import orjson

from botflight_harness.delivery import Courier, Outcome, Undelivered
from botflight_harness.server.journal import Journal
from botflight_harness.server.waiting import any_set
from botflight_harness.telegram.accounts import BotAccount, Webhook
from botflight_harness.telegram.errors import AnswerLost, NotModelled, Refusal
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram

#: How long a bot may take to answer.
ANSWER_WITHIN_S = 60.0
#: The most of an answer that is read: a method in it is run.
ANSWER_LIMIT_BYTES = 256 * 1024
#: How often updates that the courier has given up are taken up again.
TAKEN_UP_AGAIN_S = 60.0

T = TypeVar("T")

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name


@dataclass(slots=True)
class Posts:
    """The posts to one bot's webhook, from the moment that `start` is called until `close`."""

    telegram: Telegram
    bot: BotAccount
    webhook: Webhook
    journal: Journal
    session: aiohttp.ClientSession
    _courier: Courier = field(init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _unlisten: Callable[[], None] = field(init=False)

    def __post_init__(self) -> None:
        self._courier = Courier(
            self.bot, post=self._post, clock=self.telegram.clock, connections_most=self.webhook.max_connections
        )
        self._unlisten = self.bot.updates.listen(lambda _: self._news.set())

    def start(self) -> None:
        """Post what waits, and what comes."""
        self._news.set()
        self._do(self._pump())

    async def close(self) -> None:
        """Stop posting. What waits stays in the bot's queue."""
        self._unlisten()
        self._courier.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def again(self, update: Update) -> asyncio.Task[Outcome]:
        """Post an update once more, whatever came of it before, and return what comes of it now."""
        return self._do(self._again(update))

    async def reorder(self, updates: Sequence[Update]) -> None:
        """Post updates that wait one after the other, whatever their lanes. What is not taken waits again."""
        for update in self._withdraw(updates):
            await self._aside(update)

    async def rest(self) -> None:
        """Wait until nothing is on its way but what pauses between two tries."""
        await self._courier.rest()

    def together(self, updates: Sequence[Update]) -> list[asyncio.Task[None]]:
        """Post updates that wait at the same moment, whatever their lanes. What is not taken waits again."""
        return [self._do(self._aside(update)) for update in self._withdraw(updates)]

    def lose_acknowledgement(self, *, times: int) -> None:
        """Lose the next acknowledgements: the same updates come again."""
        self._courier.lose_acknowledgement(times=times)

    async def _again(self, update: Update) -> Outcome:
        (outcome,) = await self._courier.repeat(update)
        return outcome

    def _withdraw(self, updates: Sequence[Update]) -> list[Update]:
        chosen = [update for update in updates if update in self.bot.updates]
        for update in chosen:
            self.bot.updates.done(update)  # so that its lane passes it over
        return chosen

    async def _aside(self, update: Update) -> None:
        accepted = False
        try:
            accepted = (await self._post(update)).accepted
        finally:
            if not accepted:
                self.telegram.update(
                    self.bot, update.kind, update.payload, lane=update.lane, update_id=update.update_id
                )

    async def _pump(self) -> None:
        while True:
            if await any_set(self._news, within_s=TAKEN_UP_AGAIN_S):
                self._news.clear()
                await self._courier.carry(())
            else:
                self._do(self._drain())
            self.journal.settle(self.bot, now_ms=self.telegram.clock.now_ms())

    async def _drain(self) -> None:
        with contextlib.suppress(Undelivered):
            await self._courier.drain()

    def _do(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _post(self, update: Update) -> Outcome:
        headers = {"Content-Type": "application/json"}
        if self.webhook.secret_token:
            headers[SECRET_HEADER] = self.webhook.secret_token
        body = orjson.dumps(update.as_json())
        try:
            async with self.session.post(
                self.webhook.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                outcome, answer = await _read(response)
        except (TimeoutError, aiohttp.ClientError) as broken:
            outcome, answer = Outcome(accepted=False, answer=_reason(broken)), b""
        self.journal.tried(self.bot, update, "delivered" if outcome.accepted else "retrying")
        if outcome.accepted:
            self._run_method(answer)
        return outcome

    def _run_method(self, answer: bytes) -> None:
        """Run the method that an answer may carry. Its result is lost, as Telegram loses it."""
        try:
            parameters = orjson.loads(answer)
        except orjson.JSONDecodeError:
            return
        if isinstance(parameters, dict) and isinstance(method := parameters.pop("method", None), str):
            with contextlib.suppress(Refusal, AnswerLost, NotModelled):
                self.telegram.call(self.bot.token, method, parameters)


async def _read(response: aiohttp.ClientResponse) -> tuple[Outcome, bytes]:
    answer = await response.content.read(ANSWER_LIMIT_BYTES)
    if 200 <= response.status < 300:  # noqa: PLR2004 - any 2xx is an acknowledgement
        return Outcome(accepted=True), answer
    asked = response.headers.get("Retry-After", "")
    said = f"Wrong response from the webhook: {response.status} {response.reason}"
    return Outcome(accepted=False, answer=said, retry_after_s=int(asked) if asked.isdecimal() else None), b""


def _reason(broken: Exception) -> str:
    match broken:
        case TimeoutError():
            return "Read timeout expired"
        case aiohttp.ClientConnectorError():
            return "Connection refused"
        case _:
            return "Connection reset by peer"
