"""What an administrator did, as the store keeps it: written with the work that it caused, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

#: Enough for a charge id, a user or a finding; never the text of a broadcast.
MAX_SUBJECT_CHARACTERS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAction:
    """A line of the audit."""

    admin_id: int
    #: The name of the action, such as `credit`.
    action: str
    #: On whom or what it was done; "" where that is everything.
    subject: str
    #: `OK`, or why nothing was done.
    outcome: str
    correlation_id: UUID
    at_ms: int
