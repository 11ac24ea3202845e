"""What the telemetry of one update costs: `python -m tests.bench.telemetry`."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from prometheus_client import CollectorRegistry

from botflight_diagnostics.telemetry import (
    Correlation,
    Logs,
    Metrics,
    OpenTelemetryExport,
    Recorder,
    Redactor,
    SystemClock,
    Telemetry,
    Tracer,
    bind,
    bind_handler,
    correlation_id_of,
    current,
)

BUDGET_US = 250
RECORDER_BUDGET_US = 10
UPDATES = 50
ROUNDS = 400


class NullProcessor(SpanProcessor):
    """Takes spans and forgets them."""

    def on_end(self, span: ReadableSpan) -> None:
        """Forget a span."""


class NoRecorder(Recorder):
    """Keeps nothing of an update's end."""

    def done(self, fields: Mapping[str, Any], *, trace_id: str) -> None:
        """Forget it."""


def make_telemetry(ratio: float, *, recorded: bool = True) -> Telemetry:
    """Make telemetry as a running service has it, that writes to nowhere; what is not `recorded` is not kept either."""
    recorder = Recorder() if recorded else NoRecorder()
    on_line, on_end = (recorder.line, recorder.trace) if recorded else (None, None)
    redactor = Redactor(["a-secret-of-the-webhook", "a-key-of-the-provider", "a-password-of-the-database"])
    export = OpenTelemetryExport(NullProcessor(), service="bench", version="0", redactor=redactor)
    return Telemetry(
        logs=Logs(lambda _: None, service="bench", version="0", redactor=redactor, on_line=on_line),
        tracer=Tracer(export=export, ratio=ratio, on_end=on_end),
        metrics=Metrics(CollectorRegistry(), service="bench", version="0"),
        clock=SystemClock(),
        recorder=recorder,
    )


def one_update(telemetry: Telemetry, update_id: int) -> None:
    """Emit what one update emits: 4 spans, 3 log lines, 8 observations."""
    logger = telemetry.logs.logger("bench")
    metrics = telemetry.metrics
    correlation = Correlation(
        correlation_id=correlation_id_of(42, update_id),
        update_id=update_id,
        update_type="callback_query",
        tenant_ref="p***01",
        user_ref="u_0123456789ab",
    )
    with bind(correlation), telemetry.tracer.root("process callback_query", kind="consumer"):
        with bind_handler("confirm_generation"), telemetry.tracer.span("handler confirm_generation"):
            logger.info("user_action", action="confirm_generation", outcome="OK")
            with telemetry.tracer.span("COMMIT", kind="client", attributes={"db.system.name": "sqlite"}):
                metrics.storage_called("commit", "OK", duration_ms=1.5)
        with telemetry.tracer.span("telegram/sendMessage", kind="client"):
            metrics.telegram_called("sendMessage", "OK", duration_ms=30)
            metrics.callback_answer.observe(seconds=0.01)
            logger.info("MESSAGE_SENT", method="sendMessage", message_id=update_id, waited_ms=2)
        telemetry.update_finished("callback_query", "OK", duration_ms=35.5, lag_ms=12)


def no_update(_telemetry: Telemetry, _update_id: int) -> None:
    """Emit nothing: the cost of the loop itself."""
    current()


def costs_us(work: Callable[[Telemetry, int], None], telemetries: Sequence[Telemetry]) -> list[float]:
    """Measure one update with each, in microseconds: the best of rounds that take turns, so that all meet the same."""
    best = [float("inf")] * len(telemetries)
    for _ in range(ROUNDS):
        for place, telemetry in enumerate(telemetries):
            start = time.perf_counter()
            for update_id in range(UPDATES):
                work(telemetry, update_id)
            best[place] = min(best[place], time.perf_counter() - start)
    return [seconds / UPDATES * 1e6 for seconds in best]


def main() -> int:
    """Print the costs; 1 when over the budget."""
    (idle,) = costs_us(no_update, [make_telemetry(0)])
    ratios = (0.0, 0.1, 1.0)
    measured = costs_us(one_update, [*map(make_telemetry, ratios), make_telemetry(0, recorded=False)])
    *costs, unrecorded = (cost - idle for cost in measured)
    for ratio, cost in zip(ratios, costs, strict=True):
        sys.stdout.write(f"{ratio:4.0%} of traces exported: {cost:6.1f} us an update (budget {BUDGET_US})\n")
    recording = costs[0] - unrecorded
    sys.stdout.write(f"the recorder's part:     {recording:6.1f} us (budget {RECORDER_BUDGET_US})\n")
    return int(max(costs) > BUDGET_US or recording > RECORDER_BUDGET_US)


if __name__ == "__main__":
    sys.exit(main())
