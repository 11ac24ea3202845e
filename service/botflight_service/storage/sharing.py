"""Several processes on one store: which of them works on which lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from botflight_service.generation.attempts import Attempt
from botflight_service.storage.interface import QueuedMessage, QueuedUpdate, Storage


class Kind(StrEnum):
    """What a lane may hold that is not over yet."""

    UPDATES = "updates"
    MESSAGES = "messages"
    ATTEMPTS = "attempts"


@dataclass(frozen=True, slots=True)
class Claim:
    """What came of asking for a lane."""

    #: False where another process has it.
    ours: bool
    #: What waits of it in the store.
    waiting: frozenset[Kind] = frozenset()


class LeaseHolder(Protocol):
    """Whoever holds leases, as it is told of them. Each call returns at once."""

    def called(self, lane: str, word: str) -> None:
        """Another process has something for a lane that is ours; `word` says what, in the words of whoever called."""
        ...

    def poked(self) -> None:
        """Lanes have become free."""
        ...

    def lost(self) -> None:
        """All leases are gone: the others took this process for dead."""
        ...


class Leases(Protocol):
    """Which of the processes that share a store works on which lane: one at a time, so that a lane keeps its order.

    They keep work from being done twice; that none counts twice is the store's own doing. A process that is silent for
    some seconds loses all of its leases.
    """

    @property
    def sure(self) -> bool:
        """Whether this process was heard so lately that no other can have its lanes."""
        ...

    async def assured(self) -> None:
        """Wait until it was."""
        ...

    async def join(self, partner: str, holder: LeaseHolder) -> None:
        """Begin to be heard. Raises StorageError."""
        ...

    async def leave(self, partner: str) -> None:
        """Give everything back and tell the others."""
        ...

    async def claim(self, partner: str, lane: str) -> Claim:
        """Lease a lane unless another process has it. Raises StorageError."""
        ...

    def release(self, partner: str, lanes: Sequence[str], *, tell: bool = False) -> None:
        """Give lanes back, before any later claim of them; `tell` the others that there is something to take up."""
        ...

    async def call(self, partner: str, lane: str, word: str) -> bool:
        """Tell whoever else has a lane, and wait until it was heard; False where nobody has. Raises StorageError."""
        ...

    async def waiting(self, partner: str, *, after: str, limit: int) -> Mapping[str, frozenset[Kind]]:
        """Lanes that hold something and are ours or nobody's, in order from `after` on, with what they hold."""
        ...

    async def undone(self, partner: str, lane: str, *, limit: int) -> Sequence[QueuedUpdate]:
        """Updates of a lane that are not done, in the order of arrival."""
        ...

    async def unsent(self, partner: str, chat_id: int, *, limit: int) -> Sequence[QueuedMessage]:
        """Messages to a chat that are not sent, in the order of their places."""
        ...

    async def unsettled(self, partner: str, chat_id: int, *, limit: int) -> Sequence[Attempt]:
        """Attempts of a chat that are not settled."""
        ...


def leases_of(storage: Storage) -> Leases | None:
    """The leases of a store that several processes share; None where it is this process's alone."""
    found: Leases | None = getattr(storage, "leases", None)
    return found
