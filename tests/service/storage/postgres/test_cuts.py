from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.prove.server_cuts import MOMENTS, Scissors, cut_everywhere

from botflight_service.storage.interface import Storage, StorageError
from botflight_service.storage.sql.postgres import PostgresStorage, pool, single
from botflight_service.storage.sql.postgres.store import LOST_PAUSES_S
from makings import PARTNER, envelope
from purchase import Purchase


@pytest.fixture
def scissors(postgres_url: str, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scissors]:
    """Every connection of the store from now on."""
    made = Scissors(postgres_url)
    monkeypatch.setattr(pool, "Link", made.link)
    return made


@pytest.mark.parametrize("when", MOMENTS)
async def test_a_purchase_survives_a_cut_at_any_statement(storage: Storage, scissors: Scissors, when: str) -> None:
    """Whichever statement of a purchase loses its connection or its answer, it comes to its one end."""
    cuts = await cut_everywhere(storage, scissors, when=when, first=100, every=4)

    assert cuts > 3


@pytest.mark.parametrize("when", MOMENTS)
async def test_a_purchase_step_by_step_survives_a_cut_at_any_statement(
    storage: Storage, scissors: Scissors, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does one whose works do not fit into one statement."""
    monkeypatch.setattr(single, "fits", lambda _: False)

    cuts = await cut_everywhere(storage, scissors, when=when, first=100, every=10)

    assert cuts > 3


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
