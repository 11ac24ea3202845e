"""What is remembered of a conversation with one user; an older update never overrides a newer one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from botflight_service.billing.money import Credits
from botflight_service.generation.attempts import Funding


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the confirm screen promised: nothing is taken unless it still holds."""

    task_id: UUID
    price: Credits
    funding: Funding


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A generation in the making."""

    #: A key of the catalogue.
    model: str
    #: Answers so far, by input name.
    inputs: Mapping[str, str] = field(default_factory=dict)
    #: The input that is awaited; None once all are there.
    step: str | None = None
    #: Set once the confirm screen was drawn.
    offer: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The conversation with one user, as of one update."""

    user_id: int
    #: The update that wrote this.
    update_id: int
    written_at_ms: int
    #: The language that the user chose; None follows Telegram's.
    language: str | None = None
    #: The message that holds the menu; set by the outbox once it was sent.
    menu_message_id: int | None = None
    draft: Draft | None = None


#: After an idle week Telegram may start its ids anew: an older session no longer counts as newer.
GUARD_MS = 24 * 60 * 60 * 1000


def overrides(new: Session, old: Session) -> bool:
    """Whether `new` may take the place of `old`: never when an earlier update wrote it, unless `old` is a day old."""
    return new.update_id >= old.update_id or new.written_at_ms - old.written_at_ms >= GUARD_MS
