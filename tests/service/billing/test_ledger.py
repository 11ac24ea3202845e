from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from botflight_service.billing import ledger, payments
from botflight_service.billing.ledger import Account, AccountKind, LedgerConflict, LedgerGap, Transfer, TransferKind
from botflight_service.billing.money import InvalidAmount, credits
from botflight_service.billing.payments import PaymentMove, PaymentState
from makings import ALICE, BOB, NOW_MS, PARTNER, payment, task

TERMS = {"partner": PARTNER, "user_id": ALICE, "amount": credits(10), "task_id": task(), "at_ms": NOW_MS}
HOLD = ledger.hold(**TERMS)
CHARGE = ledger.charge(**TERMS)
DIRECT = ledger.charge(**TERMS, held=False)
RELEASE = ledger.release(**TERMS)
REFUND = ledger.refund(**TERMS)
CREDIT = ledger.credit(partner=PARTNER, user_id=ALICE, amount=credits(10), payment_id="pay-1", at_ms=NOW_MS)
VERBS: list[Callable[..., Transfer]] = [ledger.hold, ledger.charge, ledger.release, ledger.refund]


@pytest.mark.parametrize(
    ("transfer", "debit", "credit"),
    [
        (HOLD, Account(AccountKind.WALLET, ALICE), Account(AccountKind.HELD, ALICE)),
        (CHARGE, Account(AccountKind.HELD, ALICE), Account(AccountKind.REVENUE)),
        (DIRECT, Account(AccountKind.WALLET, ALICE), Account(AccountKind.REVENUE)),
        (RELEASE, Account(AccountKind.HELD, ALICE), Account(AccountKind.WALLET, ALICE)),
        (REFUND, Account(AccountKind.REVENUE), Account(AccountKind.WALLET, ALICE)),
        (CREDIT, Account(AccountKind.TOP_UP_CLEARING), Account(AccountKind.WALLET, ALICE)),
    ],
    ids=lambda value: value.kind if isinstance(value, Transfer) else "",
)
def test_each_verb_moves_between_its_accounts(transfer: Transfer, debit: Account, credit: Account) -> None:
    """A verb takes from one account and gives to another, for the user that it is about."""
    assert (transfer.debit, transfer.credit, transfer.user_id) == (debit, credit, ALICE)


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_verb_for_the_same_task_mints_the_same_id(verb: Callable[..., Transfer]) -> None:
    """However often and whenever it is asked for, a verb for a task is one transfer."""
    later = verb(**TERMS | {"at_ms": NOW_MS + 1})

    assert later.transfer_id == verb(**TERMS).transfer_id
    assert ledger.same_terms(later, verb(**TERMS))


def test_ids_differ_by_partner_verb_and_task() -> None:
    """What is for another partner, another verb or another task never shares an id."""
    ids = {
        verb(**TERMS | changes).transfer_id
        for verb in VERBS
        for changes in ({}, {"partner": "p-other"}, {"task_id": task("another")})
    }

    assert len(ids) == 12


@pytest.mark.parametrize("transfer", [CHARGE, RELEASE])
def test_what_leaves_the_held_account_resolves_the_hold(transfer: Transfer) -> None:
    """A charge of what was held, and its release, name the hold that they end."""
    assert transfer.resolves == HOLD.transfer_id


@pytest.mark.parametrize("verb", [*VERBS, partial(ledger.charge, held=False)])
def test_nothing_moves_nothing(verb: Callable[..., Transfer]) -> None:
    """No verb makes a transfer of zero."""
    with pytest.raises(InvalidAmount):
        verb(**TERMS | {"amount": credits(0)})


@pytest.mark.parametrize("known", [[HOLD], [HOLD, CHARGE], [HOLD, RELEASE]], ids=len)
def test_a_repeat_is_known_whatever_came_after(known: list[Transfer]) -> None:
    """A hold that is asked for again is the hold that was made, also after its end."""
    assert not ledger.is_new(replace(HOLD, created_at_ms=NOW_MS + 5), known)


@pytest.mark.parametrize(
    ("transfer", "known"),
    [(HOLD, []), (CHARGE, [HOLD]), (RELEASE, [HOLD]), (DIRECT, []), (REFUND, [HOLD, CHARGE]), (CREDIT, [])],
)
def test_steps_in_order_are_new(transfer: Transfer, known: list[Transfer]) -> None:
    """Hold then charge or release, charge then refund: each step stands on the one before."""
    assert ledger.is_new(transfer, known)


@pytest.mark.parametrize(
    ("transfer", "known"),
    [
        (ledger.hold(**TERMS | {"amount": credits(11)}), [HOLD]),
        (ledger.hold(**TERMS | {"user_id": BOB}), [HOLD]),
        (ledger.charge(**TERMS | {"amount": credits(9)}), [HOLD]),
        (ledger.charge(**TERMS | {"user_id": BOB}), [HOLD]),
        (CHARGE, [HOLD, RELEASE]),
        (RELEASE, [HOLD, CHARGE]),
        (DIRECT, [HOLD]),
        (HOLD, [DIRECT]),
        (CHARGE, [DIRECT]),
        (ledger.refund(**TERMS | {"amount": credits(9)}), [DIRECT]),
    ],
)
def test_what_contradicts_the_ledger_is_refused(transfer: Transfer, known: list[Transfer]) -> None:
    """Other terms under the same task, or another end of the same hold, are conflicts and nothing else."""
    with pytest.raises(LedgerConflict):
        ledger.is_new(transfer, known)


@pytest.mark.parametrize(("transfer", "known"), [(CHARGE, []), (RELEASE, []), (REFUND, []), (REFUND, [HOLD])])
def test_a_step_without_the_one_before_is_refused(transfer: Transfer, known: list[Transfer]) -> None:
    """Nothing is posted, given back or paid back that was never taken."""
    with pytest.raises(LedgerGap):
        ledger.is_new(transfer, known)


def test_every_kind_has_its_verb() -> None:
    """No kind of transfer exists that no verb makes."""
    paid = payment()
    refunding = PaymentMove(read=paid, to=PaymentState.REFUNDING, taken=credits(50)).moved(at_ms=NOW_MS)
    taken = payments.take_back(paid, credits(50), partner=PARTNER, at_ms=NOW_MS)
    handed = payments.hand_back(refunding, partner=PARTNER, at_ms=NOW_MS)
    made = {transfer.kind for transfer in (HOLD, CHARGE, RELEASE, REFUND, CREDIT, *taken, *handed)}

    assert made == set(TransferKind)
