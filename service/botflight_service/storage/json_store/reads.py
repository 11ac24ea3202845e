"""What is read from the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import merge
from itertools import islice
from uuid import UUID

from botflight_diagnostics.report import Mute
from botflight_service.admin_action import AdminAction
from botflight_service.billing.ledger import AccountKind
from botflight_service.billing.money import Credits
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.generation.attempts import Attempt, AttemptState
from botflight_service.memo import Memo
from botflight_service.session import Session
from botflight_service.storage.interface import Balance, House, Known, QueuedMessage, QueuedUpdate
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


def user(state: State, partner: str, user_id: int) -> Known | None:
    """What is known of a user as such."""
    found = state.users.get(partner, user_id)
    if found is None:
        return None
    return Known(user_id=user_id, first_seen_at_ms=found.first_seen_at_ms, blocked_at_ms=found.blocked_at_ms)


def reachable(state: State, partner: str, *, after: int, limit: int) -> Sequence[int]:
    """Ids of users who have not blocked the bot, in order."""
    return [user_id for (user_id,) in islice(state.reachable.after(partner, (after + 1,)), limit)]


def attempts_of(state: State, partner: str, correlation_id: UUID, *, limit: int) -> Sequence[Attempt]:
    """Attempts that began with one update, oldest first."""
    found = islice(state.attempts_by_correlation.of((partner, correlation_id)), limit)
    return [state.attempts.rows[partner, task_id].attempt for _, task_id in found]


def payment(state: State, partner: str, charge_id: str) -> Payment | None:
    """One payment."""
    found = state.payments.get(partner, charge_id)
    return found.payment if found is not None else None


def payments_of(state: State, partner: str, user_id: int, *, limit: int) -> Sequence[Payment]:
    """A user's payments, newest first."""
    newest_first = islice(reversed(state.payments_of_user.of((partner, user_id))), limit)
    return [state.payments.rows[partner, charge_id].payment for _, charge_id in newest_first]


def payments_in(state: State, partner: str, stands: PaymentState, *, limit: int) -> Sequence[Payment]:
    """Payments that stand in a state, oldest change first."""
    found = islice(state.payments_in_state.of((partner, stands)), limit)
    return [state.payments.rows[partner, charge_id].payment for _, _, charge_id in found]


def house(state: State, partner: str) -> House:
    """What the house's own accounts hold."""

    def amount(kind: AccountKind) -> Credits:
        found = state.accounts.get(partner, 0, kind.value)
        return Credits(found.balance_hundredths if found is not None else 0)

    return House(
        revenue=amount(AccountKind.REVENUE),
        top_up_clearing=amount(AccountKind.TOP_UP_CLEARING),
        adjustments=amount(AccountKind.ADJUSTMENTS),
    )


def memo(state: State, partner: str, name: str) -> Memo:
    """A memo; version 0 and empty where there is none."""
    found = state.memos.get(partner, name)
    return found.memo if found is not None else Memo(name=name)


def actions(state: State, partner: str, *, limit: int) -> Sequence[AdminAction]:
    """What administrators did, newest first."""
    newest_first = islice(reversed(state.actions_of.of(partner)), limit)
    return [state.admin_actions.rows[place,].action for (place,) in newest_first]


def unsent(state: State, partner: str, *, after: int, limit: int) -> Sequence[QueuedMessage]:
    """Messages that have not ended, in order of their places."""
    found = islice(state.unsent.after(partner, (after + 1,)), limit)
    return [QueuedMessage(place, state.messages.rows[place,].message) for (place,) in found]


def mutes(state: State, partner: str) -> Sequence[Mute]:
    """Findings that do not count for a while, by code."""
    return tuple(row.mute for _, row in sorted(state.mutes.rows.items()) if row.partner == partner)
