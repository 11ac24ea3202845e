"""Taps and their answers: each is answered once, by what came of it, or without a word once that takes too long."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import orjson
from telegram.error import TelegramError

from botflight_diagnostics.telemetry import Correlation, Telemetry, bind, mask
from botflight_service.bot.calls import Calls
from botflight_service.updates.envelope import Envelope

#: A tap is answered by then, however slow the store is: the button stops spinning.
ANSWER_WITHIN_S = 0.7
#: Telegram shows at most this much over the chat.
MAX_TOAST_CHARACTERS = 200
#: Taps that are waited for; the oldest of more are answered by what comes of them alone.
MAX_EXPECTED = 20_000
KIND = "callback_query"


class Taps:
    """The taps that are on their way, from the door to their answer."""

    def __init__(self, *, calls: Calls, telemetry: Telemetry, clock_ms: Callable[[], int]) -> None:
        self._calls = calls
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("bot")
        self._clock_ms = clock_ms
        #: By update_id; None once the tap was answered for taking too long.
        self._expected: OrderedDict[int, asyncio.TimerHandle | None] = OrderedDict()
        self._answers: set[asyncio.Task[None]] = set()

    def expect(self, envelope: Envelope) -> bool:
        """Begin to wait for the answer to a tap; False where it is waited for already, or is none."""
        if envelope.kind != KIND or envelope.update_id in self._expected:
            return False
        loop = asyncio.get_running_loop()
        self._expected[envelope.update_id] = loop.call_later(ANSWER_WITHIN_S, self._is_slow, envelope)
        if len(self._expected) > MAX_EXPECTED:
            self.forget(next(iter(self._expected)))
        return True

    def forget(self, update_id: int) -> bool:
        """Wait no longer; whether the tap still is to be answered."""
        if update_id not in self._expected:
            return True
        timer = self._expected.pop(update_id)
        if timer is not None:
            timer.cancel()
        return timer is not None

    async def answer(self, envelope: Envelope, query_id: str, toast: str | None) -> None:
        """Answer a tap unless that was done for taking too long.

        Nothing hangs on it: a query that is too old cannot be answered any more.
        """
        if self.forget(envelope.update_id):
            await self._answer(envelope, query_id, toast)

    def _is_slow(self, envelope: Envelope) -> None:
        """Answer without a word: it is not known yet what will come of it."""
        self._expected[envelope.update_id] = None
        task = asyncio.create_task(self._answer_slow(envelope), name="a tap that takes long")
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer_slow(self, envelope: Envelope) -> None:
        query: Any = orjson.loads(envelope.payload)[KIND]
        ids = Correlation(
            correlation_id=envelope.correlation_id,
            update_id=envelope.update_id,
            update_type=envelope.kind,
            tenant_ref=mask(envelope.partner),
        )
        with bind(ids):
            await self._answer(envelope, str(query.get("id")), None)

    async def _answer(self, envelope: Envelope, query_id: str, toast: str | None) -> None:
        try:
            said = toast[:MAX_TOAST_CHARACTERS] if toast else None
            await self._calls.call("answerCallbackQuery", {"callback_query_id": query_id, "text": said})
        except TelegramError as error:
            self._log.info("CALLBACK_NOT_ANSWERED", error_type=type(error).__name__)
        else:
            waited_ms = self._clock_ms() - envelope.received_at_ms
            self._telemetry.metrics.callback_answer.observe(seconds=waited_ms / 1000)
