"""The service, whose layers can be taken off one by one as it runs: `python -m tests.bench.layered OUT serve`.

It starts as it is. With every SIGUSR1 the layer on top falls silent: the telemetry goes deaf, the store has seen it
all, the way to Telegram ends here, the inbox forgets. OUT then names the layer that is on top.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Self, cast

import orjson
from telegram.request import RequestData
from tests.bench.silent import SilentSpan

from botflight_diagnostics.telemetry import Metrics, Recorder, Telemetry, Tracer
from botflight_service import app
from botflight_service.__main__ import main
from botflight_service.bot.transport import Transport
from botflight_service.storage.interface import Mark, QueuedMessage, Receipt, Storage, Work
from botflight_service.updates.envelope import Envelope
from botflight_service.updates.inbox import Inbox, Taken

#: From the ground up, and what each adds.
LAYERS = {
    "web": "the webhook: secret, JSON, envelope",
    "bot": "lanes, dispatch, what to answer",
    "telegram": "the call to the Bot API over HTTP",
    "store": "sqlite: durable update, work, mark",
    "logs": "log lines, rendered and written",
    "metrics": "counters and histograms",
    "traces": "spans, and the recorder of the last minutes",
}


class Tower:
    """Which layers are on."""

    def __init__(self) -> None:
        self.on = list(LAYERS)

    def has(self, layer: str) -> bool:
        """Whether a layer is on."""
        return layer in self.on

    def lower(self, out: Path) -> None:
        """Take the layer on top off."""
        self.on.pop()
        out.write_text(self.on[-1])


TOWER = Tower()


class Silence:
    """Whatever is asked of it, and called, nothing happens."""

    def __getattr__(self, name: str) -> Self:
        return self

    def __call__(self, *_given: object, **_named: object) -> None:
        """Do nothing."""


class Deaf:
    """Metrics that count nothing once they are off."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._metrics, name) if TOWER.has("metrics") else _SILENCE


class Weightless:
    """A store that, once it is off, takes every update for new, every work for committed, every mark for made."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._places = count(10**9)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def accept(self, envelope: Envelope) -> bool:
        """It is new."""
        return await self._storage.accept(envelope) if TOWER.has("store") else True

    async def commit(self, work: Work) -> Receipt:
        """It is committed."""
        if TOWER.has("store"):
            return await self._storage.commit(work)
        return Receipt(messages=tuple(QueuedMessage(next(self._places), message) for message in work.messages))

    async def mark(self, partner: str, marks: Sequence[Mark]) -> None:
        """It is marked."""
        if TOWER.has("store"):
            await self._storage.mark(partner, marks)


class Canned(Transport):
    """A way to Telegram that, once it is off, ends in this process."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *timeouts: Any, **named: Any
    ) -> tuple[int, bytes]:
        """Grant it."""
        if TOWER.has("telegram"):
            return await super().do_request(url, method, request_data, *timeouts, **named)
        return 200, _RESULTS.get(url.rpartition("/")[2], _GRANTED)


_MESSAGE = {
    "message_id": 1,
    "date": 1764000000,
    "chat": {"id": 1_000_000, "type": "private", "first_name": "Ada"},
    "from": {"id": 110201543, "is_bot": True, "first_name": "Bench", "username": "bench_bot"},
    "text": "hello",
}
_GRANTED = b'{"ok":true,"result":true}'
_RESULTS = {"sendMessage": orjson.dumps({"ok": True, "result": _MESSAGE})}
_SILENCE = Silence()
_NOTHING = SilentSpan()


def instead(owner: Any, name: str, layer: str, otherwise: Callable[..., Any]) -> None:
    """Have a method of a class do something else once a layer is off."""
    real = getattr(owner, name)

    @functools.wraps(real)
    def either(*given: Any, **named: Any) -> Any:
        return real(*given, **named) if TOWER.has(layer) else otherwise(*given, **named)

    setattr(owner, name, either)


async def _forget(_inbox: Inbox, _envelope: Envelope) -> Taken:
    return Taken.NEW


def _nothing(*_given: object, **_named: object) -> SilentSpan:
    return _NOTHING


def wire() -> None:
    """Put a switch into every layer, where `app` picks it or its class is."""
    instead(Inbox, "take", "bot", _forget)
    app.Transport = Canned  # type: ignore[misc]
    opened = app.open_storage
    app.open_storage = lambda *given, **named: cast("Storage", Weightless(opened(*given, **named)))
    for name in ("root", "span"):
        instead(Tracer, name, "traces", _nothing)
    for name in ("line", "trace", "done"):
        instead(Recorder, name, "traces", _SILENCE)
    told = app.opened_telemetry

    @contextlib.contextmanager
    def telling(*given: Any, **named: Any) -> Iterator[Telemetry]:
        with told(*given, **named) as telemetry:
            for level in ("info", "warning"):
                instead(type(telemetry.logs.logger("layers")), level, "logs", _SILENCE)
            yield replace(telemetry, metrics=cast("Metrics", Deaf(telemetry.metrics)))

    app.opened_telemetry = telling


if __name__ == "__main__":
    wire()
    signal.signal(signal.SIGUSR1, lambda *_: TOWER.lower(Path(sys.argv[1])))
    sys.exit(main(sys.argv[2:]))
