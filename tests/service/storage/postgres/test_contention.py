from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.storage.interface import (
    AttemptMoved,
    Balance,
    Done,
    IdempotencyConflict,
    Move,
    Storage,
    WorkRefused,
)
from botflight_service.storage.sql.postgres import PostgresStorage
from makings import ALICE, NOW_MS, PARTNER, TODAY, attempt, envelope, message, session, task, work
from purchase import Purchase

HERE = Path(__file__).parent


@pytest.fixture
async def other(postgres_url: str, storage: Storage) -> AsyncIterator[Storage]:
    """A second replica on the same database."""
    opened = PostgresStorage(postgres_url, clock=lambda: NOW_MS)
    await opened.open()
    yield opened
    await opened.close()


@pytest.mark.process
async def test_a_hundred_spends_from_two_processes_never_pass_zero(storage: Storage, postgres_url: str) -> None:
    """Fifty credits are fifty spends, whoever makes them."""
    await storage.credit_balance_once(PARTNER, ALICE, 50, "a payment")
    spenders = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / "spender.py"), postgres_url, tag, "50"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE.parents[2]), os.environ.get("PYTHONPATH", "")))},
        )
        for tag in ("one", "other")
    ]

    for spender in spenders:
        assert spender.stdout is not None
        assert await spender.stdout.readline() == b"ready\n"
    told = [await one for one in [asyncio.create_task(spender.communicate(b"go\n")) for spender in spenders]]

    assert sum(int(out) for out, _ in told) == 50
    assert await storage.balance(PARTNER, ALICE) == Balance(credits(0), credits(0))
    assert await storage.violations() == []


async def test_the_same_work_in_two_replicas_is_done_once(storage: Storage, other: Storage) -> None:
    """Of twenty equal confirms in two replicas one goes through, and its messages are given out once."""
    await storage.credit_balance_once(PARTNER, 7, 30, "a payment")
    await storage.accept(envelope(7))
    confirm = Purchase(7).confirm()

    receipts = await asyncio.gather(*(replica.commit(confirm) for replica in (storage, other) * 10))

    assert [receipt.repeat for receipt in receipts].count(False) == 1
    assert sum(len(receipt.messages) for receipt in receipts) == 1
    assert await storage.balance(PARTNER, 7) == Balance(credits(20), credits(10))


async def test_an_update_delivered_to_two_replicas_is_taken_by_one(storage: Storage, other: Storage) -> None:
    """However they arrive together, one delivery of an update is new."""
    answers = await asyncio.gather(*(replica.accept(envelope(1)) for replica in (storage, other) * 10))

    assert answers.count(True) == 1


async def test_a_hold_is_posted_or_voided_never_both(storage: Storage, other: Storage) -> None:
    """Of a charge and a release of the same hold that come together, one is refused."""
    for number in range(10):
        await storage.credit_balance_once(PARTNER, ALICE, 10, f"payment {number}")
        await storage.hold_balance_once(PARTNER, ALICE, 10, task(number))

        outcomes = await asyncio.gather(
            storage.charge_balance_once(PARTNER, ALICE, 10, task(number)),
            other.release_hold_once(PARTNER, ALICE, task(number)),
            return_exceptions=True,
        )

        assert [type(outcome) for outcome in outcomes].count(IdempotencyConflict) == 1
    assert [one for one in await storage.violations() if "outlives" not in one] == []


async def test_a_task_begins_with_a_hold_or_with_a_charge_never_both(storage: Storage, other: Storage) -> None:
    """Of a hold and a charge of the wallet for one task, by two users even, one is refused; or the charge posts it."""
    for number in range(10):
        await storage.credit_balance_once(PARTNER, 1, 10, f"payment {number}")
        await storage.credit_balance_once(PARTNER, 2, 10, f"other payment {number}")

        outcomes = await asyncio.gather(
            storage.charge_balance_once(PARTNER, 1, 10, task(number)),
            other.hold_balance_once(PARTNER, 2, 10, task(number)),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, WorkRefused) for outcome in outcomes) == 1


