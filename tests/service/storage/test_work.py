from __future__ import annotations

from dataclasses import replace

import pytest

from botflight_service.billing import ledger
from botflight_service.billing.money import credits
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import AttemptState, IllegalMove
from botflight_service.storage.interface import (
    AttemptExists,
    AttemptMoved,
    Balance,
    Done,
    FreeLimitReached,
    InsufficientFunds,
    NeverTaken,
    Storage,
)
from makings import ALICE, NOW_MS, PARTNER, TODAY, attempt, envelope, message, move, picture, session, task, work

HOLD = ledger.hold(partner=PARTNER, user_id=ALICE, amount=credits(10), task_id=task(), at_ms=NOW_MS)
FREE = FreeDeduction(task_id=task(), user_id=ALICE, day=TODAY, daily_limit=1, created_at_ms=NOW_MS)
PURCHASE = work(
    done=Done(update_id=5, outcome="OK"),
    session=session(5),
    attempt=attempt(),
    transfers=(HOLD,),
    messages=(message("Queued"),),
)


async def test_a_work_is_kept_whole(storage: Storage) -> None:
    """Session, attempt, money and message of one update are all there after one commit."""
    await storage.accept(envelope(5))
    await storage.credit_balance_once(PARTNER, ALICE, 15, "a payment")

    receipt = await storage.commit(PURCHASE)

    assert await storage.session(PARTNER, ALICE) == session(5)
    assert await storage.attempt(PARTNER, task()) == attempt()
    assert await storage.balance(PARTNER, ALICE) == Balance(credits(5), credits(10))
    assert await storage.unsent(PARTNER) == list(receipt.messages)
    assert [queued.message for queued in receipt.messages] == [message("Queued")]
    assert await storage.undone(PARTNER) == []


async def test_a_refused_work_leaves_nothing(storage: Storage) -> None:
    """What cannot be paid leaves no attempt, no session, no message, and its update stays undone."""
    await storage.accept(envelope(5))
    await storage.credit_balance_once(PARTNER, ALICE, 9.99, "a payment")

    with pytest.raises(InsufficientFunds):
        await storage.commit(PURCHASE)

    assert await storage.session(PARTNER, ALICE) is None
    assert not await storage.has_user(PARTNER, ALICE)
    assert await storage.attempt(PARTNER, task()) is None
    assert await storage.unsent(PARTNER) == []
    assert len(await storage.undone(PARTNER)) == 1


async def test_an_update_that_is_done_does_nothing_again(storage: Storage) -> None:
    """The work of an update that was committed before is a repeat: no second message goes out."""
    await storage.accept(envelope(5))
    again = work(done=Done(update_id=5, outcome="OK"), messages=(message(),))
    await storage.commit(again)

    receipt = await storage.commit(again)

    assert receipt.repeat
    assert receipt.messages == ()
    assert len(await storage.unsent(PARTNER)) == 1


async def test_a_work_of_an_update_that_nobody_accepted_is_kept(storage: Storage) -> None:
    """An update that is not in the inbox (pruned, or never stored) does not make its work a repeat."""
    receipt = await storage.commit(work(done=Done(update_id=99, outcome="OK"), messages=(message(),)))

    assert len(receipt.messages) == 1


async def test_one_attempt_a_task(storage: Storage) -> None:
    """A task that has its attempt is refused the second one, whatever that one says."""
    await storage.commit(work(attempt=attempt()))

    with pytest.raises(AttemptExists):
        await storage.commit(work(attempt=attempt(user_id=99), messages=(message(),)))

    assert await storage.attempt(PARTNER, task()) == attempt()
    assert await storage.unsent(PARTNER) == []


async def test_a_move_changes_what_it_names(storage: Storage) -> None:
    """State and time change with every move, the job id and the artifact when they are given, the rest stays."""
    await storage.commit(work(attempt=attempt()))

    await storage.commit(move(AttemptState.CONFIRMED, AttemptState.SUBMITTING, submitted_at_ms=NOW_MS + 1))
    await storage.commit(move(AttemptState.SUBMITTING, AttemptState.RUNNING, job_id="job-1"))
    await storage.commit(
        replace(move(AttemptState.RUNNING, AttemptState.SUCCEEDED, artifact=picture()), at_ms=NOW_MS + 9)
    )

    assert await storage.attempt(PARTNER, task()) == attempt(
        state=AttemptState.SUCCEEDED,
        changed_at_ms=NOW_MS + 9,
        submitted_at_ms=NOW_MS + 1,
        job_id="job-1",
        artifact=picture(),
    )


async def test_a_failure_is_noted(storage: Storage) -> None:
    """Why an attempt failed stays with it."""
    await storage.commit(work(attempt=attempt()))

    await storage.commit(move(AttemptState.CONFIRMED, AttemptState.FAILED, failure="PROMPT_REFUSED"))

    found = await storage.attempt(PARTNER, task())
    assert found is not None
    assert (found.state, found.failure) == (AttemptState.FAILED, "PROMPT_REFUSED")


@pytest.mark.parametrize("name", ["a task", "an unknown task"])
async def test_a_move_from_elsewhere_is_refused(storage: Storage, name: str) -> None:
    """An attempt that stands in another state than was read, or nowhere, does not move."""
    await storage.commit(work(attempt=attempt()))

    with pytest.raises(AttemptMoved):
        await storage.commit(move(AttemptState.RUNNING, AttemptState.SUCCEEDED, name))

    assert await storage.attempt(PARTNER, task()) == attempt()


async def test_a_move_that_the_table_lacks_is_an_error(storage: Storage) -> None:
    """A confirmed attempt cannot be delivered, whoever asks for it."""
    await storage.commit(work(attempt=attempt()))

    with pytest.raises(IllegalMove):
        await storage.commit(move(AttemptState.CONFIRMED, AttemptState.DELIVERED))

    assert await storage.attempt(PARTNER, task()) == attempt()


async def test_a_free_generation_is_taken_with_its_attempt(storage: Storage) -> None:
    """The work that takes a free generation counts it; the next one finds the day used up and keeps nothing."""
    await storage.commit(work(attempt=attempt(), free=FREE))

    with pytest.raises(FreeLimitReached):
        await storage.commit(work(attempt=attempt("another"), free=replace(FREE, task_id=task("another"))))

    assert await storage.free_used(PARTNER, ALICE, TODAY) == 1
    assert await storage.attempt(PARTNER, task("another")) is None


async def test_a_free_generation_is_given_back_with_the_failure(storage: Storage) -> None:
    """A failed attempt gives its free generation back, once however often it is said."""
    await storage.commit(work(attempt=attempt(), free=FREE))

    await storage.commit(work(restore_free=task()))
    await storage.commit(work(restore_free=task()))

    assert await storage.free_used(PARTNER, ALICE, TODAY) == 0


async def test_a_free_generation_that_was_never_taken_is_not_given_back(storage: Storage) -> None:
    """Giving back what was not taken is refused."""
    with pytest.raises(NeverTaken):
        await storage.commit(work(restore_free=task()))


async def test_transfers_of_a_work_stand_or_fall_together(storage: Storage) -> None:
    """Where the second transfer cannot be paid, the first one did not happen."""
    await storage.credit_balance_once(PARTNER, ALICE, 15, "a payment")
    second = ledger.hold(partner=PARTNER, user_id=ALICE, amount=credits(10), task_id=task("another"), at_ms=NOW_MS)

    with pytest.raises(InsufficientFunds):
        await storage.commit(work(transfers=(HOLD, second)))

    assert await storage.balance(PARTNER, ALICE) == Balance(credits(15), credits(0))
