"""Prometheus families made from the catalogue: values of labels stay few, children are looked up once."""

from collections.abc import Callable
from itertools import product
from typing import Final, Generic, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from botflight_diagnostics.telemetry.catalogue import OTHER, Label, MetricSpec
from botflight_diagnostics.telemetry.traces import exemplar

#: Children kept at hand by the values that were asked for; unknown ones may be many.
MAX_CHILDREN: Final = 512


class LabelValues:
    """Keeps the values of one label few: those that are neither listed nor among the first `more` become "other"."""

    __slots__ = ("_free", "_known")

    def __init__(self, label: Label) -> None:
        self._known = set(label.values)
        self._free = label.more

    def of(self, value: str) -> str:
        """Return the value to use as the label."""
        if value in self._known:
            return value
        if self._free == 0:
            return OTHER
        self._free -= 1
        self._known.add(value)
        return value


class Labelled(Protocol):
    """What prometheus_client's metrics have in common here."""

    def labels(self, *values: str) -> object:
        """Return the child of these values."""


Metric = TypeVar("Metric", bound=Labelled)


class Family(Generic[Metric]):
    """A metric and its children."""

    __slots__ = ("_children", "_labels", "_metric")

    def __init__(self, spec: MetricSpec, make: Callable[[list[str]], Metric]) -> None:
        self._labels = [LabelValues(label) for label in spec.labels]
        self._metric = make([label.name for label in spec.labels])
        self._children: dict[tuple[str, ...], Metric] = {} if spec.labels else {(): self._metric}

    def child(self, values: tuple[str, ...]) -> Metric:
        """Return what counts for these label values, given in the catalogue's order."""
        child = self._children.get(values)
        return child if child is not None else self._bind(values)

    def _bind(self, values: tuple[str, ...]) -> Metric:
        bounded = tuple(label.of(value) for label, value in zip(self._labels, values, strict=True))
        child: Metric = self._metric.labels(*bounded)  # type: ignore[assignment] # a metric's child is of its class
        if len(self._children) < MAX_CHILDREN:
            self._children[values] = child
        return child


class CounterFamily(Family[Counter]):
    """A counter by labels. A series that began at 1 would have no increase to Prometheus, and be seen by nobody.

    So those of listed values begin at 0: at once where all labels have such, else with the first of their kind.
    """

    __slots__ = ("_complete",)

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry) -> None:
        super().__init__(spec, lambda labels: Counter(spec.name, spec.meaning, labels, registry=registry))
        #: By label, all values that it can have; none where others may come.
        self._complete = [() if label.more else (*label.values, OTHER) for label in spec.labels]
        for values in product(*(label.values for label in spec.labels)):
            self.add(*values, by=0)

    def add(self, *values: str, by: float = 1) -> None:
        """Count, under these label values."""
        self.child(values).inc(by)

    def _bind(self, values: tuple[str, ...]) -> Counter:
        child = super()._bind(values)
        kinds = zip(self._complete, self._labels, values, strict=True)
        for siblings in product(*(complete or (label.of(value),) for complete, label, value in kinds)):
            self._metric.labels(*siblings)
        return child


class GaugeFamily(Family[Gauge]):
    """A gauge by labels."""

    __slots__ = ()

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry) -> None:
        super().__init__(spec, lambda labels: Gauge(spec.name, spec.meaning, labels, registry=registry))

    def set(self, *values: str, to: float) -> None:
        """Set what is measured now, under these label values."""
        self.child(values).set(to)


class HistogramFamily(Family[Histogram]):
    """A histogram by labels, whose exemplars name exported traces only."""

    __slots__ = ()

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry) -> None:
        super().__init__(
            spec,
            lambda labels: Histogram(spec.name, spec.meaning, labels, registry=registry, buckets=spec.buckets),
        )

    def observe(self, *values: str, seconds: float) -> None:
        """Note a duration, under these label values."""
        self.child(values).observe(max(0.0, seconds), exemplar())
