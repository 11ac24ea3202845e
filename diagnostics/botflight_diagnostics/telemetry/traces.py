"""Traces as light values: spans are slots while work runs, and OpenTelemetry's only when they are exported."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from random import getrandbits
from types import TracebackType
from typing import Final, Literal, Self

from botflight_diagnostics.telemetry.clock import Clock, SystemClock

Attribute = str | bool | int | float
Kind = Literal["internal", "server", "client", "producer", "consumer"]

#: Spans kept of one trace; those beyond are counted and dropped.
MAX_SPANS: Final = 128

#: A trace that took this long is always exported.
SLOW_MS: Final = 1000.0

_NONE: Final[Mapping[str, Attribute]] = {}

#: Work that comes of a trace goes on in it for so long; what comes later begins one of its own, with a link.
CAUSE_LIVES_S: Final = 15 * 60

#: A trace id begins with the second that it was made in, as AWS X-Ray's do; the rest is chance.
_CHANCE_BITS: Final = 96

_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """What names a span elsewhere: in a row that outlives the process, in a request's header."""

    trace_id: int
    span_id: int
    sampled: bool = True

    def __str__(self) -> str:
        """Write the W3C `traceparent` form."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"

    @classmethod
    def parse(cls, traceparent: str | None) -> "TraceContext | None":
        """Read the W3C `traceparent` form; None for what is none."""
        found = _TRACEPARENT.fullmatch(traceparent or "")
        if found is None:
            return None
        context = cls(int(found[1], 16), int(found[2], 16), bool(int(found[3], 16) & 1))
        return context if context.trace_id and context.span_id else None


class Span:
    """A piece of work with a beginning and an end; a context manager that makes itself the current one."""

    __slots__ = (
        "_token",
        "attributes",
        "end_ns",
        "error_type",
        "kind",
        "link",
        "name",
        "parent_id",
        "span_id",
        "start_ns",
        "trace",
    )

    def __init__(
        self,
        trace: "Trace",
        name: str,
        *,
        kind: Kind,
        parent_id: int | None,
        attributes: Mapping[str, Attribute] | None = None,
        link: TraceContext | None = None,
    ) -> None:
        self.trace = trace
        self.name = name
        self.kind: Kind = kind
        self.span_id: int = getrandbits(64) or 1
        self.parent_id = parent_id
        #: Often the same for many spans: copied when one is added.
        self.attributes: Mapping[str, Attribute] = attributes if attributes is not None else _NONE
        self.link = link
        self.error_type: str | None = None
        #: Both on the trace's monotonic clock; 0 until then.
        self.start_ns = 0
        self.end_ns = 0
        self._token: Token[Span | None] | None = None

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self.start_ns = self.trace.clock.monotonic_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.end_ns = self.trace.clock.monotonic_ns()
        if kind is not None and self.error_type is None:
            self.error_type = kind.__name__
        if self._token is not None:
            _current.reset(self._token)
            self._token = None
        self.trace.ended(self)

    def set(self, name: str, value: Attribute) -> None:
        """Add an attribute, named by OpenTelemetry's conventions."""
        self.attributes = {**self.attributes, name: value}

    def fail(self, error_type: str) -> None:
        """Mark the work as failed, by a class of errors or a code: the whole trace will be exported."""
        self.error_type = error_type
        self.trace.keep()

    @property
    def context(self) -> TraceContext:
        """What to hand to another process, or to keep with a row."""
        return TraceContext(self.trace.trace_id, self.span_id, self.trace.exportable)

    @property
    def duration_ms(self) -> float:
        """From beginning to end; until now while it runs."""
        return ((self.end_ns or self.trace.clock.monotonic_ns()) - self.start_ns) / 1e6


class Trace:
    """The record of one root and what happens below it, until the root ends."""

    __slots__ = (
        "_kept",
        "_sampled",
        "_spans",
        "_tracer",
        "clock",
        "closed",
        "dropped",
        "epoch_ns",
        "exported",
        "hex",
        "trace_id",
    )

    def __init__(self, tracer: "Tracer", trace_id: int, *, sampled: bool, clock: Clock) -> None:
        self.trace_id = trace_id
        self.hex = f"{trace_id:032x}"
        self.clock = clock
        self.epoch_ns = clock.time_ns() - clock.monotonic_ns()
        self.closed = False
        self.exported = False
        self.dropped = 0
        self._tracer = tracer
        self._sampled = sampled
        self._kept = False
        self._spans: list[Span] = []

    @property
    def exportable(self) -> bool:
        """Whether the trace is sure to be exported, as far as is known by now."""
        return self._sampled or self._kept

    def keep(self) -> None:
        """Export this trace whatever the ratio says (as long as anything is exported)."""
        self._kept = self._tracer.exports

    def add(self, span: Span) -> Span:
        """Take a span that begins; beyond the limit it works, but is not kept."""
        if len(self._spans) < MAX_SPANS:
            self._spans.append(span)
        else:
            self.dropped += 1
        return span

    def ended(self, span: Span) -> None:
        """Note the end of a span: the root closes the trace, one after that is handed on alone."""
        if self.closed:
            self._tracer.ended_late(self, span)
            return
        if span.error_type is not None:
            self.keep()
        if span is self._spans[0]:
            # The list goes to whoever looks at it: a trace that kept it would be a cycle, left to the collector.
            spans, self._spans = self._spans, []
            self.closed = True
            self._tracer.ended(self, spans)


