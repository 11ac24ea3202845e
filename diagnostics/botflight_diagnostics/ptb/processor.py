"""An update on its way through python-telegram-bot's own queue: its context goes with it, and its end is told."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from botflight_diagnostics.telemetry.bundle import Telemetry
from botflight_diagnostics.telemetry.correlation import Correlation, UserReferences, bind, correlation_id_of
from botflight_diagnostics.telemetry.traces import current_span

#: Contexts of updates in the queue. Of one that overflows it the processing begins in an empty context.
MAX_CARRIED: Final = 10_000


@dataclass(slots=True)
class Processing:
    """What is found out of an update while it is processed."""

    handler: str | None = None
    error: BaseException | None = None


processing: ContextVar[Processing | None] = ContextVar("botflight_ptb_processing", default=None)


class Carrier:
    """Remembers the context in which an update was put into a queue, which keeps no contexts."""

    def __init__(self, queue: asyncio.Queue[object]) -> None:
        self._contexts: OrderedDict[int, tuple[object, Context]] = OrderedDict()
        self._put = queue.put_nowait
        # `put` calls `put_nowait`: both ways in go through here.
        queue.put_nowait = self._carry  # type: ignore[method-assign]

    def taken(self, update: object) -> Context:
        """Hand out the context of an update, once; a copy of the current one where none was kept."""
        _, context = self._contexts.pop(id(update), (None, None))
        return context or copy_context()

    def _carry(self, item: object) -> None:
        self._put(item)
        # The update is held as well: its id is its own as long as it lives.
        self._contexts[id(item)] = (item, copy_context())
        while len(self._contexts) > MAX_CARRIED:
            self._contexts.popitem(last=False)


class ObservedProcessor(BaseUpdateProcessor):
    """An update processor around the one that the application has: as many at once, in the same order.

    Each update is processed in the context in which it was put into the queue, under its correlation and its root span;
    its end is a line `UPDATE_DONE` with its metrics.
    """

    __slots__ = ("_bot_id", "_carrier", "_inside", "_telemetry", "_users")

    def __init__(
        self,
        inside: BaseUpdateProcessor,
        carrier: Carrier,
        *,
        telemetry: Telemetry,
        users: UserReferences,
        bot_id: Callable[[], int],
    ) -> None:
        super().__init__(inside.max_concurrent_updates)
        self._inside = inside
        self._carrier = carrier
        self._telemetry = telemetry
        self._users = users
        self._bot_id = bot_id

    async def initialize(self) -> None:
        """Open the processor inside."""
        await self._inside.initialize()

    async def shutdown(self) -> None:
        """Close the processor inside."""
        await self._inside.shutdown()

    async def __aenter__(self) -> Self:
        """Open the processor inside."""
        await self._inside.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close the processor inside."""
        await self._inside.__aexit__(kind, error, where)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Process an update as the one inside would, in its own context."""
        told = coroutine
        if isinstance(update, Update):
            told = _in_context(self._carrier.taken(update), self._told(update, coroutine))
        await self._inside.do_process_update(update, told)

    async def _told(self, update: Update, coroutine: Awaitable[Any]) -> None:
        kind = _kind(update)
        user = update.effective_user
        correlation = Correlation(
            correlation_id=correlation_id_of(self._bot_id(), update.update_id),
            update_id=update.update_id,
            update_type=kind,
            user_ref=self._users.of(user.id) if user is not None else None,
        )
        above = current_span()
        attributes: dict[str, str | int] = {
            "messaging.system": "telegram",
            "messaging.operation.type": "process",
            "botflight.update_id": update.update_id,
        }
        found = Processing()
        processing.set(found)
        with (
            bind(correlation),
            self._telemetry.tracer.root(
                f"process {kind}",
                kind="consumer",
                attributes=attributes,
                parent=above.context if above is not None else None,
            ) as span,
        ):
            lag_ms = _lag_ms(update)
            await coroutine
            self._telemetry.update_finished(
                kind,
                "OK" if found.error is None else "FAILED",
                handler=found.handler,
                duration_ms=span.duration_ms,
                lag_ms=lag_ms,
                error_type=type(found.error).__name__ if found.error is not None else None,
            )


async def _in_context(context: Context, work: Coroutine[Any, Any, None]) -> None:
    await asyncio.get_running_loop().create_task(work, context=context)


def _kind(update: Update) -> str:
    return next((kind for kind in Update.ALL_TYPES if getattr(update, kind, None) is not None), "unknown")


def _lag_ms(update: Update) -> float | None:
    """How old a message was when it was taken up; other kinds carry no date of their own."""
    message = update.message
    return None if message is None else max(0.0, (time.time() - message.date.timestamp()) * 1000)
