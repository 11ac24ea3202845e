"""What finds rows without looking at all of them. Each index is told of every change, and of its undoing."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

V = TypeVar("V")
V_contra = TypeVar("V_contra", contravariant=True)

Item = tuple[Any, ...]
_HOUR_MS = 60 * 60 * 1000


class Index(Protocol[V_contra]):
    """Follows the rows of a table."""

    def __call__(self, old: V_contra | None, new: V_contra | None) -> None:
        """Take note that a row took the place of another; None where there was, or is, none."""
        ...


class Ordered(Generic[V]):
    """Items in order, by group. `entry` gives a row's group and item, or None for a row that is left out."""

    def __init__(self, entry: Callable[[V], tuple[Hashable, Item] | None]) -> None:
        self._entry = entry
        self._groups: dict[Hashable, list[Item]] = {}

    def __call__(self, old: V | None, new: V | None) -> None:
        """Take note of a change."""
        before = self._entry(old) if old is not None else None
        after = self._entry(new) if new is not None else None
        if before == after:
            return
        if before is not None:
            self._discard(*before)
        if after is not None:
            insort(self._groups.setdefault(after[0], []), after[1])

    def of(self, group: Hashable) -> Sequence[Item]:
        """The items of a group, in order."""
        return self._groups.get(group, ())

    def after(self, group: Hashable, item: Item) -> Iterator[Item]:
        """The items of a group from the first that is not below `item`."""
        items = self.of(group)
        return (items[position] for position in range(bisect_left(items, item), len(items)))

    def _discard(self, group: Hashable, item: Item) -> None:
        items = self._groups[group]
        del items[bisect_left(items, item)]
        if not items:
            del self._groups[group]


class ByTime(Generic[V]):
    """Items by group and hour, so that a row changes its time at the same cost however many there are.

    `entry` gives a row's group, its time in ms and its item, or None for a row that is left out.
    """

    def __init__(self, entry: Callable[[V], tuple[Hashable, int, Hashable] | None]) -> None:
        self._entry = entry
        self._hours: defaultdict[Hashable, dict[int, dict[Hashable, int]]] = defaultdict(dict)

    def __call__(self, old: V | None, new: V | None) -> None:
        """Take note of a change."""
        before = self._entry(old) if old is not None else None
        after = self._entry(new) if new is not None else None
        if before is not None:
            self._discard(*before)
        if after is not None:
            group, at_ms, item = after
            self._hours[group].setdefault(at_ms // _HOUR_MS, {})[item] = at_ms

    def count_since(self, group: Hashable, at_ms: int) -> int:
        """How many items are of that time or later."""
        first = at_ms // _HOUR_MS
        hours = self._hours.get(group, {})
        whole = sum(len(items) for hour, items in hours.items() if hour > first)
        return whole + sum(time_ms >= at_ms for time_ms in hours.get(first, {}).values())

    def before(self, group: Hashable, at_ms: int, *, limit: int) -> list[Any]:
        """The oldest items from before that time, at most so many."""
        found: list[Any] = []
        hours = self._hours.get(group, {})
        for hour in sorted(hours):
            if len(found) >= limit or hour * _HOUR_MS >= at_ms:
                break
            items = sorted((time_ms, item) for item, time_ms in hours[hour].items() if time_ms < at_ms)
            found += (item for _, item in items)
        return found[:limit]

    def _discard(self, group: Hashable, at_ms: int, item: Hashable) -> None:
        hours = self._hours.get(group, {})
        del hours[at_ms // _HOUR_MS][item]
        if not hours[at_ms // _HOUR_MS]:
            del hours[at_ms // _HOUR_MS]


class Total(Generic[V]):
    """A sum by group. `entry` gives a row's group and what it adds, or None for a row that is left out."""

    def __init__(self, entry: Callable[[V], tuple[Hashable, int] | None]) -> None:
        self.entry = entry
        #: Groups whose sum is zero are left out.
        self.of: dict[Any, int] = {}

    def __call__(self, old: V | None, new: V | None) -> None:
        """Take note of a change."""
        for row, sign in ((old, -1), (new, 1)):
            entry = self.entry(row) if row is not None else None
            if entry is not None:
                _add(self.of, entry[0], sign * entry[1])


class Repeats(Generic[V]):
    """How many rows of a group carry what another one carries. `entry` gives a row's group and what it carries."""

    def __init__(self, entry: Callable[[V], tuple[Hashable, Hashable] | None]) -> None:
        self._entry = entry
        self._carriers: dict[tuple[Hashable, Hashable], int] = {}
        self.of: dict[Any, int] = {}

    def __call__(self, old: V | None, new: V | None) -> None:
        """Take note of a change."""
        for row, sign in ((old, -1), (new, 1)):
            entry = self._entry(row) if row is not None else None
            if entry is not None:
                more = max(self._carriers.get(entry, 0), self._carriers.get(entry, 0) + sign) > 1
                _add(self._carriers, entry, sign)
                _add(self.of, entry[0], sign * more)


def _add(sums: dict[Any, int], group: Hashable, amount: int) -> None:
    """Add to the sum of a group; a sum of zero is not kept."""
    total = sums.get(group, 0) + amount
    if total:
        sums[group] = total
    else:
        sums.pop(group, None)
