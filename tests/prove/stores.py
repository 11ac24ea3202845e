"""The stores beside the readable one: whatever is asked of all, in whatever order, they answer and hold the same."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.makings import NOW_MS, PARTNER, TODAY, action, attempt, envelope, message, payment, picture, session, task
from tests.postgres_server import Server, shared_server
from tests.prove.proof import Proof

from botflight_service.billing import ledger, payments
from botflight_service.billing.ledger import Account, AccountKind, Transfer, TransferKind
from botflight_service.billing.money import Credits
from botflight_service.billing.payments import Payment, PaymentMove, PaymentState
from botflight_service.billing.quotas import FreeDeduction, day_of
from botflight_service.generation.attempts import MOVES, UNSETTLED, AttemptState, IllegalMove
from botflight_service.memo import Memo
from botflight_service.session import GUARD_MS, Draft
from botflight_service.storage import open_storage
from botflight_service.storage.interface import (
    Balance,
    Done,
    Mark,
    Move,
    Receipt,
    SendOutcome,
    Storage,
    Work,
    WorkRefused,
)

#: The stores that keep files, in a folder. The first is the one that the others are compared with.
_FILES = ("json://{}/store", "sqlite://{}/store.db")
#: How many sequences of steps one run of the proof tries.
RUNS = 10

USERS = st.sampled_from([1, 2])
TASKS = st.sampled_from([task(number) for number in range(4)])
CHARGES = st.sampled_from(["st1", "st2"])
PAYMENTS = st.sampled_from(["payment 1", "payment 2", "payment 3"])
AMOUNTS = st.integers(min_value=1, max_value=300).map(Credits)
DAYS = st.sampled_from([TODAY, "2026-09-22"])
LIMITS = st.integers(0, 2)
UPDATES = st.integers(min_value=1, max_value=6)
STATES = st.sampled_from(list(AttemptState))
OPTIONAL_NUMBERS = st.none() | st.integers(1, 5)

Step = Callable[[Storage], Awaitable[object]]


@st.composite
def transfers(draw: st.DrawFn, user: int, task_id: UUID, at_ms: int) -> Transfer:
    """Any transfer for a user and a task, wanted by the ledger or not."""
    verb = draw(st.sampled_from([ledger.hold, ledger.charge, ledger.release, ledger.refund, ledger.credit]))
    terms: dict[str, Any] = {"partner": PARTNER, "user_id": user, "amount": draw(AMOUNTS), "at_ms": at_ms}
    if verb is ledger.credit:
        return ledger.credit(**terms, payment_id=draw(PAYMENTS))
    return verb(**terms, task_id=task_id)


@st.composite
def works(draw: st.DrawFn, at_ms: int) -> Work:
    """Any work: each of its parts is there or not, and fits the others or does not."""
    user, task_id, update = draw(USERS), draw(TASKS), draw(UPDATES)
    known = session(update, user_id=user, written_at_ms=at_ms, menu_message_id=draw(OPTIONAL_NUMBERS))
    drafted = replace(known, draft=Draft(model="upscale", inputs={"prompt": "фокс 🦊"}))
    bought = attempt(task_id=task_id, user_id=user, created_at_ms=at_ms, changed_at_ms=at_ms, state=draw(STATES))
    moved = Move(
        task_id=task_id,
        of=frozenset({draw(STATES)}),
        to=draw(STATES),
        submitted_at_ms=draw(st.none() | st.just(at_ms)),
        job_id=draw(st.none() | st.sampled_from(["job-1", "job-2"])),
        artifact=draw(st.none() | st.just(picture())),
        failure=draw(st.none() | st.just("PROMPT_REFUSED")),
    )
    free = FreeDeduction(task_id=task_id, user_id=user, day=draw(DAYS), daily_limit=draw(LIMITS), created_at_ms=at_ms)
    told = message(f"for {update}", chat_id=user, menu_of=draw(st.none() | USERS), task_id=draw(st.none() | TASKS))
    return Work(
        partner=PARTNER,
        at_ms=at_ms,
        done=draw(st.none() | st.just(Done(update_id=update, outcome="OK"))),
        session=draw(st.sampled_from([None, known, drafted])),
        attempt=draw(st.none() | st.just(bought)),
        move=draw(st.none() | st.just(moved)),
        transfers=tuple(draw(st.lists(transfers(user, task_id, at_ms), max_size=2))),
        free=draw(st.none() | st.just(free)),
        restore_free=draw(st.none() | TASKS),
        messages=draw(st.sampled_from([(), (told,), (told, replace(told, text="more", artifact=picture()))])),
    )


class StoresMachine(RuleBasedStateMachine):
    """Does the same to every store, compares what they say, and after each step all that they hold."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now_ms = NOW_MS
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        self.database = server.database() if server is not None else None
        self.urls = [*_FILES]
        if self.database is not None:
            self.urls.append(self.loop.run_until_complete(self.database.__aenter__()))
        self.stores = self._open()
        self.last: Step | None = None
        #: The places of all messages that were ever queued, which each store gives as it likes.
        self.places: dict[type[Storage], list[int]] = defaultdict(list)
        #: What the answers so far make of the balances: a second opinion, which knows no store.
        self.posted: dict[UUID, Transfer] = {}
        self.balances: Counter[Account] = Counter()

    def _open(self) -> list[Storage]:
        return self.loop.run_until_complete(self._opened())

    async def _opened(self) -> list[Storage]:
        stores = [open_storage(url.format(self.folder), clock=lambda: self.now_ms) for url in self.urls]
        for storage in stores:
            await storage.open()
        return stores

    def _close(self) -> None:
        for storage in self.stores:
            self.loop.run_until_complete(storage.close())

    def _do(self, step: Step) -> Any:
        """Do it to all of them. They give the same, or refuse in the same way and in the same words."""
        self.last = step
        return self._ask(step)

    def _ask(self, step: Step) -> Any:
        answers = [self.loop.run_until_complete(_answer(step, one)) for one in self.stores]
        for storage, answer in zip(self.stores, answers, strict=True):
            if answer != answers[0]:
                raise AssertionError(f"{type(storage).__name__} differs: {_difference(answer, answers[0])}")
        return answers[0]

    def _post(self, *transfers: Transfer) -> None:
        """Take down what was posted, unless it was before."""
        for one in transfers:
            if one.transfer_id not in self.posted:
                self.posted[one.transfer_id] = one
                self.balances[one.debit] -= one.amount_hundredths
                self.balances[one.credit] += one.amount_hundredths

    def _posted(self, kind: TransferKind, task_id: UUID) -> Transfer | None:
        return self.posted.get(ledger.transfer_id(PARTNER, kind, task_id))

    # -- the verbs

    @rule(user=USERS, amount=AMOUNTS, payment=PAYMENTS)
    def credit(self, user: int, amount: Credits, payment: str) -> None:
        if self._do(lambda storage: storage.credit_balance_once(PARTNER, user, amount, payment)) is True:
            self._post(ledger.credit(**self._terms(user, amount), payment_id=payment))

    @rule(user=USERS, amount=AMOUNTS, task_id=TASKS)
    def hold(self, user: int, amount: Credits, task_id: UUID) -> None:
        if self._do(lambda storage: storage.hold_balance_once(PARTNER, user, amount, task_id)) is True:
            self._post(ledger.hold(**self._terms(user, amount), task_id=task_id))

    @rule(user=USERS, amount=AMOUNTS, task_id=TASKS)
    def charge(self, user: int, amount: Credits, task_id: UUID) -> None:
        if self._do(lambda storage: storage.charge_balance_once(PARTNER, user, amount, task_id)) is True:
            held = self._posted(TransferKind.HOLD, task_id) is not None
            self._post(ledger.charge(**self._terms(user, amount), task_id=task_id, held=held))

    @rule(task_id=TASKS)
    def charge_what_is_held(self, task_id: UUID) -> None:
        held = self._posted(TransferKind.HOLD, task_id)
        if held is not None:
            self.charge(held.user_id, Credits(held.amount_hundredths), task_id)

    @rule(user=USERS, task_id=TASKS)
    def release(self, user: int, task_id: UUID) -> None:
        if self._do(lambda storage: storage.release_hold_once(PARTNER, user, task_id)) is True:
            held = self._posted(TransferKind.HOLD, task_id)
            assert held is not None
            self._post(ledger.release(**self._terms(user, Credits(held.amount_hundredths)), task_id=task_id))

    @rule(user=USERS, task_id=TASKS)
    def refund(self, user: int, task_id: UUID) -> None:
        if self._do(lambda storage: storage.refund_charge_once(PARTNER, user, task_id)) is True:
            charged = self._posted(TransferKind.CHARGE, task_id)
            assert charged is not None
            self._post(ledger.refund(**self._terms(user, Credits(charged.amount_hundredths)), task_id=task_id))

    @rule(user=USERS, task_id=TASKS, day=DAYS, limit=LIMITS)
    def take_free(self, user: int, task_id: UUID, day: str, limit: int) -> None:
        self._do(
            lambda storage: storage.consume_free_generation_once(PARTNER, user, task_id, day=day, daily_limit=limit)
        )

    @rule(user=USERS, task_id=TASKS)
    def restore_free(self, user: int, task_id: UUID) -> None:
        self._do(lambda storage: storage.restore_free_generation_once(PARTNER, user, task_id))

    # -- inbox, works, outbox

    @rule(update=UPDATES)
    def accept(self, update: int) -> None:
        self._do(lambda storage: storage.accept(envelope(update, received_at_ms=self.now_ms)))

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        self._commit(data.draw(works(self.now_ms)))

    @rule(user=USERS, amount=AMOUNTS, task_id=TASKS, update=UPDATES)
    def buy(self, user: int, amount: Credits, task_id: UUID, update: int) -> None:
        """What a tap on confirm causes, which `commit` seldom hits upon."""
        bought = Work(
            partner=PARTNER,
            at_ms=self.now_ms,
            done=Done(update_id=update, outcome="OK"),
            session=session(update, user_id=user, written_at_ms=self.now_ms),
            attempt=attempt(task_id=task_id, user_id=user, price=amount, changed_at_ms=self.now_ms),
            transfers=(ledger.hold(**self._terms(user, amount), task_id=task_id),),
            messages=(message(f"for {update}", menu_of=user, task_id=task_id),),
        )
        self._commit(bought)

    @rule(data=st.data(), task_id=TASKS)
    def move_on(self, data: st.DataObject, task_id: UUID) -> None:
        found = self._ask(lambda storage: storage.attempt(PARTNER, task_id))
        if found is not None and MOVES[found.state]:
            to = data.draw(st.sampled_from(sorted(MOVES[found.state])))
            move = Move(task_id=task_id, of=frozenset({found.state}), to=to, artifact=picture())
            self._commit(Work(partner=PARTNER, at_ms=self.now_ms, move=move))

    @rule(user=USERS, charge=CHARGES, credited=AMOUNTS)
    def pay(self, user: int, charge: str, credited: Credits) -> None:
        """What a receipt causes."""
        paid = payment(charge, user_id=user, credited=credited, paid_at_ms=self.now_ms, changed_at_ms=self.now_ms)
        posted = payments.credit(paid, partner=PARTNER, at_ms=self.now_ms)
        self._commit(Work(partner=PARTNER, at_ms=self.now_ms, payment=paid, transfers=posted))

    @rule(charge=CHARGES, to=st.sampled_from(PaymentState), share=st.sampled_from([0, 1, 2]))
    def move_payment(self, charge: str, to: PaymentState, share: int) -> None:
        """A refund begins, is refused by Telegram, or ends; a second one that read the same is refused."""
        read: Payment | None = self._ask(lambda storage: storage.payment(PARTNER, charge))
        if read is None or to not in payments.MOVES[read.state]:
            return
        taken = Credits(read.credited.hundredths * share // 2)
        posted: tuple[Transfer, ...] = ()
        if read.state is PaymentState.PAID:
            posted = payments.take_back(read, taken, partner=PARTNER, at_ms=self.now_ms)
        elif to is PaymentState.PAID:
            posted = payments.hand_back(read, partner=PARTNER, at_ms=self.now_ms)
        move = PaymentMove(read=read, to=to, taken=taken)
        self._commit(Work(partner=PARTNER, at_ms=self.now_ms, payment_move=move, transfers=posted))

    @rule(name=st.sampled_from(["one", "two"]), version=st.integers(0, 2))
    def remember(self, name: str, version: int) -> None:
        memo = Memo(name=name, version=version, body={"at": self.now_ms})
        self._commit(Work(partner=PARTNER, at_ms=self.now_ms, memo=memo, action=action("remember", subject=name)))

    def _commit(self, work: Work) -> None:
        receipt = self._do(partial(self._commit_to, work))
        if isinstance(receipt, Receipt) and not receipt.repeat:
            self._post(*work.transfers)

    async def _commit_to(self, work: Work, storage: Storage) -> Receipt:
        receipt = await storage.commit(work)
        self.places[type(storage)] += [queued.place for queued in receipt.messages]
        return replace(receipt, messages=tuple(replace(queued, place=0) for queued in receipt.messages))

    def _terms(self, user: int, amount: Credits) -> dict[str, Any]:
        return {"partner": PARTNER, "user_id": user, "amount": amount, "at_ms": self.now_ms}

    @precondition(lambda self: any(self.places.values()))
    @rule(
        data=st.data(),
        outcome=st.sampled_from(list(SendOutcome)),
        message_id=OPTIONAL_NUMBERS,
        file_id=st.none() | st.just("file-1"),
    )
    def mark(self, data: st.DataObject, outcome: SendOutcome, message_id: int | None, file_id: str | None) -> None:
        """End a message, perhaps one that has ended."""
        number = data.draw(st.integers(0, len(next(iter(self.places.values()))) - 1))

        async def mark(storage: Storage) -> None:
            ended = Mark(
                place=self.places[type(storage)][number],
                outcome=outcome,
                at_ms=self.now_ms,
                telegram_message_id=message_id,
                telegram_file_id=file_id,
            )
            await storage.mark(PARTNER, [ended])

        self._do(mark)

    # -- time, housekeeping, ends of processes

    @rule(by_ms=st.sampled_from([1, 60_000, 3_600_000, GUARD_MS]))
    def wait(self, by_ms: int) -> None:
        self.now_ms += by_ms

    @rule(age_ms=st.sampled_from([0, 60_000]), limit=st.integers(1, 2))
    def prune(self, age_ms: int, limit: int) -> None:
        self._do(lambda storage: storage.prune(PARTNER, before_ms=self.now_ms - age_ms, limit=limit))

    @rule(users=st.integers(1, 3))
    def audit(self, users: int) -> None:
        self._do(lambda storage: storage.audit(PARTNER, users=users))

    @precondition(lambda self: self.last is not None)
    @rule()
    def once_more(self) -> None:
        """Its caller did not hear the answer and asks again: whatever it was, no money moves."""
        assert self.last is not None
        self._ask(self.last)

    @rule()
    def start_anew(self) -> None:
        self._close()
        self.stores = self._open()

    @rule()
    def die(self) -> None:
        """Go on from the files as a killed process leaves them: nothing was closed."""
        left_behind = self.folder
        self.folder = left_behind.with_name(f"{left_behind.name}+")
        shutil.copytree(left_behind, self.folder)
        self._close()
        self.stores = self._open()

    # -- what always holds

    @invariant()
    def they_hold_the_same(self) -> None:
        self._ask(_records)

    @invariant()
    def they_tell_the_same(self) -> None:
        self._ask(_reads)
        self._ask(lambda storage: _facts(storage, self.now_ms))

    @invariant()
    def balances_are_what_the_answers_say(self) -> None:
        for user in (1, 2):
            balance = self._ask(partial(_balance, user))
            assert balance.available.hundredths == self.balances[Account(AccountKind.WALLET, user)]
            assert balance.held.hundredths == self.balances[Account(AccountKind.HELD, user)]

    @invariant()
    def every_invariant_holds(self) -> None:
        found = self._ask(_violations)
        # Holds without an attempt are what some of the rules here are about.
        assert [one for one in found if "outlives its attempt" not in one] == []

    def teardown(self) -> None:
        self._close()
        if self.database is not None:
            self.loop.run_until_complete(self.database.__aexit__(None, None, None))
        self.loop.close()


async def _answer(step: Step, storage: Storage) -> object:
    """What a store gives, or how it refuses."""
    try:
        return await step(storage)
    except (WorkRefused, IllegalMove) as refusal:
        return type(refusal), str(refusal)


def _difference(one: object, other: object) -> str:
    """Where two answers differ."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return "; ".join(f"{a} instead of {b}" for a, b in zip(one, other, strict=True) if a != b)
    return f"{one} instead of {other}"


async def _records(storage: Storage) -> list[Mapping[str, Any]]:
    """All that a store holds. Places grow, they need not be the same; their order is that of the records."""
    return [{**record, "place": 0} async for record in storage.export()]


async def _violations(storage: Storage) -> list[str]:
    """What does not hold: all of it, in an order that nobody promises."""
    return sorted(await storage.violations())


async def _balance(user: int, storage: Storage) -> Balance:
    return await storage.balance(PARTNER, user)


async def _reads(storage: Storage) -> list[object]:
    """What each way of reading gives."""
    answers: list[object] = [
        await _pages(storage.undone),
        await _pages(storage.unsent),
        await storage.attempts_in(PARTNER, list(AttemptState), limit=9),
        await storage.attempts_in(PARTNER, UNSETTLED, limit=2),
        await storage.attempts_of(PARTNER, task("the tap on confirm"), limit=3),
        await storage.reachable(PARTNER, after=1, limit=1),
        await storage.reachable(PARTNER, limit=2),
        await storage.payments_in(PARTNER, PaymentState.REFUNDING, limit=2),
        await storage.house(PARTNER),
        await storage.memo(PARTNER, "one"),
        await storage.actions(PARTNER, limit=3),
    ]
    for user in (1, 2):
        answers += [
            await storage.session(PARTNER, user),
            await storage.has_user(PARTNER, user),
            await storage.free_used(PARTNER, user, TODAY),
            await storage.history(PARTNER, user, limit=9),
            await storage.history(PARTNER, user, offset=1, limit=1),
            await storage.user(PARTNER, user),
            await storage.payments_of(PARTNER, user, limit=1),
        ]
    return answers


async def _pages(queued: Callable[..., Awaitable[Sequence[Any]]]) -> list[object]:
    """What is queued, in pages of two: the places are each store's own."""
    found: list[object] = []
    after = -1
    while page := await queued(PARTNER, after=after, limit=2):
        found += [replace(one, place=0) for one in page]
        after = page[-1].place
    return found


async def _facts(storage: Storage, now_ms: int) -> list[object]:
    """What preflight is told."""
    probe = storage.probe(PARTNER, day_of=day_of)
    return [
        await probe.tenants(),
        await probe.users(),
        await probe.balances(now_ms=now_ms),
        await probe.free_limits(now_ms=now_ms, daily_limit=1),
        await probe.attempts(now_ms=now_ms, stale_after_ms=60_000),
    ]


def side_by_side(folder: Path, server: Server | None, *, runs: int, chance: Random) -> None:
    """Do at random to all stores so many times. Raises where they differ, with the steps that lead there."""
    dose = settings(
        max_examples=runs,
        stateful_step_count=30,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )

    @seed(chance.getrandbits(32))
    def machine() -> StoresMachine:
        return StoresMachine(folder, server)

    run_state_machine_as_test(machine, settings=dose)


async def _run(chance: Random, folder: Path) -> Counter[str]:
    with shared_server(folder / "postgres") as server:
        await asyncio.to_thread(side_by_side, folder, server, runs=RUNS, chance=chance)
    return Counter(sequences=RUNS)


STORES = (
    Proof(
        name="stores",
        claim="whatever is asked of the three stores, in whatever order, they answer and hold the same",
        run=_run,
        runs=20,
    ),
)
