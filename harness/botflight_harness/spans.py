"""The spans of a test, as values and as a tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: The first of this many are kept; a test that makes more looks at none of them.
SPANS_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """One finished span."""

    name: str
    span_id: int
    parent_id: int | None
    trace_id: int
    started_ns: int
    attributes: Mapping[str, Any]
    error: str = ""
    events: tuple[str, ...] = ()

    def text(self) -> str:
        """Return everything in it as text."""
        return f"{self.name} {dict(self.attributes)} {self.error} {' '.join(self.events)}"


class Trace:
    """The spans of a test."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    def keep(self, ended: Any) -> None:  # noqa: ANN401 -- OpenTelemetry's ReadableSpan
        """Keep a span that has ended; of too many, the first."""
        if len(self.spans) >= SPANS_MOST:
            return
        attributes = dict(ended.attributes or {})
        failed = ended.status is not None and ended.status.status_code.name == "ERROR"
        error = str(attributes.get("error.type") or ended.status.description or "error") if failed else ""
        events = tuple(f"{event.name} {dict(event.attributes or {})}" for event in ended.events)
        parent_id = ended.parent.span_id if ended.parent is not None else None
        context = ended.context
        self.spans.append(
            Span(ended.name, context.span_id, parent_id, context.trace_id, ended.start_time, attributes, error, events)
        )

    def find(self, name: str) -> list[Span]:
        """Return the spans of this name, in the order in which they began."""
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.started_ns)

    def tree(self) -> str:
        """Return the names, each below its parent by two spaces more, in the order in which they began."""
        known = {span.span_id for span in self.spans}
        children: dict[int | None, list[Span]] = {}
        for span in sorted(self.spans, key=lambda span: span.started_ns):
            children.setdefault(span.parent_id if span.parent_id in known else None, []).append(span)
        return "\n".join(_branches(children, None, 0))


def _branches(children: Mapping[int | None, list[Span]], parent: int | None, depth: int) -> Iterator[str]:
    for span in children.get(parent, ()):
        yield "  " * depth + span.name + (f" [{span.error}]" if span.error else "")
        yield from _branches(children, span.span_id, depth + 1)
