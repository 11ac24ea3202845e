"""A store beside a model of a few lines: whatever is asked of both, in whatever order, they answer alike."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from botflight_service.billing import ledger
from botflight_service.billing.money import Credits
from botflight_service.generation.attempts import MOVES, AttemptState, IllegalMove
from botflight_service.storage import open_storage
from botflight_service.storage.interface import (
    AttemptExists,
    AttemptMoved,
    Balance,
    Done,
    FreeLimitReached,
    IdempotencyConflict,
    InsufficientFunds,
    Mark,
    Move,
    NeverTaken,
    SendOutcome,
    Storage,
    WorkRefused,
)
from makings import NOW_MS, PARTNER, TODAY, attempt, envelope, message, session, task, work

USERS = st.sampled_from([1, 2])
TASKS = st.sampled_from([task(number) for number in range(4)])
PAYMENTS = st.sampled_from(["payment 1", "payment 2", "payment 3"])
AMOUNTS = st.integers(min_value=1, max_value=300).map(Credits)
DAYS = st.sampled_from([TODAY, "2026-09-22"])
UPDATES = st.integers(min_value=1, max_value=6)
STATES = st.sampled_from(list(AttemptState))


@dataclass
class Purse:
    """What the model knows of a task's money."""

    hold: tuple[int, Credits] | None = None
    charge: tuple[int, Credits] | None = None
    released: bool = False
    refunded: bool = False


@dataclass
class Model:
    """What a store should hold, with nothing but dictionaries."""

    wallets: Counter[int] = field(default_factory=Counter)
    held: Counter[int] = field(default_factory=Counter)
    payments: dict[str, tuple[int, Credits]] = field(default_factory=dict)
    purses: dict[UUID, Purse] = field(default_factory=dict)
    free: dict[UUID, tuple[int, str, bool]] = field(default_factory=dict)
    attempts: dict[UUID, tuple[int, AttemptState]] = field(default_factory=dict)
    updates: dict[int, bool] = field(default_factory=dict)
    writers: dict[int, int] = field(default_factory=dict)
    unsent: list[str] = field(default_factory=list)

    def credit(self, user: int, amount: Credits, payment: str) -> bool:
        if payment in self.payments:
            return _repeat(self.payments[payment] == (user, amount))
        self.payments[payment] = (user, amount)
        self.wallets[user] += amount.hundredths
        return True

    def hold(self, user: int, amount: Credits, task_id: UUID) -> bool:
        purse = self.purses.setdefault(task_id, Purse())
        if purse.hold is not None:
            return _repeat(purse.hold == (user, amount))
        _must(purse.charge is None, IdempotencyConflict)
        self._take(user, amount)
        self.held[user] += amount.hundredths
        purse.hold = (user, amount)
        return True

    def charge(self, user: int, amount: Credits, task_id: UUID) -> bool:
        purse = self.purses.setdefault(task_id, Purse())
        if purse.charge is not None:
            return _repeat(purse.charge == (user, amount))
        if purse.hold is None:
            self._take(user, amount)
        else:
            _must(purse.hold == (user, amount) and not purse.released, IdempotencyConflict)
            self.held[user] -= amount.hundredths
        purse.charge = (user, amount)
        return True

    def release(self, user: int, task_id: UUID) -> bool:
        purse = self.purses.setdefault(task_id, Purse())
        if purse.hold is None:
            raise NeverTaken
        owner, amount = purse.hold
        _must(owner == user and purse.charge is None, IdempotencyConflict)
        if purse.released:
            return False
        purse.released = True
        self.held[user] -= amount.hundredths
        self.wallets[user] += amount.hundredths
        return True

    def refund(self, user: int, task_id: UUID) -> bool:
        purse = self.purses.setdefault(task_id, Purse())
        if purse.charge is None:
            raise NeverTaken
        owner, amount = purse.charge
        _must(owner == user, IdempotencyConflict)
        if purse.refunded:
            return False
        purse.refunded = True
        self.wallets[user] += amount.hundredths
        return True

    def take_free(self, user: int, task_id: UUID, day: str, limit: int) -> bool:
        if task_id in self.free:
            return _repeat(self.free[task_id][0] == user)
        _must(self.free_used(user, day) < limit, FreeLimitReached)
        self.free[task_id] = (user, day, False)
        return True

    def restore_free(self, user: int, task_id: UUID) -> bool:
        _must(task_id in self.free, NeverTaken)
        owner, day, restored = self.free[task_id]
        _must(owner == user, IdempotencyConflict)
        self.free[task_id] = (owner, day, True)
        return not restored

    def free_used(self, user: int, day: str) -> int:
        return sum(taken == (user, day, False) for taken in self.free.values())

    def buy(self, user: int, amount: Credits, task_id: UUID, update: int) -> str:
        if self.updates.get(update):
            return "repeat"
        _must(task_id not in self.attempts, AttemptExists)
        self.attempts[task_id] = (user, AttemptState.CONFIRMED)
        self.hold(user, amount, task_id)
        if update in self.updates:
            self.updates[update] = True
        kept = update >= self.writers.get(user, 0)
        if kept:
            self.writers[user] = update
        self.unsent.append(f"for {update}")
        return "kept" if kept else "older"

    def move(self, task_id: UUID, of: AttemptState, to: AttemptState) -> str:
        user, state = self.attempts.get(task_id, (0, None))
        _must(state is of, AttemptMoved)
        _must(to in MOVES[of], IllegalMove)
        self.attempts[task_id] = (user, to)
        return "kept"

    def _take(self, user: int, amount: Credits) -> None:
        _must(self.wallets[user] >= amount.hundredths, InsufficientFunds)
        self.wallets[user] -= amount.hundredths


