"""Payments, memos and what administrators did: the same on every store."""

from __future__ import annotations

import asyncio

import pytest

from botflight_service.billing import payments
from botflight_service.billing.ledger import AccountKind
from botflight_service.billing.money import Credits, credits
from botflight_service.billing.payments import Payment, PaymentMove, PaymentState
from botflight_service.memo import Memo
from botflight_service.storage.interface import (
    Balance,
    Done,
    House,
    IdempotencyConflict,
    InsufficientFunds,
    MemoChanged,
    PaymentExists,
    PaymentMoved,
    Receipt,
    Storage,
    WorkRefused,
)
from makings import ALICE, BOB, NOW_MS, PARTNER, action, attempt, envelope, payment, session, task, work


async def pay(storage: Storage, paid: Payment | None = None) -> Payment:
    """A payment with its credits, in one commit."""
    one = paid or payment()
    await storage.commit(work(payment=one, transfers=payments.credit(one, partner=PARTNER, at_ms=NOW_MS)))
    return one


async def begin_refund(storage: Storage, read: Payment, taken: Credits) -> Payment:
    """A refund that Telegram has not been asked for."""
    transfers = payments.take_back(read, taken, partner=PARTNER, at_ms=NOW_MS)
    await storage.commit(
        work(payment_move=PaymentMove(read=read, to=PaymentState.REFUNDING, taken=taken), transfers=transfers)
    )
    found = await storage.payment(PARTNER, read.charge_id)
    assert found is not None
    return found


async def end(storage: Storage, read: Payment, to: PaymentState) -> None:
    """The end of a refund."""
    transfers = payments.hand_back(read, partner=PARTNER, at_ms=NOW_MS) if to is PaymentState.PAID else ()
    await storage.commit(work(payment_move=PaymentMove(read=read, to=to), transfers=transfers))


async def available(storage: Storage, user_id: int = ALICE) -> Credits:
    return (await storage.balance(PARTNER, user_id)).available


async def test_a_payment_and_its_credits_are_one_commit(storage: Storage) -> None:
    """Both are there, and the payment reads as it was written."""
    paid = await pay(storage)

    assert await storage.payment(PARTNER, "st1") == paid
    assert await available(storage) == credits(50)
    assert (await storage.house(PARTNER)).top_up_clearing == -credits(50)


async def test_a_charge_is_credited_once(storage: Storage) -> None:
    """The same charge again, in the same terms or in others, is refused whole."""
    await pay(storage)

    for again in (payment(), payment(credited=credits(60)), payment(user_id=BOB)):
        with pytest.raises(PaymentExists):
            await pay(storage, again)

    assert await available(storage) == credits(50)
    assert await available(storage, BOB) == credits(0)


async def test_the_ledger_itself_refuses_other_terms_for_a_charge(storage: Storage) -> None:
    """Even where the payment were forgotten, its transfer carries the charge's id."""
    await pay(storage)

    with pytest.raises(IdempotencyConflict):
        await storage.credit_balance_once(PARTNER, ALICE, 60, "stars:st1")

    assert not await storage.credit_balance_once(PARTNER, ALICE, 50, "stars:st1")


async def test_twenty_receipts_of_a_charge_at_once_credit_once(storage: Storage) -> None:
    """However many hear of a payment in the same moment."""
    outcomes = await asyncio.gather(*(pay(storage) for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(outcome, Payment) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PaymentExists) for outcome in outcomes) == 19
    assert await available(storage) == credits(50)


async def test_a_refund_takes_the_credits_before_the_stars_go(storage: Storage) -> None:
    """What was credited is gone from the wallet from the moment that the refund begins."""
    refunding = await begin_refund(storage, await pay(storage), credits(50))

    assert (refunding.state, refunding.refunds, refunding.taken) == (PaymentState.REFUNDING, 1, credits(50))
    assert await storage.balance(PARTNER, ALICE) == Balance(credits(0), credits(0))
    assert await storage.house(PARTNER) == House(revenue=credits(0), top_up_clearing=credits(0), adjustments=credits(0))
    assert await storage.payments_in(PARTNER, PaymentState.REFUNDING, limit=9) == [refunding]


