"""Values that a store keeps, with everything filled in that a test does not care about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from botflight_diagnostics.report import Mute
from botflight_service.admin_action import AdminAction
from botflight_service.billing.money import credits
from botflight_service.billing.payments import Payment
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState, Funding, ResultKind
from botflight_service.message import OutgoingMessage
from botflight_service.session import Session
from botflight_service.storage.interface import Move, Work
from botflight_service.updates.envelope import Envelope

PARTNER = "p-main01"
ALICE = 11
BOB = 22
#: When everything happens, unless a test says otherwise.
NOW_MS = 1_790_000_000_000
TODAY = "2026-09-21"
_NAMES = UUID("9d5a3c1e-0000-5000-8000-000000000001")


def task(name: object = "a task") -> UUID:
    """A task_id, the same one for the same name."""
    return uuid5(_NAMES, str(name))


def envelope(update_id: int, **changes: Any) -> Envelope:
    """An update as the inbox keeps it."""
    fields: dict[str, Any] = {
        "partner": PARTNER,
        "update_id": update_id,
        "correlation_id": task(f"update {update_id}"),
        "kind": "message",
        "lane": f"chat:{ALICE}",
        "received_at_ms": NOW_MS,
        "payload": b'{"update_id":%d}' % update_id,
    }
    return Envelope(**fields | changes)


def session(update_id: int, **changes: Any) -> Session:
    """Alice's session as one update left it."""
    return replace(Session(user_id=ALICE, update_id=update_id, written_at_ms=NOW_MS), **changes)


def attempt(name: object = "a task", **changes: Any) -> Attempt:
    """An attempt of Alice's, just confirmed."""
    fields: dict[str, Any] = {
        "task_id": task(name),
        "partner": PARTNER,
        "user_id": ALICE,
        "chat_id": ALICE,
        "model": "text_to_image",
        "inputs": {"prompt": "a red fox in the snow"},
        "price": credits(10),
        "funding": Funding.BALANCE,
        "state": AttemptState.CONFIRMED,
        "correlation_id": task("the tap on confirm"),
        "trace_parent": "",
        "language": "en",
        "screen_message_id": 7,
        "created_at_ms": NOW_MS,
        "changed_at_ms": NOW_MS,
    }
    return Attempt(**fields | changes)


def message(text: str = "Hello", **changes: Any) -> OutgoingMessage:
    """A message to Alice."""
    return replace(OutgoingMessage(chat_id=ALICE, text=text, correlation_id=task("a tap")), **changes)


def picture(**changes: Any) -> Artifact:
    """A finished picture."""
    return replace(Artifact(ResultKind.PHOTO, "job-1/0", "fox.png"), **changes)


def payment(name: object = "st1", **changes: Any) -> Payment:
    """A payment of Alice's: fifty Stars for as many credits."""
    fields: dict[str, Any] = {
        "charge_id": str(name),
        "user_id": ALICE,
        "stars": 50,
        "credited": credits(50),
        "invoice_payload": "p1:small:50:5000:11",
        "language": "en",
        "paid_at_ms": NOW_MS,
        "changed_at_ms": NOW_MS,
    }
    return Payment(**fields | changes)


def action(name: str = "credit", **changes: Any) -> AdminAction:
    """What an administrator did."""
    fields: dict[str, Any] = {
        "admin_id": 900,
        "action": name,
        "subject": str(ALICE),
        "outcome": "OK",
        "correlation_id": task("a command"),
        "at_ms": NOW_MS,
    }
    return AdminAction(**fields | changes)


def work(**changes: Any) -> Work:
    """A unit of work, empty but for what is given."""
    return replace(Work(partner=PARTNER, at_ms=NOW_MS), **changes)


def move(of: AttemptState, to: AttemptState, name: object = "a task", **changes: Any) -> Work:
    """A work that moves an attempt."""
    return work(move=Move(task_id=task(name), of=frozenset({of}), to=to, **changes))


def mute(code: str = "BPF_ATTEMPT_STALE", **changes: Any) -> Mute:
    """A finding that does not count for an hour."""
    fields: dict[str, Any] = {
        "code": code,
        "until_ms": NOW_MS + 3_600_000,
        "reason": "the provider is down, told on Monday",
        "up_to": 3,
        "set_at_ms": NOW_MS,
    }
    return Mute(**fields | changes)