def _must(condition: bool, refusal: type[Exception]) -> None:  # noqa: FBT001 - a sentence of two words
    if not condition:
        raise refusal


def _repeat(same_terms: bool) -> bool:  # noqa: FBT001 - likewise
    _must(same_terms, IdempotencyConflict)
    return False


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model, and compares what they say and what they hold."""

    durable = False

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model = Model()
        # A store of its own for each run.
        self.url = url.format(tempfile.mkdtemp(dir=folder))
        self.storage = self._open()

    def _open(self) -> Storage:
        storage = open_storage(self.url, clock=lambda: NOW_MS)
        self._wait(storage.open())
        return storage

    def _wait(self, step: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(step)

    def _both(self, expected: Callable[[Model], object], actual: Callable[[Storage], Awaitable[object]]) -> None:
        """Do it to both; either both refuse in the same way, and nothing changed, or both give the same."""
        before = deepcopy(self.model)
        try:
            answer: object = expected(self.model)
        except (WorkRefused, IllegalMove) as refusal:
            self.model, answer = before, type(refusal)
        assert self._wait(self._answer(actual)) == answer

    async def _answer(self, actual: Callable[[Storage], Awaitable[object]]) -> object:
        try:
            return await actual(self.storage)
        except (WorkRefused, IllegalMove) as refusal:
            return type(refusal)

    @rule(user=USERS, amount=AMOUNTS, payment=PAYMENTS)
    def credit(self, user: int, amount: Credits, payment: str) -> None:
        self._both(
            lambda model: model.credit(user, amount, payment),
            lambda storage: storage.credit_balance_once(PARTNER, user, amount, payment),
        )

    @rule(user=USERS, amount=AMOUNTS, task_id=TASKS)
    def hold(self, user: int, amount: Credits, task_id: UUID) -> None:
        self._both(
            lambda model: model.hold(user, amount, task_id),
            lambda storage: storage.hold_balance_once(PARTNER, user, amount, task_id),
        )

    @rule(user=USERS, amount=AMOUNTS, task_id=TASKS)
    def charge(self, user: int, amount: Credits, task_id: UUID) -> None:
        self._both(
            lambda model: model.charge(user, amount, task_id),
            lambda storage: storage.charge_balance_once(PARTNER, user, amount, task_id),
        )

    @precondition(lambda self: any(purse.hold for purse in self.model.purses.values()))
    @rule(data=st.data())
    def charge_what_is_held(self, data: st.DataObject) -> None:
        held = {task_id: purse.hold for task_id, purse in self.model.purses.items() if purse.hold}
        task_id = data.draw(st.sampled_from(sorted(held)))
        self.charge(*held[task_id], task_id)

    @rule(user=USERS, task_id=TASKS)
    def release(self, user: int, task_id: UUID) -> None:
        self._both(
            lambda model: model.release(user, task_id),
            lambda storage: storage.release_hold_once(PARTNER, user, task_id),
        )

    @rule(user=USERS, task_id=TASKS)
    def refund(self, user: int, task_id: UUID) -> None:
        self._both(
            lambda model: model.refund(user, task_id),
            lambda storage: storage.refund_charge_once(PARTNER, user, task_id),
        )

    @rule(user=USERS, task_id=TASKS, day=DAYS, limit=st.integers(0, 2))
    def take_free(self, user: int, task_id: UUID, day: str, limit: int) -> None:
        self._both(
            lambda model: model.take_free(user, task_id, day, limit),
            lambda storage: storage.consume_free_generation_once(PARTNER, user, task_id, day=day, daily_limit=limit),
        )

    @rule(user=USERS, task_id=TASKS)
    def restore_free(self, user: int, task_id: UUID) -> None:
        self._both(
            lambda model: model.restore_free(user, task_id),
            lambda storage: storage.restore_free_generation_once(PARTNER, user, task_id),
        )

    @rule(update=UPDATES)
    def accept(self, update: int) -> None:
        self._both(
            lambda model: update not in model.updates and not model.updates.setdefault(update, False),
            lambda storage: storage.accept(envelope(update)),
        )

    @rule(user=USERS, amount=AMOUNTS, task_id=TASKS, update=UPDATES)
    def buy(self, user: int, amount: Credits, task_id: UUID, update: int) -> None:
        hold = ledger.hold(partner=PARTNER, user_id=user, amount=amount, task_id=task_id, at_ms=NOW_MS)
        bought = work(
            done=Done(update_id=update, outcome="OK"),
            session=session(update, user_id=user),
            attempt=attempt(task_id=task_id, user_id=user, price=amount),
            transfers=(hold,),
            messages=(message(f"for {update}"),),
        )

        async def commit(storage: Storage) -> str:
            receipt = await storage.commit(bought)
            return "repeat" if receipt.repeat else "kept" if receipt.session_kept else "older"

        self._both(lambda model: model.buy(user, amount, task_id, update), commit)

    @rule(task_id=TASKS, of=STATES, to=STATES)
    def move(self, task_id: UUID, of: AttemptState, to: AttemptState) -> None:
        async def commit(storage: Storage) -> str:
            await storage.commit(work(move=Move(task_id=task_id, of=frozenset({of}), to=to)))
            return "kept"

        self._both(lambda model: model.move(task_id, of, to), commit)

    @precondition(lambda self: self.model.attempts)
    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        task_id = data.draw(st.sampled_from(sorted(self.model.attempts)))
        state = self.model.attempts[task_id][1]
        if MOVES[state]:
            self.move(task_id, state, data.draw(st.sampled_from(sorted(MOVES[state]))))

    @precondition(lambda self: self.model.unsent)
    @rule()
    def send(self) -> None:
        (first,) = self._wait(self.storage.unsent(PARTNER, limit=1))
        assert first.message.text == self.model.unsent.pop(0)
        self._wait(self.storage.mark(PARTNER, [Mark(place=first.place, outcome=SendOutcome.SENT, at_ms=NOW_MS)]))

    @precondition(lambda self: self.durable)
    @rule()
    def start_anew(self) -> None:
        self._wait(self.storage.close())
        self.storage = self._open()

    @invariant()
    def they_hold_the_same(self) -> None:
        self._wait(self._compare())

    async def _compare(self) -> None:
        model, storage = self.model, self.storage
        for user in (1, 2):
            expected = Balance(Credits(model.wallets[user]), Credits(model.held[user]))
            assert await storage.balance(PARTNER, user) == expected
            for day in (TODAY, "2026-09-22"):
                assert await storage.free_used(PARTNER, user, day) == model.free_used(user, day)
            written = await storage.session(PARTNER, user)
            assert (written.update_id if written else None) == model.writers.get(user)
            history = await storage.history(PARTNER, user, limit=9)
            theirs = [(one, state) for one, (owner, state) in model.attempts.items() if owner == user]
            assert [(one.task_id, one.state) for one in history][::-1] == theirs
        assert {queued.envelope.update_id for queued in await storage.undone(PARTNER)} == {
            update for update, done in model.updates.items() if not done
        }
        assert [queued.message.text for queued in await storage.unsent(PARTNER)] == model.unsent

    @invariant()
    def every_invariant_holds(self) -> None:
        # Holds without an attempt are what some of the rules here are about.
        found = [one for one in self._wait(self.storage.violations()) if "outlives its attempt" not in one]
        assert found == []

    def teardown(self) -> None:
        self._wait(self.storage.close())
        self.loop.close()


class DurableMachine(StoreMachine):
    """A store that is closed and opened again in between."""

    durable = True


@pytest.mark.parametrize(
    ("machine", "url", "runs"),
    [(StoreMachine, "sqlite::memory:", 25), (DurableMachine, "sqlite://{}/store.db", 5)],
    ids=["sqlite memory", "sqlite file"],
)
def test_a_store_and_its_model_answer_alike(machine: type[StoreMachine], url: str, runs: int, tmp_path: Path) -> None:
    """Every verb, repeated and contradicted at will, in works and alone: the same answers, the same balances."""
    dose = settings(
        max_examples=runs,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(lambda: machine(url, tmp_path), settings=dose)
