"""The cell that says what came of an update, carried by a context variable.

An update counts as done only when its handler wrote an outcome here, once its work was committed; an empty cell is a
failure.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Self

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
    _token: Token[Processing] | None = None

    def __enter__(self) -> Self:
        """Be the cell of the update in hand."""
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)
            # It holds the context, which holds this cell: a cycle, left to the collector.
            self._token = None


_current: ContextVar[Processing] = ContextVar("botflight_processing")


def current() -> Processing:
    """The cell of the update in hand. Raises LookupError outside of one."""
    return _current.get()
