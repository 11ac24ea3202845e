"""Records from an async iterator on their way to the thread of a store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

from botflight_service.storage.interface import StorageError

_CHUNK = 500
#: How long the next records may take to come; a loop that stands still must not keep the store for good.
_TIMEOUT_S = 60.0


class Feed:
    """Hands the records of an async iterator, which lives on the loop, to the thread of the store."""

    def __init__(self, records: AsyncIterator[Mapping[str, Any]]) -> None:
        self._records = records
        self._loop = asyncio.get_running_loop()
        self._abandoned = False
        self._read = False
        self._wanted: Future[list[Mapping[str, Any]]] | None = None

    def chunks(self) -> Iterator[list[Mapping[str, Any]]]:
        """On the thread: the records, some at a time, once. Raises what the iterator raises."""
        if self._read:
            raise StorageError("what was to be imported is read already: nothing of it was kept, import it again")
        self._read = True
        while chunk := self._ask():
            yield chunk

    def abandon(self) -> None:
        """On the loop: let what the thread waits for, or asks for next, fail."""
        self._abandoned = True
        if self._wanted is not None:
            self._wanted.cancel()

    def _ask(self) -> list[Mapping[str, Any]]:
        """On the thread: wait for the next records."""
        self._wanted = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
        return self._wanted.result(_TIMEOUT_S)

    async def _next(self) -> list[Mapping[str, Any]]:
        """The next records; none at the end."""
        if self._abandoned:
            raise StorageError("the import was given up: nothing of it was kept")
        chunk: list[Mapping[str, Any]] = []
        async for record in self._records:
            chunk.append(record)
            if len(chunk) == _CHUNK:
                break
        return chunk
