"""What is read on a connection, inside the transaction of whoever calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import cycle, islice
from uuid import UUID

from botflight_service.billing.ledger import AccountKind
from botflight_service.billing.money import Credits
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.session import Session
from botflight_service.storage.interface import Balance, QueuedMessage, QueuedUpdate
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.rows import attempt_of, queued_message, queued_update, session_of

#: States that the partial index of open attempts leaves out.
_ENDED = frozenset({AttemptState.DELIVERED, AttemptState.FAILED, AttemptState.REFUNDED})


def undone(connection: sqlite3.Connection, partner: str, *, after: int, limit: int) -> Sequence[QueuedUpdate]:
    """Updates that are not done, in the order of arrival."""
    return [queued_update(row) for row in connection.execute(statements.UNDONE, (partner, after, limit))]


def session(connection: sqlite3.Connection, partner: str, user_id: int) -> Session | None:
    """A user's session."""
    row = connection.execute(statements.SESSION, (partner, user_id)).fetchone()
    return session_of(row) if row is not None else None


def balance(connection: sqlite3.Connection, partner: str, user_id: int) -> Balance:
    """What a user has."""
    amounts = dict(connection.execute(statements.BALANCES_OF_USER, (partner, user_id)).fetchall())
    return Balance(
        available=Credits(amounts.get(AccountKind.WALLET, 0)),
        held=Credits(amounts.get(AccountKind.HELD, 0)),
    )


def free_used(connection: sqlite3.Connection, partner: str, user_id: int, day: str) -> int:
    """How many free generations of a day are taken."""
    row = connection.execute(statements.FREE_USED, (partner, user_id, day)).fetchone()
    return int(row[0]) if row is not None else 0


def attempt(connection: sqlite3.Connection, partner: str, task_id: UUID) -> Attempt | None:
    """One attempt."""
    row = connection.execute(statements.ATTEMPT, (partner, str(task_id))).fetchone()
    return attempt_of(row) if row is not None else None


def attempts_in(
    connection: sqlite3.Connection, partner: str, states: Sequence[AttemptState], *, limit: int
) -> Sequence[Attempt]:
    """Attempts in these states, oldest change first; ended ones are looked for in all there are."""
    if not states:
        return []
    statement = statements.ATTEMPTS_OPEN_IN if _ENDED.isdisjoint(states) else statements.ATTEMPTS_IN
    filled = islice(cycle(states), len(AttemptState))
    return [attempt_of(row) for row in connection.execute(statement, (partner, *filled, limit))]


def history(
    connection: sqlite3.Connection, partner: str, user_id: int, *, offset: int, limit: int
) -> Sequence[Attempt]:
    """A user's attempts, newest first."""
    return [attempt_of(row) for row in connection.execute(statements.HISTORY, (partner, user_id, limit, offset))]


def has_user(connection: sqlite3.Connection, partner: str, user_id: int) -> bool:
    """Whether this user was ever seen."""
    return connection.execute(statements.HAS_USER, (partner, user_id)).fetchone() is not None


def unsent(connection: sqlite3.Connection, partner: str, *, after: int, limit: int) -> Sequence[QueuedMessage]:
    """Messages that have not ended, in order of their places."""
    return [queued_message(row) for row in connection.execute(statements.UNSENT, (partner, after, limit))]
