"""What is read, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from uuid import UUID

from botflight_service.admin_action import AdminAction
from botflight_service.billing.ledger import AccountKind
from botflight_service.billing.money import Credits
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.memo import Memo
from botflight_service.session import Session
from botflight_service.storage.interface import Balance, House, Known, QueuedMessage, QueuedUpdate
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.program import Program, row, rows
from botflight_service.storage.sql.rows import (
    action_of,
    attempt_of,
    known_of,
    memo_of,
    payment_of,
    queued_message,
    queued_update,
    session_of,
)

#: States that the partial index of open attempts leaves out.
_ENDED = frozenset({AttemptState.DELIVERED, AttemptState.FAILED, AttemptState.REFUNDED})


def undone(partner: str, *, after: int, limit: int) -> Program[Sequence[QueuedUpdate]]:
    """Updates that are not done, in the order of arrival."""
    return [queued_update(found) for found in (yield from rows(statements.UNDONE, partner, after, limit))]


def session(partner: str, user_id: int) -> Program[Session | None]:
    """A user's session."""
    found = yield from row(statements.SESSION, partner, user_id)
    return session_of(found) if found is not None else None


def balance(partner: str, user_id: int) -> Program[Balance]:
    """What a user has."""
    amounts = dict(map(tuple, (yield from rows(statements.BALANCES_OF_USER, partner, user_id))))
    return Balance(
        available=Credits(amounts.get(AccountKind.WALLET, 0)),
        held=Credits(amounts.get(AccountKind.HELD, 0)),
    )


def free_used(partner: str, user_id: int, day: str) -> Program[int]:
    """How many free generations of a day are taken."""
    found = yield from row(statements.FREE_USED, partner, user_id, day)
    return int(found[0]) if found is not None else 0


def attempt(partner: str, task_id: UUID) -> Program[Attempt | None]:
    """One attempt."""
    found = yield from row(statements.ATTEMPT, partner, str(task_id))
    return attempt_of(found) if found is not None else None


def attempts_in(partner: str, states: Sequence[AttemptState], *, limit: int) -> Program[Sequence[Attempt]]:
    """Attempts in these states, oldest change first; ended ones are looked for in all there are."""
    if not states:
        return []
    statement = statements.ATTEMPTS_OPEN_IN if _ENDED.isdisjoint(states) else statements.ATTEMPTS_IN
    filled = islice(cycle(states), len(AttemptState))
    return [attempt_of(found) for found in (yield from rows(statement, partner, *filled, limit))]


def history(partner: str, user_id: int, *, offset: int, limit: int) -> Program[Sequence[Attempt]]:
    """A user's attempts, newest first."""
    return [attempt_of(found) for found in (yield from rows(statements.HISTORY, partner, user_id, limit, offset))]


def has_user(partner: str, user_id: int) -> Program[bool]:
    """Whether this user was ever seen."""
    return (yield from row(statements.HAS_USER, partner, user_id)) is not None


def user(partner: str, user_id: int) -> Program[Known | None]:
    """What is known of a user as such."""
    found = yield from row(statements.USER, partner, user_id)
    return known_of(found) if found is not None else None


def reachable(partner: str, *, after: int, limit: int) -> Program[Sequence[int]]:
    """Ids of users who have not blocked the bot, in order."""
    return [found[0] for found in (yield from rows(statements.REACHABLE, partner, after, limit))]


def attempts_of(partner: str, correlation_id: UUID, *, limit: int) -> Program[Sequence[Attempt]]:
    """Attempts that began with one update, oldest first."""
    found = yield from rows(statements.ATTEMPTS_OF, partner, str(correlation_id), limit)
    return list(map(attempt_of, found))


def payment(partner: str, charge_id: str) -> Program[Payment | None]:
    """One payment."""
    found = yield from row(statements.PAYMENT, partner, charge_id)
    return payment_of(found) if found is not None else None


def payments_of(partner: str, user_id: int, *, limit: int) -> Program[Sequence[Payment]]:
    """A user's payments, newest first."""
    return list(map(payment_of, (yield from rows(statements.PAYMENTS_OF, partner, user_id, limit))))


def payments_in(partner: str, state: PaymentState, *, limit: int) -> Program[Sequence[Payment]]:
    """Payments that stand in a state, oldest change first."""
    return list(map(payment_of, (yield from rows(statements.PAYMENTS_IN, partner, state, limit))))


def house(partner: str) -> Program[House]:
    """What the house's own accounts hold."""
    amounts = dict(map(tuple, (yield from rows(statements.BALANCES_OF_USER, partner, 0))))
    return House(
        revenue=Credits(amounts.get(AccountKind.REVENUE, 0)),
        top_up_clearing=Credits(amounts.get(AccountKind.TOP_UP_CLEARING, 0)),
        adjustments=Credits(amounts.get(AccountKind.ADJUSTMENTS, 0)),
    )


def memo(partner: str, name: str) -> Program[Memo]:
    """A memo; version 0 and empty where there is none."""
    found = yield from row(statements.MEMO, partner, name)
    return memo_of(found) if found is not None else Memo(name=name)


def actions(partner: str, *, limit: int) -> Program[Sequence[AdminAction]]:
    """What administrators did, newest first."""
    return list(map(action_of, (yield from rows(statements.ACTIONS, partner, limit))))


def unsent(partner: str, *, after: int, limit: int) -> Program[Sequence[QueuedMessage]]:
    """Messages that have not ended, in order of their places."""
    return [queued_message(found) for found in (yield from rows(statements.UNSENT, partner, after, limit))]
