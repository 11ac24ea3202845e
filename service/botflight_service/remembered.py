"""A word that a partner's service remembers over a restart, beside all else in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from botflight_service.storage.interface import Storage, StorageError, Work, WorkRefused

_WORD = "word"


class Remembered:
    """One word by its name. Forgetting it does no harm: whoever uses it does again what it says was done."""

    def __init__(self, storage: Storage, *, partner: str, name: str, clock_ms: Callable[[], int]) -> None:
        self._storage = storage
        self._partner = partner
        self._name = name
        self._clock_ms = clock_ms

    async def recall(self) -> str:
        """The word; "" where there is none, or the store fails."""
        try:
            memo = await self._storage.memo(self._partner, self._name)
        except StorageError:
            return ""
        return str(memo.body.get(_WORD, ""))

    async def remember(self, word: str) -> None:
        """Keep a word. Where another process keeps one at the same moment, one of the two stays."""
        try:
            memo = await self._storage.memo(self._partner, self._name)
            work = Work(partner=self._partner, at_ms=self._clock_ms(), memo=replace(memo, body={_WORD: word}))
            await self._storage.commit(work)
        except (StorageError, WorkRefused):
            return
