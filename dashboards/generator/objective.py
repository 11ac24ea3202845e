"""What is promised to users, in numbers: an objective, its events, and how fast its budget may burn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S

#: Windows by the names that rules carry.
WINDOWS_S = {
    "5m": 5 * MINUTE_S,
    "30m": 30 * MINUTE_S,
    "1h": HOUR_S,
    "2h": 2 * HOUR_S,
    "6h": 6 * HOUR_S,
    "1d": DAY_S,
    "3d": 3 * DAY_S,
}

#: Fewer bad events than that in the long window are chance: with little traffic one failure is a large share.
LEAST_BAD_EVENTS = 5

Severity = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Burn:
    """Too fast: both windows burn the budget of 30 days so many times faster than it lasts."""

    long: str
    short: str
    times: float


#: By https://sre.google/workbook/alerting-on-slos/: 2 % of the budget in an hour, 5 % in six; 10 % in a day or three.
BURNS: dict[Severity, tuple[Burn, ...]] = {
    "page": (Burn("1h", "5m", 14.4), Burn("6h", "30m", 6)),
    "ticket": (Burn("1d", "2h", 3), Burn("3d", "6h", 1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A share of events that is to be good, over 30 days."""

    name: str
    promise: str
    #: The share that is to be good.
    target: float
    #: The counter of all events.
    total: str
    #: The counter of the bad ones; or of the good ones, where all others are bad.
    bad: str = ""
    good: str = ""
    #: How the alerts are called: this, then `Fast` or `Slowly`.
    alert: str
    impact: str

    @property
    def budget(self) -> float:
        """The share that may be bad."""
        return round(1 - self.target, 6)


UPDATES = Objective(
    name="updates",
    promise="99.9 % of updates end well",
    target=0.999,
    total='botflight_updates_total{outcome!="IGNORED"}',
    bad='botflight_updates_total{outcome=~"FAILED|EXPIRED|UNDONE"}',
    alert="BotflightUpdatesFailing",
    impact="Users get an apology in place of what they asked for.",
)
TAPS = Objective(
    name="taps",
    promise="99 % of taps are answered within 1 s",
    target=0.99,
    total='botflight_updates_total{type="callback_query"}',
    # A tap that is never answered is in no bucket: whatever is not fast is bad.
    good='botflight_callback_answer_seconds_bucket{le="1.0"}',
    alert="BotflightTapsUnanswered",
    impact="Buttons spin; users tap again and again.",
)
PICTURES = Objective(
    name="pictures",
    promise="95 % of generations reach the user within twice the usual time of their model",
    target=0.95,
    total="botflight_generations_total",
    bad='botflight_generations_total{timing!="in_time"}',
    alert="BotflightPicturesLate",
    impact="Users wait for what they paid for, or get their money back and no picture.",
)
OBJECTIVES = (UPDATES, TAPS, PICTURES)
