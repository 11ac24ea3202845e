from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from botflight_service.storage.interface import Storage, StorageError
from botflight_service.storage.sql.postgres import PostgresStorage, pool
from botflight_service.storage.sql.postgres.link import Link
from botflight_service.storage.sql.postgres.store import LOST_PAUSES_S
from makings import PARTNER, envelope
from purchase import Purchase

CUTS = ("before", "after")


class Scissors:
    """Cuts the connection of a statement, by its number: before it is sent, or after it was carried out."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.statements = 0
        self.cut_at = -1
        self.when = "before"
        #: How many of the next statements are cut, instead of one: of those that begin with `only`.
        self.cuts = 0
        self.only = ""

    def link(self, raw: Any, *, name: str) -> Link:
        """A connection that is under the scissors."""
        return Link(_Cut(raw, self), name=name)

    async def around(self, raw: Any, run: Any, *given: Any) -> Any:
        """Run a statement, or what is left of it."""
        self.statements += 1
        due = self.statements - 1 == self.cut_at
        if self.cuts > 0 and str(given[0]).startswith(self.only):
            self.cuts -= 1
            due = True
        if due and self.when == "before":
            await self._cut(raw)
        answer = await run(*given)
        if due and self.when == "after":
            await self._cut(raw)
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return answer

    async def _cut(self, raw: Any) -> None:
        """Let the server end the session, as an administrator does or a crash."""
        hand = await asyncpg.connect(self._url)
        await hand.fetchval("SELECT pg_terminate_backend($1, 1000)", raw.get_server_pid())
        await hand.close()


class _Cut:
    def __init__(self, raw: Any, scissors: Scissors) -> None:
        self._raw = raw
        self._scissors = scissors

    async def execute(self, *given: Any) -> Any:
        return await self._scissors.around(self._raw, self._raw.execute, *given)

    async def fetch(self, *given: Any) -> Any:
        return await self._scissors.around(self._raw, self._raw.fetch, *given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


@pytest.fixture
def scissors(postgres_url: str, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scissors]:
    """Every connection of the store from now on."""
    made = Scissors(postgres_url)
    monkeypatch.setattr(pool, "Link", made.link)
    return made


async def statements_of_a_purchase(storage: Storage, scissors: Scissors) -> int:
    await Purchase(1).make(storage)
    return scissors.statements


@pytest.mark.parametrize("when", CUTS)
async def test_a_purchase_survives_a_cut_at_every_statement(storage: Storage, scissors: Scissors, when: str) -> None:
    """Whichever statement of a purchase loses its connection or its answer, it comes to its one end."""
    statements = await statements_of_a_purchase(storage, scissors)

    for cut_at in range(statements):
        purchase = Purchase(cut_at + 2)
        scissors.statements, scissors.cut_at, scissors.when = 0, cut_at, when
        await purchase.make(storage)
        scissors.cut_at = -1
        await purchase.check(storage)

    assert statements > 10
    assert await storage.unsent(PARTNER) == []
    assert await storage.undone(PARTNER) == []
    assert await storage.violations() == []


async def test_a_server_that_stays_away_is_an_error_after_bounded_tries(
    storage: PostgresStorage, scissors: Scissors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a server learns within seconds that it is not there."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(storage, "_sleep", sleep)
    scissors.cuts = 1_000

    with pytest.raises(StorageError):
        await storage.balance(PARTNER, 1)

    assert pauses == list(LOST_PAUSES_S)


async def test_an_update_whose_commit_was_never_heard_of_is_new_when_it_comes_again(
    storage: PostgresStorage, scissors: Scissors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the store, yet in nobody's hands: Telegram's next delivery of it is the first that counts, once."""
    monkeypatch.setattr(storage, "_sleep", lambda _: asyncio.sleep(0))
    scissors.cuts, scissors.when = len(LOST_PAUSES_S) + 1, "after"
    with pytest.raises(StorageError):
        await storage.accept(envelope(5))

    scissors.cuts = 0
    answers = [await storage.accept(envelope(5)) for _ in range(2)]

    assert answers == [True, False]


async def test_a_work_whose_commit_was_never_heard_of_gives_out_its_messages_when_it_is_done_again(
    storage: PostgresStorage, scissors: Scissors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update's handler runs once more, and what it had queued before is sent, not forgotten."""
    purchase = Purchase(7)
    await storage.credit_balance_once(PARTNER, 7, 30, "a payment")
    await storage.accept(envelope(7))
    monkeypatch.setattr(storage, "_sleep", lambda _: asyncio.sleep(0))
    scissors.cuts, scissors.when, scissors.only = len(LOST_PAUSES_S) + 1, "after", "COMMIT"
    with pytest.raises(StorageError):
        await storage.commit(purchase.confirm())

    receipt = await storage.commit(purchase.confirm())

    assert [queued.message for queued in receipt.messages] == list(purchase.confirm().messages)
    assert not receipt.repeat
