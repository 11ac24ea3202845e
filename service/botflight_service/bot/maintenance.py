"""Maintenance: whether users are asked to come back later, kept in memory and true in every replica within seconds."""

from __future__ import annotations

import asyncio
from typing import Protocol

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.memo import Memo
from botflight_service.storage.interface import StorageError

#: The memo that says so, and how often it is read again.
MEMO = "maintenance"
WATCH_S = 5.0


class Memos(Protocol):
    """What is read of the store."""

    async def memo(self, partner: str, name: str) -> Memo:
        """A memo."""
        ...


class Maintenance:
    """Whether maintenance is on. Nothing is waited for to know it."""

    def __init__(self, *, partner: str, memos: Memos, telemetry: Telemetry) -> None:
        self._partner = partner
        self._memos = memos
        self._log = telemetry.logs.logger("maintenance")
        self._version = -1
        self.is_on = False

    def changed(self, memo: Memo) -> None:
        """Take note of a memo that was committed; it has been written over the version that it names."""
        if memo.name == MEMO:
            self._take(memo, version=memo.version + 1)

    async def load(self) -> None:
        """Read how it is. Raises StorageError."""
        memo = await self._memos.memo(self._partner, MEMO)
        self._take(memo, version=memo.version)

    async def watch(self) -> None:
        """Read it again for ever: an administrator may have spoken to another replica."""
        while True:
            try:
                await self.load()
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            await asyncio.sleep(WATCH_S)

    def _take(self, memo: Memo, *, version: int) -> None:
        is_on = bool(memo.body.get("on"))
        if version >= self._version:
            if is_on != self.is_on:
                self._log.warning("MAINTENANCE_CHANGED", on=is_on)
            self.is_on, self._version = is_on, version
