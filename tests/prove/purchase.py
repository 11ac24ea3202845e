"""Purchases from payment to delivery, step by step, and what must be true of them whatever happened in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid5

from botflight_service.billing import ledger
from botflight_service.billing.ledger import Transfer
from botflight_service.billing.money import Credits, credits
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import UNSETTLED, Artifact, Attempt, AttemptState, Funding, ResultKind
from botflight_service.message import OutgoingMessage
from botflight_service.session import Session
from botflight_service.storage.interface import (
    AttemptExists,
    AttemptMoved,
    Balance,
    Done,
    Mark,
    Move,
    SendOutcome,
    Storage,
    Work,
)
from botflight_service.updates.envelope import Envelope

PARTNER = "p-main01"
NOW_MS = 1_790_000_000_000
DAY = "2026-09-21"
#: How many users buy at the same time.
USERS = range(1, 9)
PRICE = credits(1)
_NAMES = UUID("9d5a3c1e-0000-5000-8000-000000000002")
_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Purchase:
    """One purchase of one user; its numbers say how it goes."""

    round: int
    user_id: int
    number: int

    @property
    def name(self) -> str:
        """What every id of it is made of."""
        return f"{self.round}.{self.user_id}.{self.number}"

    @property
    def task_id(self) -> UUID:
        """The id of its task."""
        return uuid5(_NAMES, self.name)

    @property
    def update_id(self) -> int:
        """The id of the tap on confirm."""
        return (self.round * 100 + self.user_id) * 1_000_000 + self.number

    @property
    def is_free(self) -> bool:
        """Whether a free generation pays for it."""
        return self.number % 4 == 3

    @property
    def succeeds(self) -> bool:
        """Whether the provider makes something of it."""
        return self.number % 3 != 1

    @property
    def terms(self) -> dict[str, object]:
        """What its transfers agree on."""
        return {
            "partner": PARTNER,
            "user_id": self.user_id,
            "amount": PRICE,
            "task_id": self.task_id,
            "at_ms": NOW_MS,
        }

    def after(self) -> Purchase:
        """The next purchase of the same user."""
        return Purchase(self.round, self.user_id, self.number + 1)


#: How far each purchase is known to have come: the number of its steps that were acknowledged.
Progress = Mapping[Purchase, int]


def begun_of(acknowledged: Progress, number: int) -> set[Purchase]:
    """The purchases of a round that may have been begun: those heard of, and the next one of each user."""
    first = {Purchase(number, user_id, 0) for user_id in USERS}
    return first | acknowledged.keys() | {one.after() for one, steps in acknowledged.items() if steps == len(STEPS)}


def purchase_of(name: str) -> Purchase:
    """The purchase of a name."""
    return Purchase(*map(int, name.split(".")))


async def pay(storage: Storage, one: Purchase) -> None:
    """A payment comes in."""
    await storage.credit_balance_once(PARTNER, one.user_id, PRICE, one.name)


async def tap(storage: Storage, one: Purchase) -> None:
    """The tap on confirm is accepted."""
    await storage.accept(_envelope(one))


async def confirm(storage: Storage, one: Purchase) -> None:
    """The tap is handled: attempt, hold or free generation, session and message, all in one."""
    free = FreeDeduction(task_id=one.task_id, user_id=one.user_id, day=DAY, daily_limit=_LIMIT, created_at_ms=NOW_MS)
    work = Work(
        partner=PARTNER,
        at_ms=NOW_MS,
        done=Done(update_id=one.update_id, outcome="OK"),
        session=Session(user_id=one.user_id, update_id=one.update_id, written_at_ms=NOW_MS),
        attempt=_attempt(one),
        transfers=() if one.is_free else (ledger.hold(**one.terms),),  # type: ignore[arg-type]  # as named there
        free=free if one.is_free else None,
        messages=(_message(one, "on its way"),),
    )
    await storage.commit(work)


async def submit(storage: Storage, one: Purchase) -> None:
    """The attempt is written down before the provider is called."""
    await _move(storage, one, AttemptState.CONFIRMED, AttemptState.SUBMITTING)


async def run(storage: Storage, one: Purchase) -> None:
    """The provider has taken it."""
    await _move(storage, one, AttemptState.SUBMITTING, AttemptState.RUNNING, job_id=one.name)


async def settle(storage: Storage, one: Purchase) -> None:
    """It ends: charged with its file on the way, or given back with a word about it."""
    file = Artifact(ResultKind.PHOTO, f"{one.name}/0", "fox.png")
    work = Work(
        partner=PARTNER,
        at_ms=NOW_MS,
        move=Move(
            task_id=one.task_id,
            of=frozenset({AttemptState.RUNNING}),
            to=AttemptState.SUCCEEDED if one.succeeds else AttemptState.FAILED,
            artifact=file if one.succeeds else None,
        ),
        transfers=() if one.is_free else (_resolution(one),),
        restore_free=one.task_id if one.is_free and not one.succeeds else None,
        messages=(_message(one, "here it is", task_id=one.task_id if one.succeeds else None),),
    )
    await storage.commit(work)


async def deliver(storage: Storage, one: Purchase) -> None:
    """Telegram takes what is to be sent to the user."""
    theirs = [queued for queued in await storage.unsent(PARTNER) if queued.message.chat_id == one.user_id]
    marks = [Mark(place=queued.place, outcome=SendOutcome.SENT, at_ms=NOW_MS) for queued in theirs]
    await storage.mark(PARTNER, marks)


Step = Callable[[Storage, Purchase], Awaitable[None]]
#: What happens to a purchase, in order. Each step may be done again.
STEPS: tuple[Step, ...] = (pay, tap, confirm, submit, run, settle, deliver)


async def lost(storage: Storage, acknowledged: Progress) -> list[str]:
    """What was acknowledged and is not there."""
    found = []
    for one, steps in acknowledged.items():
        if steps > STEPS.index(pay) and await storage.credit_balance_once(PARTNER, one.user_id, PRICE, one.name):
            found.append(f"the payment of {one.name}")
        if steps > STEPS.index(tap) and await storage.accept(_envelope(one)):
            found.append(f"the tap of {one.name}")
        if steps > STEPS.index(confirm):
            attempt = await storage.attempt(PARTNER, one.task_id)
            if attempt is None or attempt.state not in _states_after(one, steps):
                found.append(f"step {steps} of {one.name}: {attempt.state if attempt else 'no attempt'}")
    return found


async def wrong_at_the_end(
    storage: Storage, begun: Collection[Purchase], *, ended: Collection[Purchase] = ()
) -> list[str]:
    """Bring every purchase that was begun to its end, as the service does after a crash; what is not as it must be.

    `ended` are others, which were brought to their end before.
    """
    for one in sorted(begun):
        for step in STEPS:
            with suppress(AttemptExists, AttemptMoved):
                await step(storage, one)
    purchases = {*begun, *ended}
    found = list(await storage.violations())
    for user_id in {one.user_id for one in purchases}:
        theirs = [one for one in purchases if one.user_id == user_id]
        found += await _wrong_of(storage, user_id, theirs)
    found += [f"undone: {queued.envelope.update_id}" for queued in await storage.undone(PARTNER)]
    found += [f"unsent: {queued.message}" for queued in await storage.unsent(PARTNER)]
    found += [f"unsettled: {one.task_id}" for one in await storage.attempts_in(PARTNER, UNSETTLED, limit=10)]
    return found


async def _wrong_of(storage: Storage, user_id: int, theirs: list[Purchase]) -> list[str]:
    """What is not as it must be of one user, all of whose purchases have ended."""
    found = []
    charged = sum(one.succeeds and not one.is_free for one in theirs)
    expected = Balance(Credits(PRICE.hundredths * (len(theirs) - charged)), Credits(0))
    if (balance := await storage.balance(PARTNER, user_id)) != expected:
        found.append(f"user {user_id} has {balance}, not {expected}")
    free = sum(one.succeeds and one.is_free for one in theirs)
    if (used := await storage.free_used(PARTNER, user_id, DAY)) != free:
        found.append(f"user {user_id} has used {used} free generations, not {free}")
    history = [attempt.task_id for attempt in await storage.history(PARTNER, user_id, limit=_LIMIT)]
    if sorted(history) != sorted(one.task_id for one in theirs):
        found.append(f"user {user_id} has {len(history)} rows of history for {len(theirs)} purchases")
    return found


def _states_after(one: Purchase, steps: int) -> set[AttemptState]:
    """Where an attempt may stand once so many of its steps were acknowledged; the next may have happened as well."""
    way = [AttemptState.CONFIRMED, AttemptState.SUBMITTING, AttemptState.RUNNING]
    way += [AttemptState.SUCCEEDED, AttemptState.DELIVERED] if one.succeeds else [AttemptState.FAILED]
    first = min(steps - STEPS.index(confirm) - 1, len(way) - 1)
    return set(way[first:])


def _envelope(one: Purchase) -> Envelope:
    return Envelope(
        partner=PARTNER,
        update_id=one.update_id,
        correlation_id=one.task_id,
        kind="callback_query",
        lane=f"chat:{one.user_id}",
        received_at_ms=NOW_MS,
        payload=b'{"update_id":%d}' % one.update_id,
    )


def _attempt(one: Purchase) -> Attempt:
    return Attempt(
        task_id=one.task_id,
        partner=PARTNER,
        user_id=one.user_id,
        chat_id=one.user_id,
        model="text_to_image",
        inputs={"prompt": one.name},
        price=PRICE,
        funding=Funding.FREE if one.is_free else Funding.BALANCE,
        state=AttemptState.CONFIRMED,
        correlation_id=one.task_id,
        trace_parent="",
        language="en",
        screen_message_id=None,
        created_at_ms=NOW_MS,
        changed_at_ms=NOW_MS,
    )


def _message(one: Purchase, text: str, *, task_id: UUID | None = None) -> OutgoingMessage:
    return OutgoingMessage(chat_id=one.user_id, text=f"{one.name}: {text}", correlation_id=one.task_id, task_id=task_id)


def _resolution(one: Purchase) -> Transfer:
    verb = ledger.charge if one.succeeds else ledger.release
    return verb(**one.terms)  # type: ignore[arg-type]  # as named there


async def _move(
    storage: Storage, one: Purchase, of: AttemptState, to: AttemptState, *, job_id: str | None = None
) -> None:
    move = Move(task_id=one.task_id, of=frozenset({of}), to=to, job_id=job_id)
    await storage.commit(Work(partner=PARTNER, at_ms=NOW_MS, move=move))
