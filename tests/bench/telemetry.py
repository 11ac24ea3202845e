"""What the telemetry of one update costs: `python -m tests.bench.telemetry`."""

import sys
import time
from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from prometheus_client import CollectorRegistry

from botflight_diagnostics.telemetry import (
    Correlation,
    Logs,
    Metrics,
    OpenTelemetryExport,
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
UPDATES = 3000
ROUNDS = 5


class NullProcessor(SpanProcessor):
    """Takes spans and forgets them."""

    def on_end(self, span: ReadableSpan) -> None:
        """Forget a span."""


def make_telemetry(ratio: float) -> Telemetry:
    """Make telemetry as a running service has it, that writes to nowhere."""
    redactor = Redactor(["a-secret-of-the-webhook", "a-key-of-the-provider", "a-password-of-the-database"])
    export = OpenTelemetryExport(NullProcessor(), service="bench", version="0", redactor=redactor)
    return Telemetry(
        logs=Logs(lambda _: None, service="bench", version="0", redactor=redactor),
        tracer=Tracer(export=export, ratio=ratio),
        metrics=Metrics(CollectorRegistry(), service="bench", version="0"),
        clock=SystemClock(),
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


def cost_us(work: Callable[[Telemetry, int], None], telemetry: Telemetry) -> float:
    """Measure one update in microseconds: the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for update_id in range(UPDATES):
            work(telemetry, update_id)
        best = min(best, time.perf_counter() - start)
    return best / UPDATES * 1e6


def main() -> int:
    """Print the costs; 1 when over the budget."""
    idle = cost_us(no_update, make_telemetry(0))
    costs = {ratio: cost_us(one_update, make_telemetry(ratio)) - idle for ratio in (0.0, 0.1, 1.0)}
    for ratio, cost in costs.items():
        sys.stdout.write(f"{ratio:4.0%} of traces exported: {cost:6.1f} us an update (budget {BUDGET_US})\n")
    return int(max(costs.values()) > BUDGET_US)


if __name__ == "__main__":
    sys.exit(main())
