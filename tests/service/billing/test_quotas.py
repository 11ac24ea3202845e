from __future__ import annotations

from zoneinfo import ZoneInfo

from botflight_service.billing.quotas import day_of, free_left
from makings import NOW_MS, TODAY


def test_the_day_begins_at_the_partners_midnight() -> None:
    """The same instant is another day further east."""
    nine_in_the_evening = NOW_MS - NOW_MS % 86_400_000 + 21 * 3_600_000

    assert day_of(nine_in_the_evening) == TODAY
    assert day_of(nine_in_the_evening, ZoneInfo("Asia/Almaty")) == "2026-09-22"


def test_what_is_left_never_falls_below_nothing() -> None:
    """A limit that was lowered during the day leaves nothing, not less."""
    assert free_left(used=2, daily_limit=5) == 3
    assert free_left(used=5, daily_limit=3) == 0
