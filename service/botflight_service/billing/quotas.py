"""Free generations: so many a day, in the partner's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeDeduction:
    """One free generation taken for a task; at most one per task_id."""

    task_id: UUID
    user_id: int
    #: The partner's calendar day, YYYY-MM-DD.
    day: str
    #: How many a user has on that day.
    daily_limit: int
    created_at_ms: int
