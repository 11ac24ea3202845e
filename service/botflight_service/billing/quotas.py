"""Free generations: so many a day, in the partner's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
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


def day_of(at_ms: int, zone: tzinfo = UTC) -> str:
    """Name the calendar day (YYYY-MM-DD) of an instant in a time zone."""
    return datetime.fromtimestamp(at_ms / 1000, zone).date().isoformat()


def free_left(*, used: int, daily_limit: int) -> int:
    """Count the free generations that remain of a day; zero where more were used than there are now."""
    return max(0, daily_limit - used)
