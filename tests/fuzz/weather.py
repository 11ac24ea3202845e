"""What goes wrong around the bot while people use it: a store that fails, a Telegram that does not answer."""

from __future__ import annotations

from random import Random
from typing import Any

from botflight_harness.telegram import Telegram
from botflight_service.storage.interface import StorageError

#: How often a call to the store fails.
_FAILS = 0.03
#: What the failing store says: lines that tell of nothing else are tolerated.
FAILURE = "the disk is gone"
_CALLS = frozenset({"accept", "commit", "session", "balance", "history", "attempt", "free_used", "mark", "payment"})
_METHODS = ("sendMessage", "editMessageText", "answerCallbackQuery", "sendPhoto")


class FailingStore:
    """A store some of whose calls fail, having done nothing."""

    def __init__(self, storage: Any, chance: Random) -> None:
        self._storage = storage
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if name not in _CALLS:
            return found

        async def call(*given: Any, **named: Any) -> Any:
            if self._chance.random() < _FAILS:
                raise StorageError(FAILURE)
            return await found(*given, **named)

        return call


def trouble(telegram: Telegram, chance: Random) -> None:
    """Let Telegram ask to wait, or lose a call or its answer."""
    method = chance.choice(_METHODS)
    match chance.randrange(6):
        case 0:
            telegram.faults.flood(method, retry_after_s=chance.choice((1, 3, 60)), times=chance.randint(1, 3))
        case 1:
            telegram.faults.lose_call(method, times=chance.randint(1, 3))
        case 2:
            telegram.faults.lose_answer(method, times=chance.randint(1, 2))
