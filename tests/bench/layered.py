"""The service with only some of its layers, for measuring them: `python -m tests.bench.layered LAYER serve`.

Everything up to LAYER is the real thing. What comes after it is replaced where `app` picks it, by something that does
nothing: an inbox that forgets, a store that has seen it all, a way to Telegram that ends here, deaf telemetry.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Any, Self, cast

import orjson
from telegram.request import BaseRequest, RequestData

from botflight_diagnostics.telemetry import Metrics, Recorder, Telemetry, Tracer
from botflight_service import app
from botflight_service.__main__ import main
from botflight_service.storage.interface import Mark, QueuedMessage, Receipt, Storage, Work
from botflight_service.updates.envelope import Envelope
from botflight_service.updates.inbox import Inbox, Taken

#: In the order in which they are put on, and what each adds.
LAYERS = {
    "web": "the webhook: secret, JSON, envelope",
    "bot": "lanes, dispatch, what to answer",
    "telegram": "the call to the Bot API over HTTP",
    "store": "sqlite: durable update, work, mark",
    "logs": "log lines, rendered and written",
    "metrics": "counters and histograms",
    "traces": "spans, and the recorder of the last minutes",
}


class Silence:
    """Whatever is asked of it, and called, nothing happens."""

    def __getattr__(self, name: str) -> Self:
        return self

    def __call__(self, *_given: object, **_named: object) -> None:
        """Do nothing."""


class Deaf:
    """Metrics that count nothing; what a page needs of them is there."""

    def __init__(self, metrics: Metrics) -> None:
        self.registry = metrics.registry

    def __getattr__(self, name: str) -> Silence:
        return _SILENCE


class Nothing:
    """A span that is none."""

    name = ""
    context = None
    duration_ms = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Do nothing."""

    def set(self, *_: object) -> None:
        """Do nothing."""

    def fail(self, *_: object) -> None:
        """Do nothing."""


class Weightless:
    """A store in front of one that it spares: every update is new, every work committed, every mark made."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._places = count()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def accept(self, _envelope: Envelope) -> bool:
        """It is new."""
        return True

    async def commit(self, work: Work) -> Receipt:
        """It is committed."""
        return Receipt(messages=tuple(QueuedMessage(next(self._places), message) for message in work.messages))

    async def session(self, _partner: str, _user_id: int) -> None:
        """There is none; the cache has those that were written."""

    async def mark(self, _partner: str, _marks: Sequence[Mark]) -> None:
        """It is marked."""


class Canned(BaseRequest):
    """A way to Telegram that ends in this process."""

    read_timeout = 10.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_timeouts: Any, **_named: Any
    ) -> tuple[int, bytes]:
        """Grant it."""
        del method, request_data
        return 200, _RESULTS.get(url.rpartition("/")[2], _GRANTED)


_ME = {"id": 110201543, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
_CHAT = {"id": 1_000_000, "type": "private", "first_name": "Ada"}
_MESSAGE = {"message_id": 1, "date": 1764000000, "chat": _CHAT, "from": _ME, "text": "hello"}
_WEBHOOK = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
_GRANTED = b'{"ok":true,"result":true}'
_RESULTS = {
    name: orjson.dumps({"ok": True, "result": result})
    for name, result in {"getMe": _ME, "getMyCommands": [], "getWebhookInfo": _WEBHOOK, "sendMessage": _MESSAGE}.items()
}
_SILENCE = Silence()
_NOTHING = Nothing()


async def _forget(_inbox: Inbox, _envelope: Envelope) -> Taken:
    return Taken.NEW


def strip(last: str) -> None:
    """Take off every layer after one, where `app` picks them. Raises ValueError for a layer that is none."""
    above = list(LAYERS)[list(LAYERS).index(last) + 1 :]
    if "bot" in above:
        Inbox.take = _forget  # type: ignore[method-assign]
    if "telegram" in above:
        app.Transport = Canned  # type: ignore[assignment,misc]
    if "store" in above:
        opened: Callable[..., Storage] = app.open_storage
        app.open_storage = lambda *given, **named: cast("Storage", Weightless(opened(*given, **named)))
    if "traces" in above:
        Tracer.root = Tracer.span = _begin_nothing  # type: ignore[method-assign,assignment]
        Recorder.line = Recorder.trace = Recorder.done = _SILENCE  # type: ignore[method-assign,assignment]
    if "metrics" in above:
        told = app.opened_telemetry

        @contextlib.contextmanager
        def telling(*given: Any, **named: Any) -> Iterator[Telemetry]:
            with told(*given, **named) as telemetry:
                yield replace(telemetry, metrics=cast("Metrics", Deaf(telemetry.metrics)))

        app.opened_telemetry = telling
    if "logs" in above:
        os.environ["LOG_LEVEL"] = "ERROR"


def _begin_nothing(_tracer: Tracer, *_given: object, **_named: object) -> Nothing:
    return _NOTHING


if __name__ == "__main__":
    strip(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
