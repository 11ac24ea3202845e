"""Questions that many panels ask, each of what the variables choose."""

from __future__ import annotations

from dashboards.generator.panel import CHOSEN


def chosen(metric: str, *matchers: str) -> str:
    """A selector: `chosen("botflight_updates_total", 'type="message"')`."""
    return f"{metric}{{{','.join((CHOSEN, *matchers))}}}"


def per_second(metric: str, *matchers: str, by: str = "") -> str:
    """How often a counter counts."""
    return f"{_sum(by)}(rate({chosen(metric, *matchers)}[$__rate_interval]))"


def some_per_second(metric: str, *matchers: str, by: str) -> str:
    """Likewise, of those alone that counted anything in the time that is shown: what never happened is no line."""
    return f"{per_second(metric, *matchers, by=by)} and {over_range(metric, *matchers, by=by)} > 0"


def over_range(metric: str, *matchers: str, by: str = "") -> str:
    """How much a counter counted in the whole time that is shown."""
    return f"{_sum(by)}(increase({chosen(metric, *matchers)}[$__range]))"


def times(metric: str, *matchers: str, by: str = "") -> str:
    """How often it happened in the whole time that is shown: Prometheus guesses fractions at the ends."""
    return f"round({over_range(metric, *matchers, by=by)})"


def quantile(of: float, histogram: str, *matchers: str, by: str = "") -> str:
    """The duration that a share of all stays under."""
    buckets = per_second(f"{histogram}_bucket", *matchers, by=f"le, {by}" if by else "le")
    return f"histogram_quantile({of}, {buckets})"


def worst(gauge: str, *matchers: str, by: str = "instance") -> str:
    """The highest value of a gauge."""
    return f"max by ({by}) ({chosen(gauge, *matchers)})"


def share(part: str, whole: str) -> str:
    """A part of a whole, 0 to 1; nothing where there is no whole."""
    return f"{part} / ({whole} > 0)"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
