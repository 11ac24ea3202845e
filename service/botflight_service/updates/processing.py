"""The cell that says what came of an update, carried by a context variable.

python-telegram-bot catches what handlers raise, and what error handlers raise as well. So an update counts as done
only when its handler wrote an outcome here; an empty cell is a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from botflight_service.updates.envelope import Envelope


@dataclass(slots=True)
class Processing:
    """One try at one update."""

    envelope: Envelope
    #: Told once the update is stored, where it is worked on meanwhile; None where it was stored before.
    kept: asyncio.Future[bool] | None = None
    #: `OK`, `IGNORED` or a reason, once the handler's work is committed.
    outcome: str | None = None
    #: The name of the handler that took it.
    handler: str = "none"
    #: From the date of the message to its processing; Telegram dates messages only, and to the second.
    lag_ms: float | None = None
    #: What the handler raised.
    error: BaseException | None = None


_current: ContextVar[Processing] = ContextVar("botflight_processing")


@contextmanager
def process(envelope: Envelope, kept: asyncio.Future[bool] | None = None) -> Iterator[Processing]:
    """Bind a new cell for one try."""
    cell = Processing(envelope, kept)
    token = _current.set(cell)
    try:
        yield cell
    finally:
        _current.reset(token)


def current() -> Processing:
    """The cell of the update in hand. Raises LookupError outside of one."""
    return _current.get()