async def test_opposite_ways_between_the_same_accounts_do_not_deadlock(storage: Storage, other: Storage) -> None:
    """Holds take from the wallet what releases give back to it: neither is ever undone for the other's sake."""
    await storage.credit_balance_once(PARTNER, ALICE, 100, "a payment")
    for number in range(20):
        await storage.hold_balance_once(PARTNER, ALICE, 1, task(number))

    await asyncio.gather(
        *(storage.release_hold_once(PARTNER, ALICE, task(number)) for number in range(20)),
        *(other.hold_balance_once(PARTNER, ALICE, 1, task(20 + number)) for number in range(20)),
        *(storage.credit_balance_once(PARTNER, ALICE, 1, f"more {number}") for number in range(20)),
    )

    assert await storage.balance(PARTNER, ALICE) == Balance(credits(100), credits(20))
    assert await deadlocks(storage) == 0


async def test_a_move_is_made_by_one_replica(storage: Storage, other: Storage) -> None:
    """Two replicas that settle the same attempt: one moves it, the other is told that it has moved."""
    await storage.commit(work(attempt=attempt()))
    moved = work(
        move=Move(task_id=task(), of=frozenset({AttemptState.CONFIRMED}), to=AttemptState.SUBMITTING),
        messages=(message(),),
    )

    outcomes = await asyncio.gather(*(one.commit(moved) for one in (storage, other) * 5), return_exceptions=True)

    assert Counter(type(outcome) for outcome in outcomes)[AttemptMoved] == 9
    assert len(await storage.unsent(PARTNER)) == 1


async def test_a_free_generation_is_given_back_once(storage: Storage, other: Storage) -> None:
    """However many give it back together, the day has one more."""
    for name in ("one", "other"):
        await storage.consume_free_generation_once(PARTNER, ALICE, task(name), day=TODAY, daily_limit=5)

    answers = await asyncio.gather(
        *(one.restore_free_generation_once(PARTNER, ALICE, task("one")) for one in (storage, other) * 5)
    )

    assert answers.count(True) == 1
    assert await storage.free_used(PARTNER, ALICE, TODAY) == 1


async def test_the_daily_limit_holds_across_replicas(storage: Storage, other: Storage) -> None:
    """Of twenty at once three get what there are three of."""
    outcomes = await asyncio.gather(
        *(
            replica.consume_free_generation_once(PARTNER, ALICE, task(number), day=TODAY, daily_limit=3)
            for number, replica in enumerate((storage, other) * 10)
        ),
        return_exceptions=True,
    )

    assert outcomes.count(True) == 3
    assert await storage.free_used(PARTNER, ALICE, TODAY) == 3


async def test_the_newest_session_stays_whichever_replica_was_faster(storage: Storage, other: Storage) -> None:
    """Of sessions written together, the one of the newest update is kept."""
    await asyncio.gather(
        *(
            replica.commit(work(session=session(update_id)))
            for update_id, replica in zip(range(20), (storage, other) * 10, strict=True)
        )
    )

    written = await storage.session(PARTNER, ALICE)
    assert written is not None
    assert written.update_id == 19


async def test_counters_keep_up_with_two_replicas(storage: Storage, other: Storage) -> None:
    """What preflight is told without counting is what counting says."""
    await asyncio.gather(
        *(Purchase(number).make(replica) for number, replica in zip(range(1, 21), (storage, other) * 10, strict=True))
    )

    facts = await storage.probe(PARTNER, day_of=lambda _: TODAY).users()
    assert facts.records == 20
    assert await storage.violations() == []
    assert await deadlocks(storage) == 0


async def deadlocks(storage: Storage) -> int:
    """How many transactions PostgreSQL undid in this database to end a deadlock."""
    assert isinstance(storage, PostgresStorage)
    connection = await asyncpg.connect(storage._pool._url)
    await connection.execute("SELECT pg_stat_force_next_flush()")
    found = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    await connection.close()
    return int(found)


async def test_a_repeat_of_an_end_is_told_from_a_first(storage: Storage, other: Storage) -> None:
    """An update that is done in one replica is a repeat in the other."""
    await storage.accept(envelope(3))
    done = work(done=Done(update_id=3, outcome="OK"))

    first, second = await storage.commit(done), await other.commit(done)

    assert (first.repeat, second.repeat) == (False, True)
