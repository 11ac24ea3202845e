"""The tables: their columns, their keys, and how their rows become records and rows again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from botflight_service.billing.ledger import AccountKind
from botflight_service.storage.json_store import codec
from botflight_service.storage.json_store.codec import Record
from botflight_service.storage.json_store.rows import (
    AccountBalance,
    AuditPass,
    FreeDay,
    FreeTaken,
    Nonce,
    StoredAction,
    StoredAttempt,
    StoredMemo,
    StoredMessage,
    StoredMute,
    StoredPayment,
    StoredSession,
    StoredTransfer,
    StoredUpdate,
    User,
)

V = TypeVar("V")

#: The values of a record's key columns.
Key = tuple[Any, ...]

_NONE = type(None)
_TEXT = (str,)
_OPTIONAL_TEXT = (str, _NONE)
_INTEGER = (int,)
_OPTIONAL_INTEGER = (int, _NONE)
_OBJECT = (dict,)
_LIST = (list,)
#: Every other store keeps integers of 64 bits.
_INTEGERS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(Generic[V]):
    """How the rows of one table are named, told apart and written."""

    table: str
    #: What each column may hold.
    columns: Mapping[str, tuple[type, ...]]
    key_columns: tuple[str, ...]
    key: Callable[[V], Key]
    encode: Callable[[V], dict[str, Any]]
    decode: Callable[[Record], V]

    def read(self, record: Record) -> V:
        """The row of a whole record. Raises ValueError where it is none."""
        if record.keys() != self.columns.keys():
            raise ValueError(f"it has other fields than {self.table}")
        for name, value in record.items():
            if type(value) not in self.columns[name] or (type(value) is int and value not in _INTEGERS):
                raise ValueError(f"its {name} cannot be {value!r:.40}")
        try:
            return self.decode(record)
        except (KeyError, TypeError) as error:
            raise ValueError(f"a field is missing or of another type: {error}") from error


USERS: Layout[User] = Layout(
    table="users",
    columns={
        "partner": _TEXT,
        "user_id": _INTEGER,
        "first_seen_at_ms": _INTEGER,
        "blocked_at_ms": _OPTIONAL_INTEGER,
    },
    key_columns=("partner", "user_id"),
    key=lambda row: (row.partner, row.user_id),
    encode=lambda row: {
        "partner": row.partner,
        "user_id": row.user_id,
        "first_seen_at_ms": row.first_seen_at_ms,
        "blocked_at_ms": row.blocked_at_ms,
    },
    decode=lambda record: User(**record),
)
SESSIONS: Layout[StoredSession] = Layout(
    table="sessions",
    columns={
        "partner": _TEXT,
        "user_id": _INTEGER,
        "update_id": _INTEGER,
        "written_at_ms": _INTEGER,
        "menu_message_id": _OPTIONAL_INTEGER,
        "body": _OBJECT,
    },
    key_columns=("partner", "user_id"),
    key=lambda row: (row.partner, row.session.user_id),
    encode=codec.encode_session,
    decode=codec.decode_session,
)
UPDATES: Layout[StoredUpdate] = Layout(
    table="updates",
    columns={
        "place": _INTEGER,
        "partner": _TEXT,
        "update_id": _INTEGER,
        "correlation_id": _TEXT,
        "kind": _TEXT,
        "lane": _TEXT,
        "received_at_ms": _INTEGER,
        "payload": _TEXT,
        "done_at_ms": _OPTIONAL_INTEGER,
        "outcome": _OPTIONAL_TEXT,
    },
    key_columns=("partner", "update_id"),
    key=lambda row: (row.envelope.partner, row.envelope.update_id),
    encode=codec.encode_update,
    decode=codec.decode_update,
)
ATTEMPTS: Layout[StoredAttempt] = Layout(
    table="attempts",
    columns={
        "place": _INTEGER,
        "partner": _TEXT,
        "task_id": _TEXT,
        "user_id": _INTEGER,
        "chat_id": _INTEGER,
        "model": _TEXT,
        "inputs": _OBJECT,
        "price_hundredths": _INTEGER,
        "funding": _TEXT,
        "state": _TEXT,
        "correlation_id": _TEXT,
        "trace_parent": _TEXT,
        "language": _TEXT,
        "screen_message_id": _OPTIONAL_INTEGER,
        "created_at_ms": _INTEGER,
        "changed_at_ms": _INTEGER,
        "submitted_at_ms": _OPTIONAL_INTEGER,
        "job_id": _OPTIONAL_TEXT,
        "artifact_kind": _OPTIONAL_TEXT,
        "artifact_reference": _OPTIONAL_TEXT,
        "artifact_file_name": _OPTIONAL_TEXT,
        "telegram_file_id": _OPTIONAL_TEXT,
        "failure": _OPTIONAL_TEXT,
    },
    key_columns=("partner", "task_id"),
    key=lambda row: (row.attempt.partner, str(row.attempt.task_id)),
    encode=codec.encode_attempt,
    decode=codec.decode_attempt,
)
TRANSFERS: Layout[StoredTransfer] = Layout(
    table="transfers",
    columns={
        "place": _INTEGER,
        "partner": _TEXT,
        "transfer_id": _TEXT,
        "kind": _TEXT,
        "debit_kind": _TEXT,
        "debit_user_id": _INTEGER,
        "credit_kind": _TEXT,
        "credit_user_id": _INTEGER,
        "amount_hundredths": _INTEGER,
        "user_id": _INTEGER,
        "task_id": _OPTIONAL_TEXT,
        "resolves": _OPTIONAL_TEXT,
        "created_at_ms": _INTEGER,
    },
    key_columns=("transfer_id",),
    key=lambda row: (str(row.transfer.transfer_id),),
    encode=codec.encode_transfer,
    decode=codec.decode_transfer,
)
ACCOUNTS: Layout[AccountBalance] = Layout(
    table="accounts",
    columns={
        "partner": _TEXT,
        "user_id": _INTEGER,
        "kind": _TEXT,
        "balance_hundredths": _INTEGER,
        "changed_at_ms": _INTEGER,
    },
    key_columns=("partner", "user_id", "kind"),
    key=lambda row: (row.partner, row.user_id, row.kind.value),
    encode=lambda row: {
        "partner": row.partner,
        "user_id": row.user_id,
        "kind": row.kind.value,
        "balance_hundredths": row.balance_hundredths,
        "changed_at_ms": row.changed_at_ms,
    },
    decode=lambda record: AccountBalance(**{**record, "kind": AccountKind(record["kind"])}),
)
FREE_DEDUCTIONS: Layout[FreeTaken] = Layout(
    table="free_deductions",
    columns={
        "partner": _TEXT,
        "task_id": _TEXT,
        "user_id": _INTEGER,
        "day": _TEXT,
        "daily_limit": _INTEGER,
        "created_at_ms": _INTEGER,
        "restored_at_ms": _OPTIONAL_INTEGER,
    },
    key_columns=("partner", "task_id"),
    key=lambda row: (row.partner, str(row.deduction.task_id)),
    encode=codec.encode_free,
    decode=codec.decode_free,
)
FREE_DAYS: Layout[FreeDay] = Layout(
    table="free_days",
    columns={"partner": _TEXT, "user_id": _INTEGER, "day": _TEXT, "used": _INTEGER},
    key_columns=("partner", "user_id", "day"),
    key=lambda row: (row.partner, row.user_id, row.day),
    encode=lambda row: {"partner": row.partner, "user_id": row.user_id, "day": row.day, "used": row.used},
    decode=lambda record: FreeDay(**record),
)
MESSAGES: Layout[StoredMessage] = Layout(
    table="messages",
    columns={
        "place": _INTEGER,
        "partner": _TEXT,
        "chat_id": _INTEGER,
        "menu_of": _OPTIONAL_INTEGER,
        "task_id": _OPTIONAL_TEXT,
        "body": _OBJECT,
        "created_at_ms": _INTEGER,
        "outcome": _OPTIONAL_TEXT,
        "ended_at_ms": _OPTIONAL_INTEGER,
        "telegram_message_id": _OPTIONAL_INTEGER,
    },
    key_columns=("place",),
    key=lambda row: (row.place,),
    encode=codec.encode_message,
    decode=codec.decode_message,
)
PAYMENTS: Layout[StoredPayment] = Layout(
    table="payments",
    columns={
        "place": _INTEGER,
        "partner": _TEXT,
        "charge_id": _TEXT,
        "user_id": _INTEGER,
        "stars": _INTEGER,
        "credited_hundredths": _INTEGER,
        "invoice_payload": _TEXT,
        "language": _TEXT,
        "state": _TEXT,
        "refunds": _INTEGER,
        "taken_hundredths": _INTEGER,
        "paid_at_ms": _INTEGER,
        "changed_at_ms": _INTEGER,
    },
    key_columns=("partner", "charge_id"),
    key=lambda row: (row.partner, row.payment.charge_id),
    encode=codec.encode_payment,
    decode=codec.decode_payment,
)
ADMIN_ACTIONS: Layout[StoredAction] = Layout(
    table="admin_actions",
    columns={
        "place": _INTEGER,
        "partner": _TEXT,
        "admin_id": _INTEGER,
        "action": _TEXT,
        "subject": _TEXT,
        "outcome": _TEXT,
        "correlation_id": _TEXT,
        "at_ms": _INTEGER,
    },
    key_columns=("place",),
    key=lambda row: (row.place,),
    encode=codec.encode_action,
    decode=codec.decode_action,
)
MEMOS: Layout[StoredMemo] = Layout(
    table="memos",
    columns={"partner": _TEXT, "name": _TEXT, "version": _INTEGER, "body": _OBJECT, "changed_at_ms": _INTEGER},
    key_columns=("partner", "name"),
    key=lambda row: (row.partner, row.memo.name),
    encode=codec.encode_memo,
    decode=codec.decode_memo,
)
AUDITS: Layout[AuditPass] = Layout(
    table="audits",
    columns={
        "partner": _TEXT,
        "next_user_id": _INTEGER,
        "mismatched": _INTEGER,
        "sample": _LIST,
        "last_ended_at_ms": _OPTIONAL_INTEGER,
        "last_mismatched": _OPTIONAL_INTEGER,
        "last_sample": _LIST,
    },
    key_columns=("partner",),
    key=lambda row: (row.partner,),
    encode=codec.encode_audit,
    decode=codec.decode_audit,
)
NONCES: Layout[Nonce] = Layout(
    table="nonces",
    columns={"nonce": _TEXT, "created_at_ms": _INTEGER},
    key_columns=("nonce",),
    key=lambda row: (row.nonce,),
    encode=lambda row: {"nonce": row.nonce, "created_at_ms": row.created_at_ms},
    decode=lambda record: Nonce(**record),
)
MUTES: Layout[StoredMute] = Layout(
    table="mutes",
    columns={
        "partner": _TEXT,
        "code": _TEXT,
        "until_ms": _INTEGER,
        "up_to": _INTEGER,
        "reason": _TEXT,
        "set_at_ms": _INTEGER,
    },
    key_columns=("partner", "code"),
    key=lambda row: (row.partner, row.mute.code),
    encode=codec.encode_mute,
    decode=codec.decode_mute,
)
