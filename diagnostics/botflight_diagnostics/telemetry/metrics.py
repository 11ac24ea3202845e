"""What is counted and measured, as methods named by what happened."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, disable_created_metrics

from botflight_diagnostics.telemetry.catalogue import METRICS, MetricSpec
from botflight_diagnostics.telemetry.families import CounterFamily, GaugeFamily, HistogramFamily

_PREFIX: Final = "botflight_"


class Metrics:
    """The service's metrics in one registry: each is made from the catalogue's entry of its name.

    Families are open to those who need one (`metrics.lanes.set(to=3)`); the methods below are for what touches several.
    Label values are positional, in the catalogue's order. Durations are given in milliseconds and shown in seconds.
    """

    def __init__(self, registry: CollectorRegistry, *, service: str, version: str) -> None:
        # A global switch of the library: `_created` series would double what is scraped.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library left its type out
        self.registry = registry
        make = _Maker(METRICS, registry)
        self.updates = make.counter("updates_total")
        self.update_duration = make.histogram("update_duration_seconds")
        self.update_lag = make.histogram("update_lag_seconds")
        self.updates_duplicate = make.counter("updates_duplicate_total")
        self.updates_early = make.counter("updates_early_total")
        self.updates_refused = make.counter("updates_refused_total")
        self.updates_undone = make.gauge("updates_undone")
        self.updates_undone_oldest = make.gauge("updates_undone_oldest_seconds")
        self.lanes = make.gauge("lanes")
        self.callback_answer = make.histogram("callback_answer_seconds")
        self.telegram_requests = make.counter("telegram_requests_total")
        self.telegram_duration = make.histogram("telegram_request_duration_seconds")
        self.telegram_retry_after = make.counter("telegram_retry_after_seconds_total")
        self.blocked_users = make.counter("blocked_users_total")
        self.provider_requests = make.counter("provider_requests_total")
        self.provider_duration = make.histogram("provider_request_duration_seconds")
        self.provider_alarms = make.counter("provider_alarms_total")
        self.provider_credits = make.gauge("provider_credits")
        self.provider_callbacks = make.counter("provider_callbacks_total")
        self.attempts = make.counter("attempts_total")
        self.time_to_result = make.histogram("time_to_result_seconds")
        self.generations = make.counter("generations_total")
        self.payments = make.counter("payments_total")
        self.money = make.counter("money_hundredths_total")
        self.free_generations = make.counter("free_generations_total")
        self.ledger_drift = make.gauge("ledger_drift_hundredths")
        self.ledger_mismatched = make.gauge("ledger_mismatched_accounts")
        self.ledger_audit_age = make.gauge("ledger_audit_age_seconds")
        self.storage_operations = make.counter("storage_operations_total")
        self.storage_duration = make.histogram("storage_operation_duration_seconds")
        self.outbox_messages = make.gauge("outbox_messages")
        self.outbox_given_up = make.counter("outbox_given_up_total")
        self.outbox_oldest = make.gauge("outbox_oldest_seconds")
        self.preflight_status = make.gauge("preflight_status")
        self.preflight_duration = make.gauge("preflight_duration_seconds")
        self.preflight_last_run = make.gauge("preflight_last_run_timestamp_seconds")
        self.preflight_findings = make.gauge("preflight_findings")
        self.preflight_muted = make.gauge("preflight_muted")
        self.webhook_pending = make.gauge("webhook_pending_updates")
        self.webhook_last_error = make.gauge("webhook_last_error_timestamp_seconds")
        self.event_loop_lag = make.gauge("event_loop_lag_seconds")
        self.telemetry_dropped = make.counter("telemetry_dropped_total")
        make.gauge("build_info").set(service, version, to=1)

    def update_finished(
        self, update_type: str, outcome: str, *, duration_ms: float, lag_ms: float | None = None
    ) -> None:
        """Count an update; `lag_ms` from a message's date until it was taken up, None for other kinds."""
        self.updates.add(update_type, outcome)
        self.update_duration.observe(update_type, seconds=duration_ms / 1000)
        if lag_ms is not None:
            self.update_lag.observe(seconds=lag_ms / 1000)

    def telegram_called(self, method: str, outcome: str, *, duration_ms: float, retry_after_s: float = 0) -> None:
        """Count a call to the Bot API; `retry_after_s` is what a 429 asked for."""
        self.telegram_requests.add(method, outcome)
        self.telegram_duration.observe(method, seconds=duration_ms / 1000)
        if retry_after_s:
            self.telegram_retry_after.add(by=retry_after_s)

    def provider_called(self, operation: str, outcome: str, *, duration_ms: float) -> None:
        """Count a call to the provider."""
        self.provider_requests.add(operation, outcome)
        self.provider_duration.observe(operation, seconds=duration_ms / 1000)

    def storage_called(self, operation: str, outcome: str, *, duration_ms: float) -> None:
        """Count a call to the store."""
        self.storage_operations.add(operation, outcome)
        self.storage_duration.observe(operation, seconds=duration_ms / 1000)


class _Maker:
    """Makes families from the catalogue."""

    def __init__(self, specs: Iterable[MetricSpec], registry: CollectorRegistry) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._registry = registry

    def counter(self, name: str) -> CounterFamily:
        return CounterFamily(self._specs[_PREFIX + name], self._registry)

    def gauge(self, name: str) -> GaugeFamily:
        return GaugeFamily(self._specs[_PREFIX + name], self._registry)

    def histogram(self, name: str) -> HistogramFamily:
        return HistogramFamily(self._specs[_PREFIX + name], self._registry)
