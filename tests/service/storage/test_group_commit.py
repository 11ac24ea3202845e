from __future__ import annotations

import asyncio

from botflight_service.billing import ledger
from botflight_service.billing.money import credits
from botflight_service.storage.interface import AttemptExists, Done, Storage, Work
from botflight_service.storage.sql.sqlite import SqliteStorage
from makings import ALICE, PARTNER, attempt, envelope, message, session, work


def purchase(number: int) -> Work:
    """What the tap on confirm causes, for a user of its own."""
    one = attempt(number, user_id=number, price=credits(1))
    hold = ledger.hold(partner=PARTNER, user_id=number, amount=one.price, task_id=one.task_id, at_ms=one.created_at_ms)
    return work(
        done=Done(update_id=number, outcome="OK"),
        session=session(number, user_id=number),
        attempt=one,
        transfers=(hold,),
        messages=(message(chat_id=number),),
    )


async def test_works_that_wait_together_share_a_commit(file_storage: Storage) -> None:
    """Sixty-four purchases at once take a handful of commits, and none of them is missing."""
    assert isinstance(file_storage, SqliteStorage)
    users = range(1, 65)
    await asyncio.gather(*(file_storage.credit_balance_once(PARTNER, user, 5, f"payment {user}") for user in users))
    await asyncio.gather(*(file_storage.accept(envelope(user)) for user in users))
    before = file_storage.commits

    receipts = await asyncio.gather(*(file_storage.commit(purchase(user)) for user in users))

    assert file_storage.commits - before <= 8
    assert len({queued.place for receipt in receipts for queued in receipt.messages}) == 64
    assert await file_storage.violations() == []


async def test_twenty_works_for_one_task_at_once_keep_one(storage: Storage) -> None:
    """Twenty taps on confirm, committed at the same moment: one attempt, one hold, one message."""
    await storage.credit_balance_once(PARTNER, ALICE, 5, "a payment")
    once = purchase(ALICE)

    outcomes = await asyncio.gather(*(storage.commit(once) for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(outcome, AttemptExists) for outcome in outcomes) == 19
    assert (await storage.balance(PARTNER, ALICE)).held == credits(1)
    assert len(await storage.unsent(PARTNER)) == 1


async def test_what_was_acknowledged_is_read(storage: Storage) -> None:
    """A read that begins after a commit was acknowledged sees it, whatever else goes on."""

    async def pay_and_look(user: int) -> bool:
        await storage.credit_balance_once(PARTNER, user, 5, f"payment {user}")
        return (await storage.balance(PARTNER, user)).available == credits(5)

    assert all(await asyncio.gather(*(pay_and_look(user) for user in range(1, 65))))
