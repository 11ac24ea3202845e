from __future__ import annotations

from dataclasses import replace

import pytest

from botflight_service.billing.money import credits
from botflight_service.storage.interface import Done, Mark, SendOutcome, Storage
from makings import ALICE, NOW_MS, PARTNER, attempt, envelope, message, work


async def end_update(storage: Storage, update_id: int, *, at_ms: int) -> None:
    """Accept an update and end it."""
    await storage.accept(envelope(update_id))
    await storage.commit(replace(work(done=Done(update_id=update_id, outcome="OK")), at_ms=at_ms))


async def end_message(storage: Storage, *, at_ms: int) -> None:
    """Queue a message and end it."""
    (queued,) = (await storage.commit(work(messages=(message(),)))).messages
    await storage.mark(PARTNER, [Mark(place=queued.place, outcome=SendOutcome.SENT, at_ms=at_ms)])


@pytest.mark.parametrize(("at_ms", "gone"), [(NOW_MS - 1, 1), (NOW_MS, 0)])
async def test_done_updates_go_by_age(storage: Storage, at_ms: int, gone: int) -> None:
    """What was done before the instant is forgotten, what was done at it stays known as a repeat."""
    await end_update(storage, 5, at_ms=at_ms)

    assert await storage.prune(PARTNER, before_ms=NOW_MS) == gone

    assert await storage.accept(envelope(5)) is bool(gone)


@pytest.mark.parametrize(("at_ms", "gone"), [(NOW_MS - 1, 1), (NOW_MS, 0)])
async def test_ended_messages_go_by_age(storage: Storage, at_ms: int, gone: int) -> None:
    """Messages that ended before the instant are forgotten."""
    await end_message(storage, at_ms=at_ms)

    assert await storage.prune(PARTNER, before_ms=NOW_MS) == gone


async def test_pruning_goes_in_small_steps(storage: Storage) -> None:
    """One call removes at most the limit of each, the oldest first; calls go on until nothing is left."""
    for update_id in (1, 2, 3):
        await end_update(storage, update_id, at_ms=NOW_MS - 10 + update_id)

    steps = [await storage.prune(PARTNER, before_ms=NOW_MS, limit=2) for _ in range(3)]

    assert steps == [2, 1, 0]


async def test_what_is_unfinished_and_what_is_money_stays(storage: Storage) -> None:
    """Undone updates, unsent messages, attempts and money outlive any pruning."""
    await storage.accept(envelope(5))
    await storage.credit_balance_once(PARTNER, ALICE, 10, "a payment")
    await storage.commit(work(attempt=attempt(), messages=(message(),)))

    assert await storage.prune(PARTNER, before_ms=2 * NOW_MS) == 0

    assert len(await storage.undone(PARTNER)) == 1
    assert len(await storage.unsent(PARTNER)) == 1
    assert await storage.history(PARTNER, ALICE, limit=9) == [attempt()]
    assert (await storage.balance(PARTNER, ALICE)).available == credits(10)


async def test_pruning_reaches_no_other_partner(storage: Storage) -> None:
    """Each partner is pruned on its own."""
    await end_update(storage, 5, at_ms=NOW_MS - 1)

    assert await storage.prune("p-other", before_ms=NOW_MS) == 0
