"""What every database has in common: each call of a `Storage` is a program, run by whoever has a connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

from botflight_diagnostics.report import Mute
from botflight_service.admin_action import AdminAction
from botflight_service.billing import ledger
from botflight_service.billing.money import Amount, positive
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.memo import Memo
from botflight_service.session import Session
from botflight_service.storage.interface import (
    Balance,
    House,
    Known,
    Mark,
    QueuedMessage,
    QueuedUpdate,
    Receipt,
    Work,
)
from botflight_service.storage.sql import audit, money, mutes, reads, writes
from botflight_service.storage.sql.program import Make
from botflight_service.updates.envelope import Envelope

T = TypeVar("T")


class SqlStorage(ABC):
    """The calls of a `Storage`, but for opening, closing and what needs a database's own ways."""

    def __init__(self, *, clock: Callable[[], int]) -> None:
        self._clock = clock

    @abstractmethod
    async def _write(self, make: Make[T]) -> T:
        """Run a program in a transaction, and commit it."""

    @abstractmethod
    async def _read(self, make: Make[T]) -> T:
        """Run a program that writes nothing; it sees every commit that was acknowledged before."""

    @abstractmethod
    async def _ask(self, make: Make[T]) -> T:
        """Run a program that writes nothing as of one commit, on a connection of its own: it may take its time."""

    # -- the inbox

    async def accept(self, envelope: Envelope) -> bool:
        """Keep an update until it is done; False for a repeat."""
        return await self._write(partial(writes.accept, envelope))

    async def undone(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedUpdate]:
        """Updates that are not done, in the order of arrival."""
        return await self._read(partial(reads.undone, partner, after=after, limit=limit))

    # -- the unit of work

    async def commit(self, work: Work) -> Receipt:
        """Make all of the work durable, or none."""
        return await self._write(partial(writes.commit, work))

    # -- reading

    async def session(self, partner: str, user_id: int) -> Session | None:
        """The stored session of a user."""
        return await self._read(partial(reads.session, partner, user_id))

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        return await self._read(partial(reads.balance, partner, user_id))

    async def free_used(self, partner: str, user_id: int, day: str) -> int:
        """How many free generations of a day are taken and not given back."""
        return await self._read(partial(reads.free_used, partner, user_id, day))

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        """One attempt."""
        return await self._read(partial(reads.attempt, partner, task_id))

    async def attempts_in(self, partner: str, states: Sequence[AttemptState], *, limit: int) -> Sequence[Attempt]:
        """Attempts that stand in one of these states, oldest change first."""
        return await self._read(partial(reads.attempts_in, partner, states, limit=limit))

    async def history(self, partner: str, user_id: int, *, offset: int = 0, limit: int) -> Sequence[Attempt]:
        """A user's attempts, newest first."""
        return await self._read(partial(reads.history, partner, user_id, offset=offset, limit=limit))

    async def has_user(self, partner: str, user_id: int) -> bool:
        """Whether this user was ever seen."""
        return await self._read(partial(reads.has_user, partner, user_id))

    async def user(self, partner: str, user_id: int) -> Known | None:
        """What is known of a user as such."""
        return await self._read(partial(reads.user, partner, user_id))

    async def reachable(self, partner: str, *, after: int = 0, limit: int) -> Sequence[int]:
        """Ids of users who have not blocked the bot, in order."""
        return await self._read(partial(reads.reachable, partner, after=after, limit=limit))

    async def attempts_of(self, partner: str, correlation_id: UUID, *, limit: int) -> Sequence[Attempt]:
        """Attempts that began with one update, oldest first."""
        return await self._read(partial(reads.attempts_of, partner, correlation_id, limit=limit))

    # -- payments, and what the service and its administrators remember

    async def payment(self, partner: str, charge_id: str) -> Payment | None:
        """One payment."""
        return await self._read(partial(reads.payment, partner, charge_id))

    async def payments_of(self, partner: str, user_id: int, *, limit: int) -> Sequence[Payment]:
        """A user's payments, newest first."""
        return await self._read(partial(reads.payments_of, partner, user_id, limit=limit))

    async def payments_in(self, partner: str, state: PaymentState, *, limit: int) -> Sequence[Payment]:
        """Payments that stand in a state, oldest change first."""
        return await self._read(partial(reads.payments_in, partner, state, limit=limit))

    async def house(self, partner: str) -> House:
        """What the house's own accounts hold."""
        return await self._read(partial(reads.house, partner))

    async def memo(self, partner: str, name: str) -> Memo:
        """A memo; version 0 and empty where there is none."""
        return await self._read(partial(reads.memo, partner, name))

    async def actions(self, partner: str, *, limit: int) -> Sequence[AdminAction]:
        """What administrators did, newest first."""
        return await self._read(partial(reads.actions, partner, limit=limit))

    # -- the outbox

    async def unsent(self, partner: str, *, after: int = -1, limit: int = 500) -> Sequence[QueuedMessage]:
        """Messages that are not sent, in order of their places."""
        return await self._read(partial(reads.unsent, partner, after=after, limit=limit))

    async def mark(self, partner: str, marks: Sequence[Mark]) -> None:
        """Note how messages ended."""
        await self._write(partial(writes.mark, partner, marks))

    # -- the ledger's verbs

    async def charge_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Charge for a task, out of its hold where there is one."""
        parsed, at_ms = positive(amount), self._clock()
        return await self._write(partial(money.charge, partner, user_id, parsed, task_id, at_ms=at_ms))

    async def hold_balance_once(self, partner: str, user_id: int, amount: Amount, task_id: UUID) -> bool:
        """Set an amount aside for a task."""
        hold = ledger.hold(
            partner=partner, user_id=user_id, amount=positive(amount), task_id=task_id, at_ms=self._clock()
        )
        return await self._write(partial(money.post, partner, hold))

    async def release_hold_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's hold back to the wallet."""
        at_ms = self._clock()
        return await self._write(partial(money.release, partner, user_id, task_id, at_ms=at_ms))

    async def credit_balance_once(self, partner: str, user_id: int, amount: Amount, payment_id: str) -> bool:
        """Add an amount to a wallet for a payment."""
        credit = ledger.credit(
            partner=partner, user_id=user_id, amount=positive(amount), payment_id=payment_id, at_ms=self._clock()
        )
        return await self._write(partial(money.post, partner, credit))

    async def refund_charge_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Pay back what was charged for a task."""
        at_ms = self._clock()
        return await self._write(partial(money.refund, partner, user_id, task_id, at_ms=at_ms))

    async def consume_free_generation_once(
        self, partner: str, user_id: int, task_id: UUID, *, day: str, daily_limit: int
    ) -> bool:
        """Take a free generation of a day for a task."""
        free = FreeDeduction(
            task_id=task_id, user_id=user_id, day=day, daily_limit=daily_limit, created_at_ms=self._clock()
        )
        return await self._write(partial(money.take_free, partner, free))

    async def restore_free_generation_once(self, partner: str, user_id: int, task_id: UUID) -> bool:
        """Give a task's free generation back."""
        at_ms = self._clock()
        return await self._write(partial(money.restore_free, partner, task_id, at_ms=at_ms, user_id=user_id))

    # -- looking at it from outside

    async def mutes(self, partner: str) -> Sequence[Mute]:
        """The findings that do not count for a while."""
        return await self._ask(partial(mutes.mutes, partner))

    async def keep_mute(self, partner: str, mute: Mute) -> None:
        """Keep a mute."""
        await self._write(partial(mutes.keep, partner, mute))

    async def drop_mute(self, partner: str, code: str) -> bool:
        """Forget a mute."""
        return await self._write(partial(mutes.drop, partner, code))

    async def audit(self, partner: str, *, users: int = 1_000) -> bool:
        """Compare the balances of the next users with their entries; True once a full pass has ended."""
        found = await self._ask(partial(audit.examine, partner, users=users))
        await self._write(partial(audit.note, partner, found, at_ms=self._clock()))
        return found.ended

    async def prune(self, partner: str, *, before_ms: int, limit: int = 1_000) -> int:
        """Forget done updates and ended messages from before an instant."""
        return await self._write(partial(writes.prune, partner, before_ms=before_ms, limit=limit))

    async def violations(self) -> Sequence[str]:
        """Recompute every invariant; one sentence for each that does not hold."""
        return await self._ask(audit.violations)