_current: ContextVar[Span | None] = ContextVar("botflight_span", default=None)


def current_span() -> Span | None:
    """Return the span that the running task is in, or None."""
    return _current.get()


def exemplar() -> dict[str, str] | None:
    """Name the current trace for a metric's exemplar; None unless it is sure to be exported."""
    span = _current.get()
    return {"trace_id": span.trace.hex} if span is not None and span.trace.exportable else None


#: Takes spans that have ended, all of one trace; called on the thread of the work, so it must be quick.
Export = Callable[[Trace, Sequence[Span]], None]


class Tracer:
    """Opens spans, and hands a trace on when its root ends.

    `export` gets the traces that were sampled by `ratio` (0 to 1), that failed, or that took `slow_ms` or longer;
    without it nothing is exported and no exemplar made. `on_end` gets every trace, and a span that outlives its root
    alone. `on_drop` is told the number of spans that were dropped.
    """

    __slots__ = ("_below", "_clock", "_export", "_on_drop", "_on_end", "slow_ms")

    def __init__(
        self,
        *,
        export: Export | None = None,
        ratio: float = 1.0,
        slow_ms: float = SLOW_MS,
        clock: Clock | None = None,
        on_end: Export | None = None,
        on_drop: Callable[[int], object] = lambda _: None,
    ) -> None:
        if not 0 <= ratio <= 1:
            raise ValueError(f"the ratio of sampled traces is between 0 and 1, not {ratio}")
        self._export = export
        # As OpenTelemetry's TraceIdRatioBased: services with one ratio agree on the traces.
        self._below = round(ratio * 2**64) if export is not None else 0
        #: A trace that took this long is exported in any case.
        self.slow_ms = slow_ms
        self._clock = clock or SystemClock()
        self._on_end = on_end
        self._on_drop = on_drop

    def root(
        self,
        name: str,
        *,
        kind: Kind = "server",
        attributes: Mapping[str, Attribute] | None = None,
        parent: TraceContext | None = None,
        link: TraceContext | None = None,
        cause: TraceContext | None = None,
    ) -> Span:
        """Begin a trace, exported when this span ends.

        `parent` continues a trace of another process; `link` names one that is over and led to this one. `cause` is the
        one or the other: what a span left behind that is over. Its trace goes on where it was sampled, for a part
        without its beginning is no trace, and is not older than `CAUSE_LIVES_S`.
        """
        now_s = self._clock.time_ns() // 1_000_000_000
        if cause is not None and cause.sampled and 0 <= now_s - (cause.trace_id >> _CHANCE_BITS) <= CAUSE_LIVES_S:
            parent = cause
        elif cause is not None:
            link = cause
        trace_id = parent.trace_id if parent else now_s << _CHANCE_BITS | getrandbits(_CHANCE_BITS) or 1
        sampled = trace_id & (2**64 - 1) < self._below or (parent is not None and parent.sampled and self._below > 0)
        trace = Trace(self, trace_id, sampled=sampled, clock=self._clock)
        parent_id = parent.span_id if parent else None
        return trace.add(Span(trace, name, kind=kind, parent_id=parent_id, attributes=attributes, link=link))

    def span(self, name: str, *, kind: Kind = "internal", attributes: Mapping[str, Attribute] | None = None) -> Span:
        """Begin a span below the current one.

        Without one, or below one whose trace is over (work that outlives its update), it is the root of a new trace,
        linked to the old one.
        """
        above = _current.get()
        if above is None:
            return self.root(name, kind=kind, attributes=attributes)
        trace = above.trace
        if trace.closed:
            return self.root(name, kind=kind, attributes=attributes, link=above.context)
        return trace.add(Span(trace, name, kind=kind, parent_id=above.span_id, attributes=attributes))

    @property
    def exports(self) -> bool:
        """Whether any trace is ever exported."""
        return self._export is not None

    def ended(self, trace: Trace, spans: Sequence[Span]) -> None:
        """Decide on a trace whose root has ended."""
        if spans[0].duration_ms >= self.slow_ms:
            trace.keep()
        trace.exported = trace.exportable
        if self._on_end is not None:
            self._on_end(trace, spans)
        if trace.dropped:
            self._on_drop(trace.dropped)
        if trace.exported:
            self._hand_on(trace, [span for span in spans if span.end_ns])

    def ended_late(self, trace: Trace, span: Span) -> None:
        """Hand on a span that outlived its root, if the others were."""
        if self._on_end is not None:
            self._on_end(trace, (span,))
        if trace.exported:
            self._hand_on(trace, (span,))

    def _hand_on(self, trace: Trace, spans: Sequence[Span]) -> None:
        if self._export is not None:
            self._export(trace, spans)
