from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from botflight_service.billing import ledger
from botflight_service.billing.money import Credits, InvalidAmount, credits
from botflight_service.storage.interface import (
    Balance,
    FreeLimitReached,
    IdempotencyConflict,
    InsufficientFunds,
    NeverTaken,
    Storage,
)
from makings import ALICE, BOB, NOW_MS, PARTNER, TODAY, attempt, task, work

Verb = Callable[[Storage], Awaitable[bool]]


def credit(amount: object = 10, payment_id: str = "a payment", user_id: int = ALICE) -> Verb:
    return lambda storage: storage.credit_balance_once(PARTNER, user_id, amount, payment_id)  # type: ignore[arg-type]  # refused ones too


def hold(amount: object = 10, user_id: int = ALICE) -> Verb:
    return lambda storage: storage.hold_balance_once(PARTNER, user_id, amount, task())  # type: ignore[arg-type]  # refused ones too


def charge(amount: object = 10, user_id: int = ALICE) -> Verb:
    return lambda storage: storage.charge_balance_once(PARTNER, user_id, amount, task())  # type: ignore[arg-type]  # refused ones too


def release(user_id: int = ALICE) -> Verb:
    return lambda storage: storage.release_hold_once(PARTNER, user_id, task())


def refund(user_id: int = ALICE) -> Verb:
    return lambda storage: storage.refund_charge_once(PARTNER, user_id, task())


def take_free(user_id: int = ALICE, day: str = TODAY, daily_limit: int = 5) -> Verb:
    return lambda storage: storage.consume_free_generation_once(
        PARTNER, user_id, task(), day=day, daily_limit=daily_limit
    )


def restore_free(user_id: int = ALICE) -> Verb:
    return lambda storage: storage.restore_free_generation_once(PARTNER, user_id, task())


def balance(available: float, held: float = 0) -> Balance:
    return Balance(credits(available), credits(held))


async def after(storage: Storage, *verbs: Verb) -> Balance:
    """Alice's balance after these steps."""
    for verb in verbs:
        await verb(storage)
    return await storage.balance(PARTNER, ALICE)


@pytest.mark.parametrize(
    ("verbs", "expected"),
    [
        ([], balance(0)),
        ([credit()], balance(10)),
        ([credit(), hold(4)], balance(6, 4)),
        ([credit(), hold(4), charge(4)], balance(6)),
        ([credit(), hold(4), release()], balance(10)),
        ([credit(), charge(4)], balance(6)),
        ([credit(), charge(4), refund()], balance(10)),
        ([credit(), hold(4), charge(4), refund()], balance(10)),
        ([credit(), hold(10)], balance(0, 10)),
    ],
)
async def test_verbs_move_money(storage: Storage, verbs: list[Verb], expected: Balance) -> None:
    """Each way through the verbs leaves the balance that it should."""
    assert await after(storage, *verbs) == expected


@pytest.mark.parametrize(
    ("before", "verb"),
    [
        ([], credit()),
        ([credit()], hold()),
        ([credit()], charge()),
        ([credit(), hold()], charge()),
        ([credit(), hold()], release()),
        ([credit(), charge()], refund()),
        ([], take_free()),
        ([take_free()], restore_free()),
    ],
)
async def test_doing_it_twice_is_doing_it_once(storage: Storage, before: list[Verb], verb: Verb) -> None:
    """A repeated verb says that it is one, and changes nothing."""
    await after(storage, *before)

    assert await verb(storage)
    once = await storage.balance(PARTNER, ALICE)
    assert not await verb(storage)

    assert await storage.balance(PARTNER, ALICE) == once


@pytest.mark.parametrize(
    ("before", "verb"),
    [
        ([credit()], credit(11)),
        ([credit()], credit(user_id=BOB)),
        ([credit(), hold()], hold(9)),
        ([credit(), credit(payment_id="Bob's", user_id=BOB), hold()], hold(user_id=BOB)),
        ([credit(), hold()], charge(9)),
        ([credit(), hold(), charge()], release()),
        ([credit(), hold(), release()], charge()),
        ([credit(), charge(4)], charge(5)),
        ([credit(), charge(4)], hold(4)),
        ([credit(), hold()], release(BOB)),
        ([credit(), charge()], refund(BOB)),
        ([take_free()], take_free(BOB)),
        ([take_free()], restore_free(BOB)),
    ],
)
async def test_other_terms_under_the_same_id_are_a_conflict(storage: Storage, before: list[Verb], verb: Verb) -> None:
    """Another amount, another user or another end for what has its id already is refused and changes nothing."""
    expected = await after(storage, *before)

    with pytest.raises(IdempotencyConflict):
        await verb(storage)

    assert await storage.balance(PARTNER, ALICE) == expected


@pytest.mark.parametrize("verb", [release(), refund(), restore_free()])
async def test_what_was_never_taken_is_not_given_back(storage: Storage, verb: Verb) -> None:
    """There is nothing to release, to refund or to restore where nothing was taken."""
    await after(storage, credit())

    with pytest.raises(NeverTaken):
        await verb(storage)


