"""The last billing preflight as metrics: what every preflight shows, and the state of the ledger beside it."""

from collections.abc import Mapping

from botflight_diagnostics.findings import BILLING_FINDINGS
from botflight_diagnostics.prometheus import PreflightMetrics
from botflight_diagnostics.report import Report
from botflight_diagnostics.telemetry.metrics import Metrics


class BillingMetrics(PreflightMetrics):
    """Shows the last billing preflight: give it as its `on_report`."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(metrics, BILLING_FINDINGS, report="billing")
        self._metrics = metrics

    def __call__(self, report: Report) -> None:
        """Show `report` in place of the one before."""
        super().__call__(report)
        for section in report.sections:
            self._show_ledger(section.meta)

    def _show_ledger(self, meta: Mapping[str, object]) -> None:
        """Show what a section knows of the ledger; where it could not be counted, the last count stands."""
        shown = {
            "sum_hundredths": (self._metrics.ledger_drift, 1),
            "mismatched": (self._metrics.ledger_mismatched, 1),
            "audit_age_ms": (self._metrics.ledger_audit_age, 1000),
        }
        for name, (gauge, divisor) in shown.items():
            value = meta.get(name)
            if isinstance(value, int | float):
                gauge.set(to=value / divisor)
