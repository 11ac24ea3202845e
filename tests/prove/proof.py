"""What a proof is: something that is done again and again, each time in another way that a seed gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from random import Random

_TOLD = 5

#: One run, with its chances and an empty folder; what it did, counted by name. Raises AssertionError, saying why.
Run = Callable[[Random, Path], Awaitable[Counter[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A claim, and how it is tried."""

    name: str
    claim: str
    run: Run
    #: How many runs are enough.
    runs: int


def chances(seed: int, name: str, number: int) -> Random:
    """The chances of one run: the same ones for the same seed, whichever other runs there are."""
    return Random(f"{seed} {name} {number}")


def none(found: Collection[str]) -> None:
    """Raise AssertionError, naming the first of what was found, unless nothing was."""
    if found:
        raise AssertionError("; ".join(list(found)[:_TOLD]) + (" ..." if len(found) > _TOLD else ""))