@pytest.mark.parametrize("verb", [hold(10.01), charge(10.01)])
async def test_no_more_is_taken_than_is_there(storage: Storage, verb: Verb) -> None:
    """A hundredth too much is too much."""
    await after(storage, credit())

    with pytest.raises(InsufficientFunds):
        await verb(storage)

    assert await storage.balance(PARTNER, ALICE) == balance(10)


async def test_what_is_held_cannot_be_spent(storage: Storage) -> None:
    """Money that is set aside for one task pays for no other."""
    await after(storage, credit(), hold(8))

    with pytest.raises(InsufficientFunds):
        await storage.charge_balance_once(PARTNER, ALICE, 3, task("another"))


@pytest.mark.parametrize("verb", [credit, hold, charge])
@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf"), "0.001", True, Credits(0), None], ids=repr)
async def test_what_is_no_amount_moves_nothing(
    storage: Storage, verb: Callable[[object], Verb], amount: object
) -> None:
    """Every verb that takes an amount refuses what is none."""
    with pytest.raises(InvalidAmount):
        await verb(amount)(storage)

    assert await storage.balance(PARTNER, ALICE) == balance(0)


async def test_a_hundred_spends_at_once_never_pass_zero(storage: Storage) -> None:
    """A hundred concurrent spends of one on a balance of fifty are exactly fifty spends."""
    await storage.credit_balance_once(PARTNER, ALICE, 50, "a payment")

    outcomes = await asyncio.gather(
        *(storage.charge_balance_once(PARTNER, ALICE, 1, task(number)) for number in range(100)),
        return_exceptions=True,
    )

    assert outcomes.count(True) == 50
    assert sum(isinstance(outcome, InsufficientFunds) for outcome in outcomes) == 50
    assert await storage.balance(PARTNER, ALICE) == balance(0)
    assert await storage.violations() == []


async def test_partners_share_no_money(storage: Storage) -> None:
    """The same user and the same payment id in two partners' bots are two wallets."""
    await after(storage, credit())

    assert await storage.credit_balance_once("p-other", ALICE, 3, "a payment")

    assert await storage.balance("p-other", ALICE) == balance(3)
    assert await storage.balance(PARTNER, ALICE) == balance(10)


async def test_a_work_posts_the_hold_that_a_verb_made(storage: Storage) -> None:
    """Verbs and works write the same ledger: a charge committed with a work posts the hold, once."""
    await after(storage, credit(), hold(4))
    posted = ledger.charge(partner=PARTNER, user_id=ALICE, amount=credits(4), task_id=task(), at_ms=NOW_MS)

    await storage.commit(work(transfers=(posted,)))
    await storage.commit(work(transfers=(replace(posted, created_at_ms=NOW_MS + 1),)))

    assert await storage.balance(PARTNER, ALICE) == balance(6)
    assert not await storage.charge_balance_once(PARTNER, ALICE, 4, task())


async def test_a_day_has_its_own_free_generations(storage: Storage) -> None:
    """What is used up today is there again tomorrow."""
    await storage.consume_free_generation_once(PARTNER, ALICE, task("today"), day=TODAY, daily_limit=1)

    with pytest.raises(FreeLimitReached):
        await storage.consume_free_generation_once(PARTNER, ALICE, task("more"), day=TODAY, daily_limit=1)

    assert await storage.consume_free_generation_once(PARTNER, ALICE, task("more"), day="2026-09-22", daily_limit=1)


async def test_a_retry_after_midnight_takes_no_second_free_generation(storage: Storage) -> None:
    """The same task is the same deduction, whatever day the retry thinks it is."""
    await after(storage, take_free(day=TODAY))

    assert not await take_free(day="2026-09-22")(storage)

    assert await storage.free_used(PARTNER, ALICE, "2026-09-22") == 0


async def test_a_limit_of_zero_gives_nothing(storage: Storage) -> None:
    """Where free generations are switched off, the first one is refused."""
    with pytest.raises(FreeLimitReached):
        await take_free(daily_limit=0)(storage)


async def test_a_generation_given_back_can_be_taken_again(storage: Storage) -> None:
    """What one task gave back is free for the next."""
    await after(storage, take_free(daily_limit=1), restore_free())

    assert await storage.consume_free_generation_once(PARTNER, ALICE, task("another"), day=TODAY, daily_limit=1)


async def test_purchases_leave_a_sound_ledger(storage: Storage) -> None:
    """With one purchase under way, one charged and one released, every invariant holds."""
    await after(storage, credit(100))
    for number in range(3):
        await storage.commit(work(attempt=attempt(number)))
        await storage.hold_balance_once(PARTNER, ALICE, 10, task(number))

    await storage.charge_balance_once(PARTNER, ALICE, 10, task(1))
    await storage.release_hold_once(PARTNER, ALICE, task(2))

    assert await storage.violations() == []
