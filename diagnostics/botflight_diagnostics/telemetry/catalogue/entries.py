"""What an entry of the catalogue says of a signal."""

from dataclasses import dataclass
from math import prod
from typing import Literal

MetricKind = Literal["counter", "gauge", "histogram", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label, and how its values stay few."""

    name: str
    meaning: str
    #: The values that always have a series of their own.
    values: tuple[str, ...] = ()
    #: So many further ones get one as they come; all others count as "other".
    more: int = 0

    @property
    def most_values(self) -> int:
        """How many values there can be, "other" among them."""
        return len(self.values) + self.more + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A metric family as Prometheus shows it."""

    #: With prefix, unit and, of a counter, `_total`.
    name: str
    kind: MetricKind
    #: "" where it is a plain number.
    unit: str
    meaning: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def most_series(self) -> int:
        """How many series there are when every label has had all values that it may have."""
        # A histogram has beside its buckets one for all, a sum and a count.
        each = len(self.buckets) + 3 if self.kind == "histogram" else 1
        return each * prod(label.most_values for label in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """A log event: what it says beyond the fields that every line has."""

    name: str
    #: The usual level, and those in trouble.
    level: str
    #: Any event may have the fields of an error beside these.
    fields: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanSpec:
    """A kind of span; `<...>` in a name stands for a part that varies among few values."""

    name: str
    kind: str
    attributes: tuple[str, ...]
    meaning: str
