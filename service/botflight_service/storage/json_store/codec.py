"""Rows as JSON records and back. The records are those of an archive, so that stores can be compared by them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from botflight_diagnostics.report import Mute
from botflight_service.admin_action import AdminAction
from botflight_service.billing.ledger import Account, AccountKind, Transfer, TransferKind
from botflight_service.billing.money import Credits
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.billing.quotas import FreeDeduction
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState, Funding, ResultKind
from botflight_service.memo import Memo
from botflight_service.message import Button, Invoice, OutgoingMessage
from botflight_service.session import Draft, Offer, Session
from botflight_service.storage.interface import SendOutcome
from botflight_service.storage.json_store.rows import (
    AuditPass,
    FreeTaken,
    StoredAction,
    StoredAttempt,
    StoredMemo,
    StoredMessage,
    StoredMute,
    StoredPayment,
    StoredSession,
    StoredTransfer,
    StoredUpdate,
)
from botflight_service.updates.envelope import Envelope

Record = Mapping[str, Any]


def encode_session(row: StoredSession) -> dict[str, Any]:
    """The record of a session."""
    return {
        "partner": row.partner,
        "user_id": row.session.user_id,
        "update_id": row.session.update_id,
        "written_at_ms": row.session.written_at_ms,
        "menu_message_id": row.menu_message_id,
        "body": row.session,
    }


def decode_session(record: Record) -> StoredSession:
    """The row of a record of a session."""
    fields = record["body"] | {"draft": _draft(record["body"]["draft"])}
    return StoredSession(
        partner=record["partner"], session=Session(**fields), menu_message_id=record["menu_message_id"]
    )


def _draft(fields: Record | None) -> Draft | None:
    return None if fields is None else Draft(**{**fields, "offer": _offer(fields["offer"])})


def _offer(fields: Record | None) -> Offer | None:
    if fields is None:
        return None
    return Offer(
        task_id=UUID(fields["task_id"]),
        price=Credits(fields["price"]["hundredths"]),
        funding=Funding(fields["funding"]),
    )


def encode_update(row: StoredUpdate) -> dict[str, Any]:
    """The record of an update of the inbox."""
    envelope = row.envelope
    return {
        "place": row.place,
        "partner": envelope.partner,
        "update_id": envelope.update_id,
        "correlation_id": str(envelope.correlation_id),
        "kind": envelope.kind,
        "lane": envelope.lane,
        "received_at_ms": envelope.received_at_ms,
        "payload": base64.b64encode(envelope.payload).decode(),
        "done_at_ms": row.done_at_ms,
        "outcome": row.outcome,
    }


def decode_update(record: Record) -> StoredUpdate:
    """The row of a record of an update of the inbox."""
    if (record["done_at_ms"] is None) != (record["outcome"] is None):
        raise ValueError("an update is done when it has an outcome, and at a time")
    envelope = Envelope(
        partner=record["partner"],
        update_id=record["update_id"],
        correlation_id=UUID(record["correlation_id"]),
        kind=record["kind"],
        lane=record["lane"],
        received_at_ms=record["received_at_ms"],
        payload=base64.b64decode(record["payload"], validate=True),
    )
    return StoredUpdate(
        place=record["place"], envelope=envelope, done_at_ms=record["done_at_ms"], outcome=record["outcome"]
    )


def encode_attempt(row: StoredAttempt) -> dict[str, Any]:
    """The record of an attempt."""
    one, artifact = row.attempt, row.attempt.artifact
    return {
        "place": row.place,
        "partner": one.partner,
        "task_id": str(one.task_id),
        "user_id": one.user_id,
        "chat_id": one.chat_id,
        "model": one.model,
        "inputs": dict(one.inputs),
        "price_hundredths": one.price.hundredths,
        "funding": one.funding.value,
        "state": one.state.value,
        "correlation_id": str(one.correlation_id),
        "trace_parent": one.trace_parent,
        "language": one.language,
        "screen_message_id": one.screen_message_id,
        "created_at_ms": one.created_at_ms,
        "changed_at_ms": one.changed_at_ms,
        "submitted_at_ms": one.submitted_at_ms,
        "job_id": one.job_id,
        "artifact_kind": artifact.kind.value if artifact is not None else None,
        "artifact_reference": artifact.reference if artifact is not None else None,
        "artifact_file_name": artifact.file_name if artifact is not None else None,
        "telegram_file_id": artifact.telegram_file_id if artifact is not None else None,
        "failure": one.failure,
    }


def decode_attempt(record: Record) -> StoredAttempt:
    """The row of a record of an attempt."""
    kind = record["artifact_kind"]
    artifact = None
    if kind is not None:
        artifact = Artifact(
            kind=ResultKind(kind),
            reference=record["artifact_reference"],
            file_name=record["artifact_file_name"],
            telegram_file_id=record["telegram_file_id"],
        )
    attempt = Attempt(
        task_id=UUID(record["task_id"]),
        partner=record["partner"],
        user_id=record["user_id"],
        chat_id=record["chat_id"],
        model=record["model"],
        inputs=record["inputs"],
        price=Credits(record["price_hundredths"]),
        funding=Funding(record["funding"]),
        state=AttemptState(record["state"]),
        correlation_id=UUID(record["correlation_id"]),
        trace_parent=record["trace_parent"],
        language=record["language"],
        screen_message_id=record["screen_message_id"],
        created_at_ms=record["created_at_ms"],
        changed_at_ms=record["changed_at_ms"],
        submitted_at_ms=record["submitted_at_ms"],
        job_id=record["job_id"],
        artifact=artifact,
        failure=record["failure"],
    )
    return StoredAttempt(place=record["place"], attempt=attempt)


def encode_transfer(row: StoredTransfer) -> dict[str, Any]:
    """The record of a transfer."""
    one = row.transfer
    return {
        "place": row.place,
        "partner": row.partner,
        "transfer_id": str(one.transfer_id),
        "kind": one.kind.value,
        "debit_kind": one.debit.kind.value,
        "debit_user_id": one.debit.user_id,
        "credit_kind": one.credit.kind.value,
        "credit_user_id": one.credit.user_id,
        "amount_hundredths": one.amount_hundredths,
        "user_id": one.user_id,
        "task_id": str(one.task_id) if one.task_id is not None else None,
        "resolves": str(one.resolves) if one.resolves is not None else None,
        "created_at_ms": one.created_at_ms,
    }


def decode_transfer(record: Record) -> StoredTransfer:
    """The row of a record of a transfer."""
    if record["amount_hundredths"] <= 0:
        raise ValueError("what a transfer moves is above zero")
    if not {record["debit_user_id"], record["credit_user_id"]} <= {0, record["user_id"]}:
        raise ValueError("a transfer is between its user and the house")
    transfer = Transfer(
        transfer_id=UUID(record["transfer_id"]),
        kind=TransferKind(record["kind"]),
        debit=Account(AccountKind(record["debit_kind"]), record["debit_user_id"]),
        credit=Account(AccountKind(record["credit_kind"]), record["credit_user_id"]),
        amount_hundredths=record["amount_hundredths"],
        user_id=record["user_id"],
        task_id=UUID(record["task_id"]) if record["task_id"] is not None else None,
        resolves=UUID(record["resolves"]) if record["resolves"] is not None else None,
        created_at_ms=record["created_at_ms"],
    )
    return StoredTransfer(place=record["place"], partner=record["partner"], transfer=transfer)


def encode_free(row: FreeTaken) -> dict[str, Any]:
    """The record of a free generation."""
    return {
        "partner": row.partner,
        "task_id": str(row.deduction.task_id),
        "user_id": row.deduction.user_id,
        "day": row.deduction.day,
        "daily_limit": row.deduction.daily_limit,
        "created_at_ms": row.deduction.created_at_ms,
        "restored_at_ms": row.restored_at_ms,
    }


def decode_free(record: Record) -> FreeTaken:
    """The row of a record of a free generation."""
    deduction = FreeDeduction(
        task_id=UUID(record["task_id"]),
        user_id=record["user_id"],
        day=record["day"],
        daily_limit=record["daily_limit"],
        created_at_ms=record["created_at_ms"],
    )
    return FreeTaken(partner=record["partner"], deduction=deduction, restored_at_ms=record["restored_at_ms"])


def encode_message(row: StoredMessage) -> dict[str, Any]:
    """The record of a message of the outbox."""
    return {
        "place": row.place,
        "partner": row.partner,
        "chat_id": row.message.chat_id,
        "menu_of": row.message.menu_of,
        "task_id": str(row.message.task_id) if row.message.task_id is not None else None,
        "body": row.message,
        "created_at_ms": row.created_at_ms,
        "outcome": row.outcome.value if row.outcome is not None else None,
        "ended_at_ms": row.ended_at_ms,
        "telegram_message_id": row.telegram_message_id,
    }


def decode_message(record: Record) -> StoredMessage:
    """The row of a record of a message of the outbox."""
    if (record["outcome"] is None) != (record["ended_at_ms"] is None):
        raise ValueError("a message has ended when it has an outcome, and at a time")
    return StoredMessage(
        place=record["place"],
        partner=record["partner"],
        message=_message(record["body"]),
        created_at_ms=record["created_at_ms"],
        outcome=SendOutcome(record["outcome"]) if record["outcome"] is not None else None,
        ended_at_ms=record["ended_at_ms"],
        telegram_message_id=record["telegram_message_id"],
    )


def _message(fields: Record) -> OutgoingMessage:
    # Messages of before there were payments have no word of an invoice.
    artifact, invoice, task_id = fields["artifact"], fields.get("invoice"), fields["task_id"]
    if artifact is not None:
        artifact = Artifact(**artifact | {"kind": ResultKind(artifact["kind"])})
    parsed = {
        "keyboard": tuple(tuple(Button(**button) for button in line) for line in fields["keyboard"]),
        "artifact": artifact,
        "invoice": Invoice(**invoice) if invoice is not None else None,
        "task_id": UUID(task_id) if task_id is not None else None,
        "correlation_id": UUID(fields["correlation_id"]),
    }
    return OutgoingMessage(**{**fields, **parsed})


def encode_payment(row: StoredPayment) -> dict[str, Any]:
    """The record of a payment."""
    one = row.payment
    return {
        "place": row.place,
        "partner": row.partner,
        "charge_id": one.charge_id,
        "user_id": one.user_id,
        "stars": one.stars,
        "credited_hundredths": one.credited.hundredths,
        "invoice_payload": one.invoice_payload,
        "language": one.language,
        "state": one.state.value,
        "refunds": one.refunds,
        "taken_hundredths": one.taken.hundredths,
        "paid_at_ms": one.paid_at_ms,
        "changed_at_ms": one.changed_at_ms,
    }


def decode_payment(record: Record) -> StoredPayment:
    """The row of a record of a payment."""
    if record["stars"] <= 0 or not 0 <= record["taken_hundredths"] <= record["credited_hundredths"]:
        raise ValueError("a payment is of Stars, and no more is taken back than was credited")
    fields = {name: value for name, value in record.items() if name not in {"place", "partner"}}
    amounts = {name: Credits(fields.pop(f"{name}_hundredths")) for name in ("credited", "taken")}
    payment = Payment(**{**fields, **amounts, "state": PaymentState(record["state"])})
    return StoredPayment(place=record["place"], partner=record["partner"], payment=payment)


def encode_action(row: StoredAction) -> dict[str, Any]:
    """The record of what an administrator did."""
    one = row.action
    return {
        "place": row.place,
        "partner": row.partner,
        "admin_id": one.admin_id,
        "action": one.action,
        "subject": one.subject,
        "outcome": one.outcome,
        "correlation_id": str(one.correlation_id),
        "at_ms": one.at_ms,
    }


def decode_action(record: Record) -> StoredAction:
    """The row of a record of what an administrator did."""
    fields = {name: value for name, value in record.items() if name not in {"place", "partner"}}
    action = AdminAction(**{**fields, "correlation_id": UUID(record["correlation_id"])})
    return StoredAction(place=record["place"], partner=record["partner"], action=action)


def encode_memo(row: StoredMemo) -> dict[str, Any]:
    """The record of a memo."""
    one = row.memo
    return {
        "partner": row.partner,
        "name": one.name,
        "version": one.version,
        "body": dict(one.body),
        "changed_at_ms": one.changed_at_ms,
    }


def decode_memo(record: Record) -> StoredMemo:
    """The row of a record of a memo."""
    fields = {name: value for name, value in record.items() if name != "partner"}
    return StoredMemo(partner=record["partner"], memo=Memo(**fields))


def encode_audit(row: AuditPass) -> dict[str, Any]:
    """The record of an audit."""
    return {
        "partner": row.partner,
        "next_user_id": row.next_user_id,
        "mismatched": row.mismatched,
        "sample": list(row.sample),
        "last_ended_at_ms": row.last_ended_at_ms,
        "last_mismatched": row.last_mismatched,
        "last_sample": list(row.last_sample),
    }


def decode_audit(record: Record) -> AuditPass:
    """The row of a record of an audit."""
    samples = {"sample": tuple(record["sample"]), "last_sample": tuple(record["last_sample"])}
    return AuditPass(**{**record, **samples})


def encode_mute(row: StoredMute) -> dict[str, Any]:
    """The record of a mute."""
    mute = row.mute
    return {
        "partner": row.partner,
        "code": mute.code,
        "until_ms": mute.until_ms,
        "up_to": mute.up_to,
        "reason": mute.reason,
        "set_at_ms": mute.set_at_ms,
    }


def decode_mute(record: Record) -> StoredMute:
    """The row of a record of a mute."""
    return StoredMute(
        partner=record["partner"], mute=Mute(**{name: value for name, value in record.items() if name != "partner"})
    )
