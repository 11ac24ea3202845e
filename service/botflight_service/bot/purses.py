"""What a visitor can pay with, read from the store."""

from __future__ import annotations

from datetime import tzinfo
from typing import Protocol

from botflight_service.billing.quotas import day_of
from botflight_service.bot.visit import Visit
from botflight_service.generation.request import Purse
from botflight_service.storage.interface import Balance


class PurseReads(Protocol):
    """What is read of the store."""

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        ...

    async def free_used(self, partner: str, user_id: int, day: str) -> int:
        """How many free generations of `day` are taken."""
        ...


class Purses:
    """Reads purses. A day begins at midnight in `zone`."""

    def __init__(self, reads: PurseReads, *, daily_limit: int, zone: tzinfo) -> None:
        self._reads = reads
        self._daily_limit = daily_limit
        self._zone = zone

    async def of(self, visit: Visit) -> Purse:
        """The purse of a visitor at the time of the visit."""
        balance = await self._reads.balance(visit.partner, visit.user_id)
        day = day_of(visit.now_ms, self._zone)
        free_used = await self._reads.free_used(visit.partner, visit.user_id, day) if self._daily_limit else 0
        return Purse(
            available=balance.available,
            held=balance.held,
            free_used=free_used,
            daily_limit=self._daily_limit,
            day=day,
        )
