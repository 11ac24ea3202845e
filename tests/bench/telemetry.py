"""What the telemetry of one update costs: `python -m tests.bench.telemetry`.

The real service in one process, with telemetry and with it switched off. They take turns with the same updates, so that
a slow minute meets both. What is compared is the time of the processor that the event loop's thread takes: whatever
telemetry does for an update it does there. Telegram answers at once.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from io import RawIOBase
from statistics import quantiles
from typing import Any, BinaryIO, cast

import orjson
import uvloop
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from prometheus_client import CollectorRegistry
from telegram.request import BaseRequest, RequestData
from tests.bench.silent import silent
from tests.shop import SECRET, posted, settings_of

from botflight_diagnostics.telemetry import (
    Logs,
    Metrics,
    OpenTelemetryExport,
    Recorder,
    Redactor,
    SystemClock,
    Telemetry,
    TickWriter,
    Tracer,
)
from botflight_harness.ptb import TelegramRequest
from botflight_harness.telegram import Telegram
from botflight_service.app import Built, build, system_clock_ms
from botflight_service.lifecycle import running
from botflight_service.process import calm_the_collector
from botflight_service.provider.local import LocalProvider
from botflight_service.storage import open_storage

BUDGET_US = 250
#: A tenth of the traces is exported, as a service under load is told to.
RATIO = 0.1
UPDATES = 100
ROUNDS = 30
_CHATS = 20
_DATE = 1_790_000_000


class Nowhere(RawIOBase):
    """Takes lines and forgets them."""

    def write(self, lines: bytes, /) -> int:  # type: ignore[override] # lines are bytes
        """Forget them."""
        return len(lines)


class NullProcessor(SpanProcessor):
    """Takes spans and forgets them: they are sent on another thread, off the way of an update."""

    def on_end(self, span: ReadableSpan) -> None:
        """Forget a span."""


def telling(ratio: float = RATIO) -> Telemetry:
    """Make telemetry as a running service has it, its lines to nowhere."""
    recorder = Recorder()
    redactor = Redactor(["a-secret-of-the-webhook", "a-key-of-the-provider", "a-password-of-the-database"])
    export = OpenTelemetryExport(NullProcessor(), service="bench", version="0", redactor=redactor)
    write = TickWriter(cast("BinaryIO", Nowhere()))
    return Telemetry(
        logs=Logs(write, service="bench", version="0", redactor=redactor, on_line=recorder.line),
        tracer=Tracer(export=export, ratio=ratio, on_end=recorder.trace),
        metrics=Metrics(CollectorRegistry(), service="bench", version="0"),
        clock=SystemClock(),
        recorder=recorder,
    )


class AtOnce(BaseRequest):
    """Answers what updates lead to at once; all else is asked of a simulated Telegram."""

    def __init__(self, telegram: Telegram) -> None:
        self._other = TelegramRequest(telegram)
        chat = {"id": 1, "type": "private", "first_name": "Somebody"}
        message = orjson.dumps({"ok": True, "result": {"message_id": 7, "date": _DATE, "chat": chat, "text": "Hello"}})
        self._canned = {"sendMessage": message, "editMessageText": message}
        self._canned["answerCallbackQuery"] = b'{"ok":true,"result":true}'

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take."""
        return 5.0

    async def initialize(self) -> None:
        """Open nothing."""

    async def shutdown(self) -> None:
        """Close nothing."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: Any,
        **more: Any,
    ) -> tuple[int, bytes]:
        """Answer."""
        canned = self._canned.get(url.rpartition("/")[2])
        if canned is not None:
            return 200, canned
        return await self._other.do_request(url, method, request_data, *timeouts, **more)


@dataclass(frozen=True, slots=True)
class Contender:
    """A service that is measured."""

    name: str
    built: Built

    async def take(self, bodies: Sequence[bytes]) -> float:
        """Take updates together, as they come under load; the microseconds of the event loop's thread for each."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        began = time.thread_time_ns()
        await asyncio.gather(*(posted(self.built.asgi, "http://here/webhook", body, headers) for body in bodies))
        await self.built.service.idle()
        return (time.thread_time_ns() - began) / 1000 / len(bodies)


@asynccontextmanager
async def serving(name: str, telemetry: Telemetry) -> AsyncIterator[Contender]:
    """Run a service."""
    telegram = Telegram()
    built = build(
        settings_of(telegram.bot().token, {"DATABASE_URL": "sqlite::memory:"}),
        telemetry=telemetry,
        storage=open_storage("sqlite::memory:", clock=system_clock_ms),
        provider=LocalProvider(clock_ms=system_clock_ms, spool=None),
        requests=(AtOnce(telegram), AtOnce(telegram)),
    )
    async with running(built.service):
        await built.service.started()
        yield Contender(name, built)


def messages(first: int, count: int) -> list[bytes]:
    """Texts of so many updates: half are commands, half taps on a button."""
    return [_update(number) for number in range(first, first + count)]


def _update(number: int) -> bytes:
    user = {"id": 1000 + number // 2 % _CHATS, "is_bot": False, "first_name": "Somebody", "language_code": "en"}
    chat = {"id": user["id"], "type": "private", "first_name": "Somebody"}
    message: dict[str, Any] = {"message_id": 7, "date": _DATE, "chat": chat, "text": "Hello"}
    if number % 2:
        tap = {"id": str(number), "from": user, "chat_instance": "1", "message": message, "data": "models"}
        return orjson.dumps({"update_id": number, "callback_query": tap})
    command = {"type": "bot_command", "offset": 0, "length": 6}
    return orjson.dumps(
        {"update_id": number, "message": {**message, "from": user, "text": "/start", "entities": [command]}}
    )


async def costs_us(ways: Mapping[str, Callable[[], Telemetry]], *, rounds: int, updates: int) -> dict[str, float]:
    """What an update takes by each way to tell of it, in rounds that take turns: a quarter of them took less.

    What else runs on the machine makes rounds longer and none shorter.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}
    async with AsyncExitStack() as stack:
        contenders = [await stack.enter_async_context(serving(name, make())) for name, make in ways.items()]
        for contender in contenders:
            await contender.take(messages(0, 4 * _CHATS))
        calm_the_collector()
        for turn in range(1, rounds + 1):
            bodies = messages(turn * 100_000, updates)
            for contender in contenders if turn % 2 else contenders[::-1]:
                took[contender.name].append(await contender.take(bodies))
    return {name: quantiles(costs, n=4)[0] for name, costs in took.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the costs; 1 when over the budget."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.telemetry", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--updates", type=int, default=UPDATES, help="in each round")
    asked = parser.parse_args(arguments)
    ways: dict[str, Callable[[], Telemetry]] = {
        "switched off": silent,
        "a tenth of the traces exported": telling,
        "all traces exported": lambda: telling(1.0),
    }
    took = uvloop.run(costs_us(ways, rounds=asked.rounds, updates=asked.updates))
    off, on, everything = took.values()
    sys.stdout.write(f"an update with telemetry switched off: {off:6.1f} us of the processor\n")
    sys.stdout.write(f"a tenth of the traces exported:       +{on - off:6.1f} us (budget {BUDGET_US})\n")
    sys.stdout.write(f"all traces exported:                  +{everything - off:6.1f} us\n")
    return int(on - off > BUDGET_US)


if __name__ == "__main__":
    sys.exit(main())
