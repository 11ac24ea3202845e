"""The catalogue as a page: `python -m botflight_diagnostics.telemetry.documentation > docs/telemetry.md`."""

import sys
from collections.abc import Iterable, Iterator, Sequence

from botflight_diagnostics.telemetry.catalogue import EVENTS, METRICS, OTHER, SPANS, Label, MetricSpec

_OPENING = """\
# Telemetry

Every log event, span and metric of the service. This page is written by
`python -m botflight_diagnostics.telemetry.documentation` from the catalogue in
`diagnostics/botflight_diagnostics/telemetry/catalogue`; a test holds the two equal.

## Log lines

One JSON object a line on standard output. Every line begins with `timestamp_ms` (milliseconds since 1970, UTC),
`level` (debug, info, warning, error, critical), `event`, `logger`, `service` and `version`. Within the work of an
update these follow, each left out where it is not known:

| Field | Meaning |
|---|---|
| `correlation_id` | UUIDv5 of the bot's id and the update's; kept by a redelivery and by what comes of it |
| `trace_id` | 32 hexadecimal digits; the trace that the line was written in |
| `span_id` | 16 hexadecimal digits; the span that the line was written in |
| `update_id` | Telegram's id of the update |
| `update_type` | `message`, `callback_query`, ... |
| `handler` | the handler that took the update |
| `tenant_ref` | the partner, masked: `p***01` |
| `user_ref` | the user, as a keyed hash: `u_` and 12 hexadecimal digits |
| `duration_ms` | how long the thing took that the line tells of |
| `outcome` | `OK`, `IGNORED`, or what went wrong |
| `error.type` | class or code of an error; absent on success |
| `error.message` | its text, at most 1,000 characters |
| `error.stack` | where it was raised, the last 6,000 characters |

Then the event's own fields. Names of events never vary. Secrets are written as `[redacted]`. A line is at most
16,000 bytes; longer fields are cut.
"""


def telemetry_page() -> str:
    """Write the page."""
    events = _table(
        ("Event", "Level", "Own fields", "Meaning"),
        ((f"`{event.name}`", event.level, _code(event.fields), event.meaning) for event in EVENTS),
    )
    spans = _table(
        ("Span", "Kind", "Attributes", "Meaning"),
        ((f"`{span.name}`", span.kind, _code(span.attributes), span.meaning) for span in SPANS),
    )
    metrics = _table(("Metric", "Type", "Unit", "Labels", "Meaning"), (_metric_row(metric) for metric in METRICS))
    return f"{_OPENING}\n{events}{_SPANS}\n{spans}{_METRICS}\n{metrics}"


_SPANS = """
## Spans

Exported as OpenTelemetry spans by the standard OTEL_* variables: by ratio, and always when one failed (`error.type`)
or the root took 1 s or longer. What comes of an update, a picture and its message, goes on in the update's trace;
where that was not sampled, or began more than 15 minutes ago, it begins a trace of its own with a link to the old one.
At most 128 spans of a piece of work are kept. A picture that is bought is one trace:

    POST /webhook
      INSERT inbox
      process callback_query
        handler confirm_generation
          SELECT balances
          SELECT attempts
        COMMIT work
        telegram/answerCallbackQuery
        deliver message
          telegram/editMessageText
        generate
          COMMIT work
          local/submit
          local/query
          local/fetch
          COMMIT work
        deliver message
          telegram/sendPhoto
"""

_METRICS = f"""
## Metrics

At `/metrics`: OpenMetrics when asked for (with exemplars, which name exported traces only), Prometheus's text
otherwise. No ids in labels; a label has the values that are listed, or as many as are stated, and all further ones
count as `{OTHER}`.
"""


def _metric_row(metric: MetricSpec) -> Sequence[str]:
    labels = "<br>".join(_label(label) for label in metric.labels)
    return (f"`{metric.name}`", metric.kind, metric.unit, labels, metric.meaning)


def _label(label: Label) -> str:
    listed = [f"`{value}`" for value in label.values]
    further = [f"at most {label.more} {'further' if listed else ''}".rstrip()] if label.more else []
    return f"`{label.name}`: {label.meaning} ({', '.join(listed + further)})"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(_rows([head, ["---"] * len(head), *rows])) + "\n"


def _rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    # `|` in a cell would begin another.
    return ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


if __name__ == "__main__":
    sys.stdout.write(telemetry_page())
