"""What a store does, said apart from how a database is reached.

A program is a generator: it yields its statements one by one and is given the answer of each. Whoever has a
connection runs it, SQLite's on a thread, PostgreSQL's on the loop, so every decision about money is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
Row = Sequence[Any]


class Step(NamedTuple):
    """A statement of `statements.py`, `?` for each value in order."""

    statement: str
    values: Row
    #: Whether the answer is the number of rows that changed, instead of the rows that were found.
    counts: bool


#: Ends with what its caller asked for, or with a WorkRefused.
Program: TypeAlias = Generator[Step, Any, T]
#: Makes a program. Some are run more than once, a generator is not.
Make: TypeAlias = Callable[[], Program[T]]


def rows(statement: str, *values: object) -> Program[Sequence[Row]]:
    """Run a statement; the rows that it found."""
    found: Sequence[Row] = yield Step(statement, values, counts=False)
    return found


def row(statement: str, *values: object) -> Program[Row | None]:
    """Run a statement; its first row, None where it found nothing."""
    found: Sequence[Row] = yield Step(statement, values, counts=False)
    return found[0] if found else None


def changed(statement: str, *values: object) -> Program[int]:
    """Run a statement; how many rows it changed."""
    count: int = yield Step(statement, values, counts=True)
    return count
