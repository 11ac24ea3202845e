"""The last minutes of a service, kept in memory within a stated size: its updates, their spans and their log lines."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from botflight_diagnostics.telemetry import correlation
from botflight_diagnostics.telemetry.correlation import Correlation
from botflight_diagnostics.telemetry.lines import json_line
from botflight_diagnostics.telemetry.redaction import Redactor

if TYPE_CHECKING:
    from botflight_diagnostics.telemetry.traces import Span, Trace

#: What a recorder may take, unless it is told otherwise.
LIMIT_BYTES: Final = 16 * 1024 * 1024
MIN_LIMIT_BYTES: Final = 4 * 1024 * 1024

#: The part of it that is for updates which failed or were slow: a flood of good ones must not wash them away.
KEPT_SHARE: Final = 0.25
#: An update that took this long is kept among them.
SLOW_MS: Final = 1000.0
#: So many updates are kept so at once.
MAX_KEPT: Final = 500

#: What a record takes beside its payload: its tuple, its number, two ids, its place in the ring. An upper bound.
RECORD_BYTES: Final = 320

#: What waits to be put into the ring; with lines of the greatest length it takes 2 MB.
MAX_WAITING: Final = 128
WAITING_BYTES: Final = 2 * 1024 * 1024

#: Durations and outcomes that are counted between two readings.
MAX_DURATIONS: Final = 4096
MAX_OUTCOMES: Final = 16

#: Of each span, in this order. Times are nanoseconds on the trace's own clock; an end of 0 says that it still ran.
SPAN_COLUMNS: Final = ("span_id", "parent_id", "name", "kind", "start_ns", "end_ns", "error_type", "link", "attributes")

#: What a record holds: a log line, the end of an update, spans.
Kind = Literal["line", "done", "trace"]

_ALARMING: Final = frozenset({"error", "critical"})


class Record(NamedTuple):
    """Something that happened. Numbers grow by one, from 1."""

    number: int
    kind: Kind
    #: "" where there is none.
    correlation_id: str
    trace_id: str
    #: JSON.
    payload: bytes


class Counted(NamedTuple):
    """What was counted since the last reading."""

    #: Updates by outcome.
    outcomes: Mapping[str, int]
    #: Updates that a fault of ours ended.
    failed: int
    #: Log lines by level.
    levels: Mapping[str, int]
    #: How long updates took, in milliseconds; the last `MAX_DURATIONS` of them.
    durations_ms: Sequence[float]


#: A record as it is kept: the garbage collector forgets plain tuples of plain values, and no others.
_Row = tuple[int, Kind, str, str, bytes]
_NUMBER: Final = 0
_KIND: Final = 1
_CORRELATION_ID: Final = 2
_PAYLOAD: Final = 4


class Recorder:
    """Keeps what telemetry tells as rendered bytes, the oldest leaving first, never more than `limit_bytes`.

    What belongs together is put together when somebody looks. Raises `ValueError` for a limit under `MIN_LIMIT_BYTES`.
    """

    __slots__ = (
        "_durations",
        "_failed",
        "_kept",
        "_kept_ids",
        "_levels",
        "_lock",
        "_number",
        "_outcomes",
        "_ring",
        "_waiting",
        "limit_bytes",
        "redactor",
    )

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES, redactor: Redactor | None = None) -> None:
        if limit_bytes < MIN_LIMIT_BYTES:
            raise ValueError(f"a recorder needs {MIN_LIMIT_BYTES} bytes at least, not {limit_bytes}")
        self.limit_bytes = limit_bytes
        #: Lines come without secrets; whoever shows spans uses this on them.
        self.redactor = redactor or Redactor()
        self._number = 0
        self._kept = _Ring(int((limit_bytes - WAITING_BYTES) * KEPT_SHARE))
        self._ring = _Ring(limit_bytes - WAITING_BYTES - self._kept.limit_bytes)
        #: What was told and is not in the ring yet: many together cost half of what each would alone.
        self._waiting: list[tuple[Callable[..., None], object, object, object]] = []
        #: Correlation ids whose records move to the kept ones; a dictionary, for its order.
        self._kept_ids: dict[str, None] = {}
        self._durations: deque[float] = deque(maxlen=MAX_DURATIONS)
        self._outcomes: dict[str, int] = {}
        self._levels: dict[str, int] = {}
        self._failed = 0
        # Log lines may come from any thread.
        self._lock = Lock()

    @property
    def bytes_used(self) -> int:
        """What the records take, counted high."""
        self._fold()
        return self._ring.bytes_used + self._kept.bytes_used

    def line(self, fields: Mapping[str, Any], rendered: bytes) -> None:
        """Keep a log line, as JSON without secrets; one of no update and no trace is only counted."""
        self._waiting.append((self._fold_line, fields, _shrunk(rendered), None))
        if len(self._waiting) >= MAX_WAITING:
            self._fold()

    def trace(self, trace: "Trace", spans: Sequence["Span"]) -> None:
        """Keep spans of a trace: all of them at the end of its root, or one that ended later."""
        self._waiting.append((self._fold_trace, correlation.current(), trace, spans))
        if len(self._waiting) >= MAX_WAITING:
            self._fold()

    def done(self, fields: Mapping[str, Any], *, trace_id: str) -> None:
        """Keep the end of an update: its `outcome`, its `duration_ms`, `error_type` where a fault of ours ended it."""
        self._waiting.append((self._fold_done, correlation.current(), fields, trace_id))
        if len(self._waiting) >= MAX_WAITING:
            self._fold()

    def updates(self, *, after: int = 0, most: int = 200) -> list[Record]:
        """Return the last ends of updates, those numbered over `after` and `most` of them, the oldest first."""
        self._fold()
        with self._lock:
            newer = takewhile(lambda row: row[_NUMBER] > after, self._newest_first())
            found = list(islice((row for row in newer if row[_KIND] == "done"), most))
        return [Record._make(row) for row in reversed(found)]

    def of(self, name: str) -> list[Record]:
        """Return everything that belongs to a correlation id or a trace id, the oldest first."""
        self._fold()
        with self._lock:
            records = [Record._make(row) for row in (*self._kept.rows, *self._ring.rows)]
        own = [record for record in records if name in {record.correlation_id, record.trace_id}]
        # What is outside of the correlation, such as the span of the request, shares the trace.
        traces = {record.trace_id for record in own if record.trace_id}
        ids = {record.correlation_id for record in own if record.correlation_id}
        return [
            record
            for record in records
            if record.correlation_id in ids or (record.trace_id in traces and not record.correlation_id)
        ]

    def counted(self) -> Counted:
        """Read the counts, and begin anew."""
        self._fold()
        with self._lock:
            told = Counted(self._outcomes, self._failed, self._levels, tuple(self._durations))
            self._durations.clear()
            self._outcomes, self._levels, self._failed = {}, {}, 0
        return told

    def _newest_first(self) -> Iterator[_Row]:
        yield from reversed(self._ring.rows)
        yield from reversed(self._kept.rows)

    def _fold(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for fold, one, two, three in waiting:
                fold(one, two, three)

    def _fold_line(self, fields: Mapping[str, Any], rendered: bytes, _: None) -> None:
        level = fields["level"]
        self._levels[level] = self._levels.get(level, 0) + 1
        correlation_id, trace_id = fields.get("correlation_id", ""), fields.get("trace_id", "")
        if correlation_id or trace_id:
            if level in _ALARMING:
                self._keep(str(correlation_id))
            self._add("line", str(correlation_id), trace_id, rendered)

    def _fold_trace(self, bound: Correlation | None, trace: "Trace", spans: Sequence["Span"]) -> None:
        self._add("trace", _id_of(bound), trace.hex, _shrunk(_rendered(trace, spans)))

    def _fold_done(self, bound: Correlation | None, fields: Mapping[str, Any], trace_id: str) -> None:
        outcome, duration_ms, failed = fields["outcome"], fields["duration_ms"], "error_type" in fields
        if outcome not in self._outcomes and len(self._outcomes) >= MAX_OUTCOMES:
            outcome = "other"
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1
        self._failed += failed
        self._durations.append(duration_ms)
        correlation_id = _id_of(bound)
        if failed or duration_ms >= SLOW_MS:
            self._keep(correlation_id)
        known = fields if bound is None else {**bound.log_fields, **fields}
        self._add("done", correlation_id, trace_id, _shrunk(json_line(known)))

    def _keep(self, correlation_id: str) -> None:
        if correlation_id:
            self._kept_ids[correlation_id] = None
            if len(self._kept_ids) > MAX_KEPT:
                del self._kept_ids[next(iter(self._kept_ids))]

    def _add(self, kind: Kind, correlation_id: str, trace_id: str, payload: bytes) -> None:
        self._number += 1
        for row in self._ring.append((self._number, kind, correlation_id, trace_id, payload)):
            if row[_CORRELATION_ID] in self._kept_ids:
                self._kept.append(row)


class _Ring:
    """Records within a number of bytes."""

    __slots__ = ("bytes_used", "limit_bytes", "rows")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.bytes_used = 0
        self.rows: deque[_Row] = deque()

    def append(self, row: _Row) -> Sequence[_Row]:
        """Add the newest record; return the oldest, which leave for it."""
        self.rows.append(row)
        self.bytes_used += RECORD_BYTES + len(row[_PAYLOAD])
        if self.bytes_used <= self.limit_bytes:
            return ()
        left = []
        while self.bytes_used > self.limit_bytes:
            left.append(self.rows.popleft())
            self.bytes_used -= RECORD_BYTES + len(left[-1][_PAYLOAD])
        return left


def _id_of(bound: Correlation | None) -> str:
    return str(bound.log_fields["correlation_id"]) if bound is not None else ""


def _shrunk(line: bytes) -> bytes:
    """Copy a line without its line break: what orjson gives keeps the 4 KB that it was written in."""
    return line[:-1]


def _rendered(trace: "Trace", spans: Sequence["Span"]) -> bytes:
    """Write spans as JSON: the trace's place in time, then a row a span, its columns those of `SPAN_COLUMNS`."""
    rows = [
        (
            span.span_id,
            span.parent_id,
            span.name,
            span.kind,
            span.start_ns,
            span.end_ns,
            span.error_type,
            f"{span.link.trace_id:032x}" if span.link is not None else None,
            span.attributes,
        )
        for span in spans
    ]
    head = (trace.epoch_ns, trace.exported, trace.dropped)
    try:
        return orjson.dumps((head, rows), option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an attribute that JSON cannot hold: half a surrogate pair, an integer beyond 64 bits
        return orjson.dumps((head, [(*row[:-1], {}) for row in rows]), option=orjson.OPT_APPEND_NEWLINE)
