"""All that is stored, in plain dictionaries, with what it takes to undo a change and to write it down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from botflight_service.billing.ledger import TransferKind
from botflight_service.storage.json_store import layouts
from botflight_service.storage.json_store.codec import Record
from botflight_service.storage.json_store.indexes import ByTime, Index, Ordered, Repeats, Total
from botflight_service.storage.json_store.layouts import Key, Layout
from botflight_service.storage.json_store.rows import (
    AccountBalance,
    FreeDay,
    StoredAction,
    StoredAttempt,
    StoredMessage,
    StoredPayment,
    StoredTransfer,
    StoredUpdate,
    User,
)

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Change:
    """A row that took the place of another."""

    table: Table[Any]
    key: Key
    #: None where there was none.
    old: Any
    last_place: int


class Table(Generic[V]):
    """The rows of a table by their keys."""

    def __init__(self, layout: Layout[V], changes: list[Change], *indexes: Index[V]) -> None:
        self.layout = layout
        self.rows: dict[Key, V] = {}
        #: The last place that was given out; it is never given again, also when its row was pruned.
        self.last_place = 0
        self._changes = changes
        self._indexes = indexes

    def get(self, *key: object) -> V | None:
        """The row of a key."""
        return self.rows.get(key)

    def put(self, row: V) -> None:
        """Keep a row, in the place of the one of its key."""
        self.change(self.layout.key(row), row)

    def change(self, key: Key, row: V | None) -> None:
        """Keep or remove a row, and note what was there before."""
        self._changes.append(Change(self, key, self.rows.get(key), self.last_place))
        self.set(key, row)

    def next_place(self) -> int:
        """The place of the next row."""
        return self.last_place + 1

    def set(self, key: Key, row: V | None) -> None:
        """Keep or remove a row without a note of it."""
        old = self.rows.get(key)
        if row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row
            self.last_place = max(self.last_place, getattr(row, "place", 0))
        for index in self._indexes:
            index(old, row)


class State:
    """The tables, with the indexes that reads and probes go by."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._index()
        self.users = Table(layouts.USERS, self.changes, self.user_count, self.reachable)
        self.sessions = Table(layouts.SESSIONS, self.changes)
        self.updates = Table(layouts.UPDATES, self.changes, self.undone, self.done)
        self.attempts = Table(
            layouts.ATTEMPTS,
            self.changes,
            self.attempts_of_user,
            self.attempts_in_state,
            self.attempts_by_age,
            self.attempts_by_correlation,
            self.shared_jobs,
            self.attempt_count,
        )
        self.transfers = Table(
            layouts.TRANSFERS, self.changes, self.transfers_of_task, self.transfers_of_user, self.open_holds
        )
        self.accounts = Table(
            layouts.ACCOUNTS,
            self.changes,
            self.accounts_of_user,
            self.accounts_by_change,
            self.account_count,
            self.balance_sum,
        )
        self.free_deductions = Table(layouts.FREE_DEDUCTIONS, self.changes)
        self.free_days = Table(layouts.FREE_DAYS, self.changes, self.free_uses, self.free_day_count)
        self.messages = Table(layouts.MESSAGES, self.changes, self.unsent, self.ended)
        self.payments = Table(layouts.PAYMENTS, self.changes, self.payments_of_user, self.payments_in_state)
        self.admin_actions = Table(layouts.ADMIN_ACTIONS, self.changes, self.actions_of)
        self.memos = Table(layouts.MEMOS, self.changes)
        self.mutes = Table(layouts.MUTES, self.changes)
        self.audits = Table(layouts.AUDITS, self.changes)
        self.nonces = Table(layouts.NONCES, self.changes)
        #: What an archive holds, in an order in which it can be filled.
        self.archived: tuple[Table[Any], ...] = (
            self.users,
            self.sessions,
            self.updates,
            self.attempts,
            self.transfers,
            self.accounts,
            self.free_deductions,
            self.free_days,
            self.messages,
            self.payments,
            self.admin_actions,
            self.memos,
            self.mutes,
        )
        self.tables: Mapping[str, Table[Any]] = {
            table.layout.table: table for table in (*self.archived, self.audits, self.nonces)
        }

    def _index(self) -> None:
        self.user_count = Total[User](lambda row: (row.partner, 1))
        self.reachable = Ordered[User](lambda row: (row.partner, (row.user_id,)) if row.blocked_at_ms is None else None)
        self.undone = Ordered[StoredUpdate](_undone)
        self.done = ByTime[StoredUpdate](_done)
        self.attempts_of_user = Ordered[StoredAttempt](
            lambda row: ((row.attempt.partner, row.attempt.user_id), (row.place, str(row.attempt.task_id)))
        )
        self.attempts_in_state = Ordered[StoredAttempt](
            lambda row: (
                (row.attempt.partner, row.attempt.state),
                (row.attempt.changed_at_ms, row.place, str(row.attempt.task_id)),
            )
        )
        self.attempts_by_age = ByTime[StoredAttempt](
            lambda row: (row.attempt.partner, row.attempt.created_at_ms, row.place)
        )
        self.attempts_by_correlation = Ordered[StoredAttempt](
            lambda row: ((row.attempt.partner, row.attempt.correlation_id), (row.place, str(row.attempt.task_id)))
        )
        self.shared_jobs = Repeats[StoredAttempt](
            lambda row: (row.attempt.partner, row.attempt.job_id) if row.attempt.job_id is not None else None
        )
        self.attempt_count = Total[StoredAttempt](lambda row: (row.attempt.partner, 1))
        self.transfers_of_task = Ordered[StoredTransfer](_of_task)
        self.transfers_of_user = Ordered[StoredTransfer](
            lambda row: ((row.partner, row.transfer.user_id), (row.place, str(row.transfer.transfer_id)))
        )
        self.open_holds = Total[StoredTransfer](_open_hold)
        self.accounts_of_user = Ordered[AccountBalance](
            lambda row: (row.partner, (row.user_id, row.kind.value)) if row.user_id else None
        )
        self.accounts_by_change = ByTime[AccountBalance](
            lambda row: (row.partner, row.changed_at_ms, (row.user_id, row.kind)) if row.user_id else None
        )
        self.account_count = Total[AccountBalance](lambda row: (row.partner, 1) if row.user_id else None)
        self.balance_sum = Total[AccountBalance](lambda row: (row.partner, row.balance_hundredths))
        self.free_uses = Ordered[FreeDay](lambda row: ((row.partner, row.day), (row.used, row.user_id)))
        self.free_day_count = Total[FreeDay](lambda row: (row.partner, 1))
        self.unsent = Ordered[StoredMessage](lambda row: (row.partner, (row.place,)) if row.outcome is None else None)
        self.payments_of_user = Ordered[StoredPayment](
            lambda row: ((row.partner, row.payment.user_id), (row.place, row.payment.charge_id))
        )
        self.payments_in_state = Ordered[StoredPayment](
            lambda row: (
                (row.partner, row.payment.state),
                (row.payment.changed_at_ms, row.place, row.payment.charge_id),
            )
        )
        self.actions_of = Ordered[StoredAction](lambda row: (row.partner, (row.place,)))
        self.ended = ByTime[StoredMessage](
            lambda row: (row.partner, row.ended_at_ms, row.place) if row.ended_at_ms is not None else None
        )

    def undo(self, changes: Sequence[Change]) -> None:
        """Put back what was before these changes, the last of all."""
        for change in reversed(changes):
            change.table.set(change.key, change.old)
            change.table.last_place = change.last_place

    def apply(self, record: Record) -> None:
        """Do what a line of the journal says. Raises ValueError where it cannot."""
        fields = dict(record)
        table = self.tables.get(fields.pop("table", None))
        if table is None:
            raise ValueError("it names no table")
        layout = table.layout
        key = tuple(fields[name] for name in layout.key_columns)
        if fields.pop("gone", False):
            table.set(key, None)
            return
        old = table.get(*key)
        if old is not None:
            fields = orjson.loads(orjson.dumps(layout.encode(old))) | fields
        table.set(key, layout.read(fields))