async def test_a_refund_of_spent_credits_is_refused_whole(storage: Storage) -> None:
    """A hundredth too little in the wallet: the payment stays as it was, nothing moves."""
    paid = await pay(storage)
    await storage.charge_balance_once(PARTNER, ALICE, "0.01", task())

    with pytest.raises(InsufficientFunds):
        await begin_refund(storage, paid, credits(50))

    assert await storage.payment(PARTNER, "st1") == paid
    assert await available(storage) == credits("49.99")


async def test_the_house_bears_what_was_spent(storage: Storage) -> None:
    """Where less is taken than was credited the rest is the house's loss, and nobody is below zero."""
    paid = await pay(storage)
    await storage.charge_balance_once(PARTNER, ALICE, 30, task())
    await storage.commit(work(attempt=attempt()))

    await end(storage, await begin_refund(storage, paid, credits(20)), PaymentState.REFUNDED)

    assert await available(storage) == credits(0)
    assert (await storage.house(PARTNER)).adjustments == -credits(30)
    assert await storage.violations() == []


@pytest.mark.parametrize("taken", [0, 20, 50])
async def test_a_refund_that_telegram_refused_is_undone(storage: Storage, taken: int) -> None:
    """The wallet and the house have what they had, and the next refund is one of its own."""
    paid = await pay(storage)
    await end(storage, await begin_refund(storage, paid, credits(taken)), PaymentState.PAID)
    again = await storage.payment(PARTNER, "st1")

    assert again is not None
    assert await available(storage) == credits(50)
    assert (await storage.house(PARTNER)).adjustments == credits(0)
    assert (await begin_refund(storage, again, credits(50))).refunds == 2
    assert await available(storage) == credits(0)
    assert await storage.violations() == []


async def test_a_refund_begins_once_however_many_read_the_same(storage: Storage) -> None:
    """Of twenty that ask in the same moment one takes the credits."""
    paid = await pay(storage)
    await storage.credit_balance_once(PARTNER, ALICE, 1000, "more")

    outcomes = await asyncio.gather(
        *(begin_refund(storage, paid, credits(50)) for _ in range(20)), return_exceptions=True
    )

    assert sum(isinstance(outcome, Payment) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PaymentMoved) for outcome in outcomes) == 19
    assert await available(storage) == credits(1000)


async def test_who_read_the_payment_before_an_undone_refund_does_not_begin_another(storage: Storage) -> None:
    """It is paid again, as it was when it was read, yet its transfers' ids are used up: the move is refused."""
    paid = await pay(storage)
    await end(storage, await begin_refund(storage, paid, credits(50)), PaymentState.PAID)

    with pytest.raises(PaymentMoved):
        await begin_refund(storage, paid, credits(50))

    assert await available(storage) == credits(50)


async def test_a_refunded_payment_stays_refunded(storage: Storage) -> None:
    """There is no way on from the end."""
    await end(storage, await begin_refund(storage, await pay(storage), credits(50)), PaymentState.REFUNDED)
    refunded = await storage.payment(PARTNER, "st1")

    assert refunded is not None
    with pytest.raises(ValueError, match="does not go"):
        await begin_refund(storage, refunded, credits(50))


async def test_a_payment_of_another_partner_cannot_be_moved(storage: Storage) -> None:
    """The same charge id in two partners' bots is two payments."""
    paid = await pay(storage)
    transfers = payments.take_back(paid, credits(0), partner="p-other", at_ms=NOW_MS)
    move = PaymentMove(read=paid, to=PaymentState.REFUNDING)

    with pytest.raises(PaymentMoved):
        await storage.commit(work(partner="p-other", payment_move=move, transfers=transfers))

    assert await storage.payment("p-other", "st1") is None


async def test_the_payments_of_a_user_are_read_newest_first(storage: Storage) -> None:
    """And no one else's are among them."""
    for name, user_id in (("st1", ALICE), ("st2", BOB), ("st3", ALICE), ("st4", ALICE)):
        await pay(storage, payment(name, user_id=user_id))

    found = await storage.payments_of(PARTNER, ALICE, limit=2)

    assert [one.charge_id for one in found] == ["st4", "st3"]


async def test_a_receipt_that_comes_again_is_a_repeat(storage: Storage) -> None:
    """An update that was done is done: its payment is not looked at again."""
    await storage.accept(envelope(7))
    receipt = work(payment=payment(), done=Done(update_id=7, outcome="OK"))
    await storage.commit(receipt)

    assert await storage.commit(receipt) == Receipt(repeat=True)


