"""Rows into values and back: one function a direction, so that a value reads as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from botflight_service.admin_action import AdminAction
from botflight_service.billing.ledger import Account, AccountKind, Transfer, TransferKind
from botflight_service.billing.money import Credits
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState, Funding, ResultKind
from botflight_service.memo import Memo
from botflight_service.message import Button, Invoice, OutgoingMessage
from botflight_service.session import Draft, Offer, Session
from botflight_service.storage.interface import Known, QueuedMessage, QueuedUpdate
from botflight_service.updates.envelope import Envelope

Row = Sequence[Any]


def update_row(envelope: Envelope) -> Row:
    """The values of `ACCEPT`."""
    return (
        envelope.partner,
        envelope.update_id,
        str(envelope.correlation_id),
        envelope.kind,
        envelope.lane,
        envelope.received_at_ms,
        envelope.payload,
    )


def queued_update(row: Row) -> QueuedUpdate:
    """A row of `UNDONE`."""
    place, partner, update_id, correlation_id, kind, lane, received_at_ms, payload = row
    envelope = Envelope(
        partner=partner,
        update_id=update_id,
        correlation_id=UUID(correlation_id),
        kind=kind,
        lane=lane,
        received_at_ms=received_at_ms,
        payload=payload,
    )
    return QueuedUpdate(place, envelope)


def session_row(partner: str, session: Session) -> Row:
    """The columns of `WRITE_SESSION`."""
    body = orjson.dumps(session).decode()
    return (partner, session.user_id, session.update_id, session.written_at_ms, session.menu_message_id, body)


def session_of(row: Row) -> Session:
    """A row of `SESSION`."""
    body, menu_message_id = row
    fields = orjson.loads(body)
    fields["draft"] = _draft(fields["draft"])
    return replace(Session(**fields), menu_message_id=menu_message_id)


def attempt_row(attempt: Attempt) -> Row:
    """The values of `INSERT_ATTEMPT`."""
    return (
        attempt.partner,
        str(attempt.task_id),
        attempt.user_id,
        attempt.chat_id,
        attempt.model,
        orjson.dumps(dict(attempt.inputs)).decode(),
        attempt.price.hundredths,
        attempt.funding,
        attempt.state,
        str(attempt.correlation_id),
        attempt.trace_parent,
        attempt.language,
        attempt.screen_message_id,
        attempt.created_at_ms,
        attempt.changed_at_ms,
        attempt.submitted_at_ms,
        attempt.job_id,
        *artifact_row(attempt.artifact),
        attempt.failure,
    )


def attempt_of(row: Row) -> Attempt:
    """A row of `ATTEMPT`."""
    return Attempt(
        partner=row[0],
        task_id=UUID(row[1]),
        user_id=row[2],
        chat_id=row[3],
        model=row[4],
        inputs=orjson.loads(row[5]),
        price=Credits(row[6]),
        funding=Funding(row[7]),
        state=AttemptState(row[8]),
        correlation_id=UUID(row[9]),
        trace_parent=row[10],
        language=row[11],
        screen_message_id=row[12],
        created_at_ms=row[13],
        changed_at_ms=row[14],
        submitted_at_ms=row[15],
        job_id=row[16],
        artifact=Artifact(ResultKind(row[17]), row[18], row[19], row[20]) if row[17] is not None else None,
        failure=row[21],
    )


def artifact_row(artifact: Artifact | None) -> Row:
    """The four columns of an artifact."""
    if artifact is None:
        return (None, None, None, None)
    return (artifact.kind, artifact.reference, artifact.file_name, artifact.telegram_file_id)


def transfer_row(partner: str, transfer: Transfer) -> Row:
    """The values of `INSERT_TRANSFER`."""
    return (
        partner,
        str(transfer.transfer_id),
        transfer.kind,
        transfer.debit.kind,
        transfer.debit.user_id,
        transfer.credit.kind,
        transfer.credit.user_id,
        transfer.amount_hundredths,
        transfer.user_id,
        str(transfer.task_id) if transfer.task_id is not None else None,
        str(transfer.resolves) if transfer.resolves is not None else None,
        transfer.created_at_ms,
    )


def transfer_of(row: Row) -> Transfer:
    """A row of `TRANSFERS_OF_TASK`."""
    return Transfer(
        transfer_id=UUID(row[1]),
        kind=TransferKind(row[2]),
        debit=Account(AccountKind(row[3]), row[4]),
        credit=Account(AccountKind(row[5]), row[6]),
        amount_hundredths=row[7],
        user_id=row[8],
        task_id=UUID(row[9]) if row[9] is not None else None,
        resolves=UUID(row[10]) if row[10] is not None else None,
        created_at_ms=row[11],
    )


def payment_row(partner: str, payment: Payment) -> Row:
    """The values of `INSERT_PAYMENT`."""
    return (
        partner,
        payment.charge_id,
        payment.user_id,
        payment.stars,
        payment.credited.hundredths,
        payment.invoice_payload,
        payment.language,
        payment.state,
        payment.refunds,
        payment.taken.hundredths,
        payment.paid_at_ms,
        payment.changed_at_ms,
    )


def payment_of(row: Row) -> Payment:
    """A row of `PAYMENT`."""
    return Payment(
        charge_id=row[0],
        user_id=row[1],
        stars=row[2],
        credited=Credits(row[3]),
        invoice_payload=row[4],
        language=row[5],
        state=PaymentState(row[6]),
        refunds=row[7],
        taken=Credits(row[8]),
        paid_at_ms=row[9],
        changed_at_ms=row[10],
    )


def action_row(partner: str, action: AdminAction) -> Row:
    """The values of `INSERT_ACTION`."""
    return (
        partner,
        action.admin_id,
        action.action,
        action.subject,
        action.outcome,
        str(action.correlation_id),
        action.at_ms,
    )


def action_of(row: Row) -> AdminAction:
    """A row of `ACTIONS`."""
    admin_id, action, subject, outcome, correlation_id, at_ms = row
    return AdminAction(
        admin_id=admin_id,
        action=action,
        subject=subject,
        outcome=outcome,
        correlation_id=UUID(correlation_id),
        at_ms=at_ms,
    )


def memo_of(row: Row) -> Memo:
    """A row of `MEMO`."""
    name, version, body, changed_at_ms = row
    return Memo(name=name, version=version, body=orjson.loads(body), changed_at_ms=changed_at_ms)


def known_of(row: Row) -> Known:
    """A row of `USER`."""
    user_id, first_seen_at_ms, blocked_at_ms = row
    return Known(user_id=user_id, first_seen_at_ms=first_seen_at_ms, blocked_at_ms=blocked_at_ms)


def message_row(partner: str, message: OutgoingMessage, at_ms: int) -> Row:
    """The values of `INSERT_MESSAGE`."""
    task_id = str(message.task_id) if message.task_id is not None else None
    return (partner, message.chat_id, message.menu_of, task_id, orjson.dumps(message).decode(), at_ms)


def queued_message(row: Row) -> QueuedMessage:
    """A row of `UNSENT`."""
    place, body = row
    fields = orjson.loads(body)
    fields["keyboard"] = tuple(tuple(Button(**button) for button in line) for line in fields["keyboard"])
    fields["artifact"] = _artifact(fields["artifact"])
    fields["invoice"] = _invoice(fields.get("invoice"))
    fields["task_id"] = UUID(fields["task_id"]) if fields["task_id"] is not None else None
    fields["correlation_id"] = UUID(fields["correlation_id"])
    return QueuedMessage(place, OutgoingMessage(**fields))


def _artifact(fields: dict[str, Any] | None) -> Artifact | None:
    return Artifact(**fields | {"kind": ResultKind(fields["kind"])}) if fields is not None else None


def _invoice(fields: dict[str, Any] | None) -> Invoice | None:
    return Invoice(**fields) if fields is not None else None


def _draft(fields: dict[str, Any] | None) -> Draft | None:
    return Draft(**fields | {"offer": _offer(fields["offer"])}) if fields is not None else None


def _offer(fields: dict[str, Any] | None) -> Offer | None:
    if fields is None:
        return None
    return Offer(
        task_id=UUID(fields["task_id"]),
        price=Credits(fields["price"]["hundredths"]),
        funding=Funding(fields["funding"]),
    )
