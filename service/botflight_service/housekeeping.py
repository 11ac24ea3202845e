"""What a store needs now and then: the ledger recounted in small steps, and what is over forgotten after its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.storage.interface import StorageError

#: A step of the audit, so many users at a time: a million are recounted within three hours.
AUDIT_EVERY_S = 10.0
AUDIT_USERS = 1_000
PRUNE_EVERY_S = 60.0
PRUNE_LIMIT = 1_000
#: Telegram delivers an update for a day at most, and starts its ids anew after a week without any.
RETENTION_MS = 7 * 24 * 60 * 60 * 1000


class Kept(Protocol):
    """A store that is looked after."""

    async def audit(self, partner: str, *, users: int = 1_000) -> bool:
        """Recount the next users; True once all have been."""
        ...

    async def prune(self, partner: str, *, before_ms: int, limit: int = 1_000) -> int:
        """Forget done updates and ended messages from before an instant; how many went."""
        ...


class Housekeeping:
    """Looks after the store of one partner. A step that fails is told and made again at its next time."""

    def __init__(self, *, partner: str, storage: Kept, telemetry: Telemetry, clock_ms: Callable[[], int]) -> None:
        self._partner = partner
        self._storage = storage
        self._log = telemetry.logs.logger("housekeeping")
        self._clock_ms = clock_ms

    async def run(self) -> None:
        """Look after it until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._now_and_then(self.audit, AUDIT_EVERY_S))
            tasks.create_task(self._now_and_then(self.prune, PRUNE_EVERY_S))

    async def audit(self) -> None:
        """Take one step of the audit."""
        await self._storage.audit(self._partner, users=AUDIT_USERS)

    async def prune(self) -> None:
        """Forget what is over and old enough, one small step after the other."""
        before_ms = self._clock_ms() - RETENTION_MS
        forgotten = PRUNE_LIMIT
        while forgotten:
            forgotten = await self._storage.prune(self._partner, before_ms=before_ms, limit=PRUNE_LIMIT)

    async def _now_and_then(self, step: Callable[[], Awaitable[None]], every_s: float) -> None:
        while True:
            try:
                await step()
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            await asyncio.sleep(every_s)