async def test_a_memo_is_written_over_the_version_that_was_read(storage: Storage) -> None:
    """Whoever read an older one is refused, and nothing of their work is kept."""
    await storage.commit(work(memo=Memo(name="a memo", body={"next": 1})))
    first = await storage.memo(PARTNER, "a memo")
    await storage.commit(work(memo=Memo(name="a memo", version=1, body={"next": 2})))

    for version in (0, 1, 3):
        with pytest.raises(MemoChanged):
            await storage.commit(work(memo=Memo(name="a memo", version=version), action=action()))

    assert (first.version, first.body) == (1, {"next": 1})
    assert (await storage.memo(PARTNER, "a memo")).body == {"next": 2}
    assert await storage.memo("p-other", "a memo") == Memo(name="a memo")
    assert await storage.actions(PARTNER, limit=9) == []


async def test_of_twenty_who_change_a_memo_at_once_one_does(storage: Storage) -> None:
    """Two replicas that take the same step take it once."""
    outcomes = await asyncio.gather(
        *(storage.commit(work(memo=Memo(name="a memo", body={"by": number}))) for number in range(20)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, WorkRefused) for outcome in outcomes) == 19


async def test_what_administrators_did_is_read_newest_first(storage: Storage) -> None:
    """Each partner's own, as it was written."""
    for name in ("credit", "refund", "statistics"):
        await storage.commit(work(action=action(name)))
    await storage.commit(work(partner="p-other", action=action("theirs")))

    assert await storage.actions(PARTNER, limit=2) == [action("statistics"), action("refund")]


async def test_users_who_can_be_reached_are_read_in_order(storage: Storage) -> None:
    """Page by page, of one partner."""
    for user_id in (30, 10, 20):
        await storage.commit(work(session=session(1, user_id=user_id)))
    await storage.commit(work(partner="p-other", session=session(1, user_id=15)))

    assert await storage.reachable(PARTNER, limit=2) == [10, 20]
    assert await storage.reachable(PARTNER, after=20, limit=2) == [30]
    known = await storage.user(PARTNER, 20)
    assert known is not None
    assert (known.first_seen_at_ms, known.blocked_at_ms) == (NOW_MS, None)
    assert await storage.user(PARTNER, 15) is None


async def test_attempts_are_found_by_the_update_that_they_began_with(storage: Storage) -> None:
    """By its correlation id, within one partner."""
    await storage.commit(work(attempt=attempt(1)))
    await storage.commit(work(attempt=attempt(2, correlation_id=task("another tap"))))

    found = await storage.attempts_of(PARTNER, task("another tap"), limit=9)

    assert [one.task_id for one in found] == [task(2)]
    assert await storage.attempts_of("p-other", task("another tap"), limit=9) == []


def test_a_payment_that_is_credited_as_nothing_moves_nothing() -> None:
    """An invoice that was none of ours is written down all the same."""
    nothing = payment(credited=credits(0))

    assert payments.credit(nothing, partner=PARTNER, at_ms=NOW_MS) == ()
    assert payments.take_back(nothing, credits(0), partner=PARTNER, at_ms=NOW_MS) == ()


def test_what_is_taken_and_handed_back_is_the_same_the_other_way() -> None:
    """Share for share, with ids of their own."""
    paid = payment()
    taken = payments.take_back(paid, credits(20), partner=PARTNER, at_ms=NOW_MS)
    refunding = PaymentMove(read=paid, to=PaymentState.REFUNDING, taken=credits(20)).moved(at_ms=NOW_MS)
    handed = payments.hand_back(refunding, partner=PARTNER, at_ms=NOW_MS)

    assert [(one.debit.kind, one.credit.kind, one.amount_hundredths) for one in taken] == [
        (AccountKind.WALLET, AccountKind.TOP_UP_CLEARING, 2000),
        (AccountKind.ADJUSTMENTS, AccountKind.TOP_UP_CLEARING, 3000),
    ]
    assert [(one.credit, one.debit, one.amount_hundredths) for one in handed] == [
        (one.debit, one.credit, one.amount_hundredths) for one in taken
    ]
    assert len({one.transfer_id for one in (*taken, *handed)}) == 4
