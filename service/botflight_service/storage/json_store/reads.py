"""What is read from the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import merge
from itertools import islice
from uuid import UUID

from botflight_service.billing.ledger import AccountKind
from botflight_service.billing.money import Credits
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.session import Session
from botflight_service.storage.interface import Balance, QueuedMessage, QueuedUpdate
from botflight_service.storage.json_store.state import State


def undone(state: State, partner: str, *, after: int, limit: int) -> Sequence[QueuedUpdate]:
    """Updates that are not done, in the order of arrival."""
    found = islice(state.undone.after(partner, (after + 1,)), limit)
    return [QueuedUpdate(place, state.updates.rows[partner, update_id].envelope) for place, update_id in found]


def session(state: State, partner: str, user_id: int) -> Session | None:
    """A user's session."""
    found = state.sessions.get(partner, user_id)
    return replace(found.session, menu_message_id=found.menu_message_id) if found is not None else None


def balance(state: State, partner: str, user_id: int) -> Balance:
    """What a user has."""

    def amount(kind: AccountKind) -> Credits:
        found = state.accounts.get(partner, user_id, kind.value)
        return Credits(found.balance_hundredths if found is not None else 0)

    return Balance(available=amount(AccountKind.WALLET), held=amount(AccountKind.HELD))


def free_used(state: State, partner: str, user_id: int, day: str) -> int:
    """How many free generations of a day are taken."""
    found = state.free_days.get(partner, user_id, day)
    return found.used if found is not None else 0


def attempt(state: State, partner: str, task_id: UUID) -> Attempt | None:
    """One attempt."""
    found = state.attempts.get(partner, str(task_id))
    return found.attempt if found is not None else None


def attempts_in(state: State, partner: str, states: Sequence[AttemptState], *, limit: int) -> Sequence[Attempt]:
    """Attempts in these states, oldest change first."""
    in_order = merge(*(state.attempts_in_state.of((partner, one)) for one in set(states)))
    return [state.attempts.rows[partner, task_id].attempt for _, _, task_id in islice(in_order, limit)]


def history(state: State, partner: str, user_id: int, *, offset: int, limit: int) -> Sequence[Attempt]:
    """A user's attempts, newest first."""
    newest_first = reversed(state.attempts_of_user.of((partner, user_id)))
    page = islice(newest_first, offset, offset + limit)
    return [state.attempts.rows[partner, task_id].attempt for _, task_id in page]


def has_user(state: State, partner: str, user_id: int) -> bool:
    """Whether this user was ever seen."""
    return state.users.get(partner, user_id) is not None


def unsent(state: State, partner: str, *, after: int, limit: int) -> Sequence[QueuedMessage]:
    """Messages that have not ended, in order of their places."""
    found = islice(state.unsent.after(partner, (after + 1,)), limit)
    return [QueuedMessage(place, state.messages.rows[place,].message) for (place,) in found]
