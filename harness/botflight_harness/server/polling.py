"""Long polling: a getUpdates that waits for news, and ends when a newer one comes."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.delivery.courier import ACCEPTED, Outcome
from botflight_harness.server.journal import Journal
from botflight_harness.server.waiting import any_set
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.errors import Refusal
from botflight_harness.telegram.methods.receiving import OTHER_POLLER
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram

#: The longest that the official server waits, however long it was asked to.
WAIT_MOST_S = 50.0

#: How many updates may wait to be delivered again.
REPEATS_MOST = 100

_WEBHOOK_CAME = Refusal(409, "Conflict: terminated by setWebhook request")


@dataclass(slots=True, eq=False)
class _Poll:
    """One getUpdates that waits."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended_by: Refusal | None = None

    def news(self, _: Update) -> None:
        self.woken.set()

    def end(self, reason: Refusal) -> None:
        self.ended_by = reason
        self.woken.set()


@dataclass(slots=True)
class Polls:
    """How one bot polls: at most one getUpdates waits at a time."""

    telegram: Telegram
    bot: BotAccount
    journal: Journal
    #: Whether the bot has ever asked for updates.
    has_polled: bool = False
    #: Set once the bot has asked for updates or for a webhook.
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: _Poll | None = None
    _repeats: deque[tuple[Update, asyncio.Future[Outcome]]] = field(default_factory=lambda: deque(maxlen=REPEATS_MOST))
    #: repeats that the last answer brought: the next getUpdates tells that they were taken
    _repeated: list[asyncio.Future[Outcome]] = field(default_factory=list)

    @property
    def is_waiting(self) -> bool:
        """Whether a getUpdates waits for news right now."""
        return self._waiting is not None

    async def poll(self, parameters: Mapping[str, Any], *, closing: asyncio.Event) -> list[dict[str, Any]]:
        """Return the updates that wait, or the first that come within `timeout` seconds.

        Raises Refusal: what getUpdates itself refuses, and 409 once a newer poll or a webhook has come.
        """
        until_s = time.monotonic() + _wait_s(parameters)
        self.has_polled = True
        self.heard.set()
        self._confirm_repeats()
        with self._only() as poll:
            while True:
                poll.woken.clear()
                updates = self._take(parameters)
                left_s = until_s - time.monotonic()
                if updates or left_s <= 0 or closing.is_set():
                    return updates
                await any_set(poll.woken, closing, within_s=left_s)
                if poll.ended_by is not None:
                    raise poll.ended_by

    def again(self, update: Update) -> asyncio.Future[Outcome]:
        """Put an update into the next answer, even if the bot has confirmed it: as if it had not been heard.

        The future ends when the bot asks for more.
        """
        taken: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._repeats.append((update, taken))
        if self._waiting is not None:
            self._waiting.woken.set()
        return taken

    def webhook_came(self) -> None:
        """End the poll that waits: from now on the bot is posted to."""
        self.heard.set()
        if self._waiting is not None:
            self._waiting.end(_WEBHOOK_CAME)

    def _take(self, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        fresh: list[dict[str, Any]] = self.telegram.call(self.bot.token, "getUpdates", parameters)
        self.journal.settle(self.bot, now_ms=self.telegram.clock.now_ms())
        numbers = {update["update_id"] for update in fresh}
        for update in self.bot.updates:
            if update.update_id in numbers:
                self.journal.tried(self.bot, update, "waiting")
        repeated = list(self._repeats)
        self._repeats.clear()
        for update, taken in repeated:
            self.journal.tried(self.bot, update, "delivered")
            self._repeated.append(taken)
        return [update.as_json() for update, _ in repeated] + fresh

    def _confirm_repeats(self) -> None:
        for taken in self._repeated:
            if not taken.done():
                taken.set_result(ACCEPTED)
        self._repeated.clear()

    @contextlib.contextmanager
    def _only(self) -> Iterator[_Poll]:
        if self._waiting is not None:
            self._waiting.end(OTHER_POLLER)
        poll = self._waiting = _Poll()
        stop = self.bot.updates.listen(poll.news)
        try:
            yield poll
        finally:
            stop()
            if self._waiting is poll:
                self._waiting = None


def _wait_s(parameters: Mapping[str, Any]) -> float:
    try:
        asked = float(str(parameters.get("timeout") or 0))
    except ValueError:
        return 0.0  # getUpdates itself refuses it
    return min(max(asked, 0.0), WAIT_MOST_S)
