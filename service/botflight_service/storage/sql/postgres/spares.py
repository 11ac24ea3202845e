"""Connections that questions leave for the next ones: to make one costs more than most questions do."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it says nothing of its types

#: A preflight asks on so many at a time.
MAX_SPARES = 8
#: Longer than the pause between two preflights, shorter than what forgets idle connections on the way.
SPARE_S = 45.0


class Spares:
    """Connections with nothing under way, the last used on top. Whoever takes one owns it."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, Any]] = []

    def take(self) -> Any | None:  # noqa: ANN401 - asyncpg's connection, which has no types
        """One that is still of use; None where there is none."""
        while self._kept:
            left_s, raw = self._kept.pop()
            if not raw.is_closed() and time.monotonic() - left_s < SPARE_S:
                return raw
            raw.terminate()
        return None

    def put(self, raw: Any) -> bool:  # noqa: ANN401 - as above
        """Keep one; False where there are enough, or it is of no use."""
        if raw.is_closed() or len(self._kept) >= MAX_SPARES:
            return False
        self._kept.append((time.monotonic(), raw))
        return True

    async def close(self, *, within_s: float) -> None:
        """Say goodbye on all of them, or hang up where the server does not answer."""
        kept, self._kept = [raw for _, raw in self._kept], []
        goodbyes = [asyncio.ensure_future(raw.close(timeout=within_s)) for raw in kept]
        if goodbyes:
            await asyncio.wait(goodbyes, timeout=within_s)
        for raw, goodbye in zip(kept, goodbyes, strict=True):
            raw.terminate()
            with contextlib.suppress(asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
                await goodbye