def written(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    """What a line of the journal says of changes: new rows whole, others by what is different in them."""
    first: dict[tuple[str, Key], Change] = {}
    for change in changes:
        first.setdefault((change.table.layout.table, change.key), change)
    for change in first.values():
        layout, new = change.table.layout, change.table.get(*change.key)
        if new is not None:
            yield {"table": layout.table} | _difference(layout, change.old, new)
        elif change.old is not None:
            yield {"table": layout.table, **dict(zip(layout.key_columns, change.key, strict=True)), "gone": True}


def _difference(layout: Layout[V], old: V | None, new: V) -> dict[str, Any]:
    """The columns of a row that changed, and those of its key."""
    record = layout.encode(new)
    if old is None:
        return record
    before = layout.encode(old)
    return {name: value for name, value in record.items() if name in layout.key_columns or before[name] != value}


def _undone(row: StoredUpdate) -> tuple[str, tuple[int, int]] | None:
    return (row.envelope.partner, (row.place, row.envelope.update_id)) if row.outcome is None else None


def _done(row: StoredUpdate) -> tuple[str, int, tuple[int, int]] | None:
    if row.done_at_ms is None:
        return None
    return row.envelope.partner, row.done_at_ms, (row.place, row.envelope.update_id)


def _of_task(row: StoredTransfer) -> tuple[tuple[str, str], tuple[str, str]] | None:
    one = row.transfer
    return None if one.task_id is None else ((row.partner, str(one.task_id)), (one.kind, str(one.transfer_id)))


def _open_hold(row: StoredTransfer) -> tuple[tuple[str, str], int] | None:
    """A hold counts one for its task, what resolves it takes the one away."""
    one = row.transfer
    if one.kind is TransferKind.HOLD:
        return (row.partner, str(one.task_id)), 1
    return ((row.partner, str(one.task_id)), -1) if one.resolves is not None else None
