"""What the recorder holds, as the page shows it: rows of updates, and one update with its spans and lines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from botflight_diagnostics.console.masking import masked
from botflight_diagnostics.telemetry.recorder import SPAN_COLUMNS, Record
from botflight_diagnostics.telemetry.redaction import Redactor

#: Spans and lines of one update that are told; those beyond are counted.
MAX_SPANS: Final = 500
MAX_LINES: Final = 500


def row_of(record: Record) -> dict[str, Any]:
    """Write the end of an update as a row of the list."""
    fields = orjson.loads(record.payload)
    shown = {name: masked(value, name) for name, value in fields.items()}
    return {**shown, "number": record.number, "name": record.correlation_id or record.trace_id}


class Detail:
    """Everything about one update."""

    def __init__(self, records: Sequence[Record], *, redactor: Redactor) -> None:
        self._records = records
        self._redactor = redactor

    def view(self) -> dict[str, Any]:
        """Write its ends, its traces with their spans, its log lines; all times in milliseconds since 1970."""
        traces = self._traces()
        lines = [masked(orjson.loads(record.payload)) for record in self._of("line")]
        return {
            "ends": [row_of(record) for record in self._of("done")],
            "traces": traces,
            "lines": lines[:MAX_LINES],
            "left_out": max(0, len(lines) - MAX_LINES) + sum(trace["left_out"] for trace in traces),
        }

    def _of(self, kind: str) -> list[Record]:
        return [record for record in self._records if record.kind == kind]

    def _traces(self) -> list[dict[str, Any]]:
        by_trace: dict[str, dict[int, dict[str, Any]]] = {}
        about: dict[str, dict[str, Any]] = {}
        for record in self._of("trace"):
            (epoch_ns, exported, dropped), rows = orjson.loads(record.payload)
            told = about.setdefault(record.trace_id, {"exported": False, "dropped": 0})
            told["exported"] |= exported
            told["dropped"] += dropped
            spans = by_trace.setdefault(record.trace_id, {})
            # A span that ended late comes a second time, then with its end.
            spans |= {row[0]: self._span(row, epoch_ns) for row in rows}
        told_of = [self._trace(trace_id, about[trace_id], spans.values()) for trace_id, spans in by_trace.items()]
        return sorted(told_of, key=lambda trace: float(trace["start_ms"]))

    def _trace(self, trace_id: str, about: Mapping[str, Any], spans: Iterable[dict[str, Any]]) -> dict[str, Any]:
        ordered = _as_tree(sorted(spans, key=lambda span: float(span["start_ms"])))
        return {
            "trace_id": trace_id,
            "exported": about["exported"],
            "start_ms": ordered[0]["start_ms"],
            "spans": ordered[:MAX_SPANS],
            "left_out": about["dropped"] + max(0, len(ordered) - MAX_SPANS),
        }

    def _span(self, row: Sequence[Any], epoch_ns: int) -> dict[str, Any]:
        span = dict(zip(SPAN_COLUMNS, row, strict=True))
        start_ns, end_ns = span.pop("start_ns"), span.pop("end_ns")
        return {
            **span,
            "attributes": masked(self._redactor.value(span["attributes"])),
            "span_id": f"{span['span_id']:016x}",
            "parent_id": f"{span['parent_id']:016x}" if span["parent_id"] is not None else None,
            "start_ms": round((epoch_ns + start_ns) / 1e6, 4),
            "duration_ms": round((end_ns - start_ns) / 1e6, 4) if end_ns else None,
        }


def _as_tree(spans: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Order spans as a tree is read, each with its depth; one whose parent is elsewhere stands at the root."""
    known = {span["span_id"] for span in spans}
    below: dict[str | None, list[dict[str, Any]]] = {}
    for span in spans:
        parent = span["parent_id"] if span["parent_id"] in known else None
        below.setdefault(parent, []).append(span)
    ordered: list[dict[str, Any]] = []
    waiting = [(span, 0) for span in reversed(below.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        ordered.append({**span, "depth": depth})
        waiting += [(child, depth + 1) for child in reversed(below.get(span["span_id"], []))]
    return ordered
