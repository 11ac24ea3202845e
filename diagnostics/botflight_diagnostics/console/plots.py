"""What a console plots: lines read from a registry of Prometheus metrics, whoever's they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from prometheus_client import CollectorRegistry

#: Rates and quantiles look back so far.
WINDOW_S: Final = 10

#: Lines of one plot; what would be further lines is added up as "other".
MAX_LINES: Final = 6
OTHER: Final = "other"

#: Samples by name, each by its labels.
Labels = tuple[tuple[str, str], ...]
Samples = Mapping[str, Mapping[Labels, float]]


class Source(Protocol):
    """Where the lines of a plot come from."""

    @property
    def samples(self) -> tuple[str, ...]:
        """The full names of the samples that are read, such as `app_orders_total`."""

    def lines(self, now: Samples, then: Samples, *, seconds: float) -> Mapping[str, float]:
        """Return a value for each line, by its name; `then` is what was read `seconds` before `now`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Some lines over time."""

    title: str
    #: Shown behind values: "a second", "ms".
    unit: str
    sources: Sequence[Source]


@dataclass(frozen=True, slots=True)
class Value:
    """A gauge as it is, under `name`; `where` names labels that must have a value."""

    sample: str
    name: str
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def samples(self) -> tuple[str, ...]:
        """The gauge alone."""
        return (self.sample,)

    def lines(self, now: Samples, then: Samples, *, seconds: float) -> Mapping[str, float]:
        """One line, once the gauge was set."""
        del then, seconds
        found = [
            value for labels, value in now.get(self.sample, {}).items() if self.where.items() <= dict(labels).items()
        ]
        return {self.name: sum(found)} if found else {}


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a counter grows, a second: one line for each value of the label `by`, or one under `name`."""

    sample: str
    by: str = ""
    name: str = "all"

    @property
    def samples(self) -> tuple[str, ...]:
        """The counter alone."""
        return (self.sample,)

    def lines(self, now: Samples, then: Samples, *, seconds: float) -> Mapping[str, float]:
        """A line is there once its label value was counted."""
        found: dict[str, float] = {}
        before = then.get(self.sample, {})
        for labels, value in now.get(self.sample, {}).items():
            name = dict(labels).get(self.by, OTHER) if self.by else self.name
            found[name] = found.get(name, 0.0) + max(0.0, value - before.get(labels, 0.0)) / seconds
        return found


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of a histogram of seconds, in milliseconds, over all its labels; exact to the histogram's buckets."""

    #: Without `_bucket`.
    histogram: str
    quantiles: tuple[float, ...] = (0.5, 0.95)

    @property
    def samples(self) -> tuple[str, ...]:
        """Its buckets."""
        return (f"{self.histogram}_bucket",)

    def lines(self, now: Samples, then: Samples, *, seconds: float) -> Mapping[str, float]:
        """No line goes on where nothing was observed."""
        del seconds
        grown = _grown(now.get(self.samples[0], {}), then.get(self.samples[0], {}))
        if not grown or grown[-1][1] <= 0:
            return {}
        return {f"p{quantile * 100:g}": _quantile(grown, quantile) * 1000 for quantile in self.quantiles}


class Reader:
    """Reads the samples that some plots need, and no others: a whole registry takes milliseconds."""

    def __init__(self, registry: CollectorRegistry, plots: Iterable[Plot]) -> None:
        self._names = {name for plot in plots for source in plot.sources for name in source.samples}
        self._registry = registry

    def read(self) -> Samples:
        """Read all of them now; what is not registered is left out."""
        found: dict[str, dict[Labels, float]] = {}
        if not self._names:
            return found
        for metric in self._registry.restricted_registry(self._names).collect():
            for sample in metric.samples:
                found.setdefault(sample.name, {})[tuple(sample.labels.items())] = sample.value
        return found


def bounded(lines: Mapping[str, float], known: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Give the lines that are known, new ones as long as there is room, and the rest as one."""
    room = MAX_LINES - len(known)
    rest = 0.0
    for name, value in lines.items():
        if name in known:
            yield name, value
        elif room > 1:
            room -= 1
            yield name, value
        else:
            rest += value
    if rest:
        yield OTHER, rest


def _grown(now: Mapping[Labels, float], then: Mapping[Labels, float]) -> list[tuple[float, float]]:
    """How much each bucket grew, by its upper bound, all label values together."""
    grown: dict[float, float] = {}
    for labels, value in now.items():
        bound = float(dict(labels)["le"])
        grown[bound] = grown.get(bound, 0.0) + max(0.0, value - then.get(labels, 0.0))
    return sorted(grown.items())


def _quantile(grown: Sequence[tuple[float, float]], quantile: float) -> float:
    """Within a bucket all values count as spread evenly, as PromQL's `histogram_quantile` has it."""
    rank = quantile * grown[-1][1]
    lower, below = 0.0, 0.0
    for upper, count in grown:
        if count >= rank:
            if upper == float("inf"):
                return lower
            return lower + (upper - lower) * (rank - below) / (count - below) if count > below else upper
        lower, below = upper, count
    return lower
