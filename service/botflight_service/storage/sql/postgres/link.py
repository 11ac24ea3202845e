"""A connection to PostgreSQL: programs run on it within a deadline, alone or in a transaction."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Protocol, TypeVar

from botflight_service.storage.sql import statements
from botflight_service.storage.sql.postgres.faults import Lost, explained
from botflight_service.storage.sql.program import Make, Program

T = TypeVar("T")

#: What is read to be changed is locked: SQLite has one writer, here somebody else may read it as well.
_LOCKING = frozenset({statements.ATTEMPT_STATE, statements.FREE_DEDUCTION})
# Both accounts are locked before a transfer changes the first of them, users' before the house's and each in one order:
# transactions wait for each other here and never both, whatever else (counters) they touch on the way.
_LOCK_AND_INSERT_TRANSFER = """
WITH locked AS (
    SELECT 1 FROM accounts WHERE partner = $1 AND (user_id, kind) IN (($5, $4), ($7, $6))
    ORDER BY user_id = 0, kind FOR NO KEY UPDATE
), waited AS (SELECT count(*) FROM locked)
INSERT INTO transfers (
    partner, transfer_id, kind, debit_kind, debit_user_id, credit_kind, credit_user_id, amount_hundredths, user_id,
    task_id, resolves, created_at_ms
)
SELECT $1::TEXT, $2::TEXT, $3::TEXT, $4::TEXT, $5::BIGINT, $6::TEXT, $7::BIGINT, $8::BIGINT, $9::BIGINT,
    $10::TEXT, $11::TEXT, $12::BIGINT
FROM waited
"""
#: Statements that are said in another way here.
_OWN_WORDS = {
    statements.INSERT_TRANSFER: _LOCK_AND_INSERT_TRANSFER,
    # `counters` is a view here.
    statements.FORGET_HOURS: "DELETE FROM counter_stripes WHERE partner = $1 AND name > $2 AND name < $3",
}
_STATEMENTS_CACHED = 512
#: A snapshot that stays, for those who read much.
ONE_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Raw(Protocol):
    """What asyncpg gives: a `Connection` of one's own, or the `PoolConnectionProxy` that its pool lends."""

    async def execute(self, query: str, *arguments: Any) -> str:  # noqa: ANN401 - whatever a column takes
        """Run a statement; its tag, such as `UPDATE 1`."""
        ...

    async def copy_records_to_table(
        self, table_name: str, *, records: Sequence[Sequence[Any]], columns: Sequence[str]
    ) -> str:
        """Insert rows by COPY; its tag, such as `COPY 2`."""
        ...

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Any]:  # noqa: ANN401 - whatever a column takes
        """Run a statement; its rows."""
        ...

    def terminate(self) -> None:
        """Close at once, without a word to the server."""
        ...

    def is_closed(self) -> bool:
        """Tell whether it is of no more use."""
        ...


class Link:
    """A connection to the database called `name` in errors."""

    def __init__(self, raw: Raw, *, name: str) -> None:
        self.raw = raw
        self.name = name

    @contextlib.contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """Cut the connection when a deadline passes or the caller is cancelled.

        asyncpg would ask the server to cancel, and wait: a frozen server never answers (measured: over 6 s).
        """
        over = asyncio.get_running_loop().call_later(limit_s, self.raw.terminate)
        try:
            yield
        except asyncio.CancelledError:
            self.raw.terminate()
            raise
        finally:
            over.cancel()

    async def run(self, program: Program[T]) -> T:
        """Run a program; what it ends with."""
        answer: object = None
        while True:
            try:
                step = program.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            with explained(self.name):
                if step.counts:
                    answer = _count(await self.raw.execute(numbered(step.statement), *step.values))
                else:
                    answer = await self.raw.fetch(numbered(step.statement), *step.values)

    async def transact(self, make: Make[T], *, begin: str = "BEGIN") -> T:
        """Run a program in a transaction. Raises what it raises, having undone all of it."""
        async with self.transaction(begin=begin):
            return await self.run(make())

    @contextlib.asynccontextmanager
    async def transaction(self, *, begin: str = "BEGIN") -> AsyncIterator[None]:
        """Commit what is done inside, or undo it. Raises Lost, uncertain where the commit was asked for."""
        await self.script(begin)
        try:
            yield
        except BaseException:
            # Where this fails as well the connection is gone, and the transaction with it.
            with contextlib.suppress(Lost):
                await self.script("ROLLBACK")
            raise
        try:
            await self.script("COMMIT")
        except Lost as lost:
            raise Lost(str(lost), uncertain=True) from lost

    async def script(self, text: str) -> None:
        """Run statements without values."""
        with explained(self.name):
            await self.raw.execute(text)

    async def value(self, statement: str) -> Any:  # noqa: ANN401 - whatever the column holds
        """The first value of the only row of a statement."""
        with explained(self.name):
            ((value,),) = await self.raw.fetch(statement)
        return value


@lru_cache(maxsize=_STATEMENTS_CACHED)
def numbered(statement: str) -> str:
    """A plain statement in PostgreSQL's words: `$1` for the first value, and locks on what is read to be changed."""
    if statement in _OWN_WORDS:
        return _OWN_WORDS[statement]
    number = count(1)
    text = re.sub(r"\?", lambda _: f"${next(number)}", statement)
    return f"{text} FOR UPDATE" if statement in _LOCKING else text


def _count(tag: str) -> int:
    """How many rows a command tag tells of: `INSERT 0 1`, `UPDATE 3`."""
    last = tag.rpartition(" ")[2]
    return int(last) if last.isdecimal() else 0
