"""The metrics as text, rendered off the event loop and once for all who ask together."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.openmetrics import exposition as openmetrics

from botflight_diagnostics.findings import FindingSpec
from botflight_diagnostics.report import Report, Status
from botflight_diagnostics.telemetry.catalogue import METRICS, Label
from botflight_diagnostics.telemetry.families import GaugeFamily

_OPENMETRICS: Final = "application/openmetrics-text"


_STATUS_NUMBERS: Final = {Status.OK: 0, Status.DEGRADED: 1, Status.FAIL: 2, Status.SKIPPED: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A page of metrics."""

    body: bytes
    content_type: str


class MetricsPage:
    """Renders a registry: OpenMetrics (with exemplars) when `Accept` asks for it, Prometheus's text otherwise.

    A thousand series take about 6 ms, so a thread of its own does it; at most one page of each kind is made at a time.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metrics")
        self._making: dict[bool, asyncio.Future[Rendered]] = {}

    async def render(self, accept: str = "") -> Rendered:
        """Return the page; who asks while one is made gets the same."""
        with_exemplars = _OPENMETRICS in accept
        making = self._making.get(with_exemplars)
        if making is None or making.done():
            loop = asyncio.get_running_loop()
            making = loop.run_in_executor(self._thread, _render, self._registry, with_exemplars)
            self._making[with_exemplars] = making
        # One who hangs up leaves the others theirs.
        return await asyncio.shield(making)

    def close(self) -> None:
        """End the thread, without waiting for it."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _render(registry: CollectorRegistry, with_exemplars: bool) -> Rendered:  # noqa: FBT001 - an executor passes no names
    if with_exemplars:
        body = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call] # the library left its type out
        return Rendered(body=body, content_type=openmetrics.CONTENT_TYPE_LATEST)
    return Rendered(body=exposition.generate_latest(registry), content_type=exposition.CONTENT_TYPE_PLAIN_0_0_4)


class PreflightGauges(Protocol):
    """The families that tell of preflights; `Metrics` has them beside others."""

    preflight_status: GaugeFamily
    preflight_duration: GaugeFamily
    preflight_last_run: GaugeFamily
    preflight_findings: GaugeFamily
    preflight_muted: GaugeFamily


class OwnGauges:
    """The families that tell of preflights alone, for a service that has metrics of its own in `registry`."""

    def __init__(self, registry: CollectorRegistry, *, reports: Iterable[str], findings: Iterable[FindingSpec]) -> None:
        self._registry = registry
        report = Label(name="report", meaning="which preflight", values=tuple(reports))
        code = Label(name="code", meaning="code of the finding", values=tuple(spec.code for spec in findings))
        self.preflight_status = self._gauge("botflight_preflight_status")
        self.preflight_duration = self._gauge("botflight_preflight_duration_seconds")
        self.preflight_last_run = self._gauge("botflight_preflight_last_run_timestamp_seconds", report)
        self.preflight_findings = self._gauge("botflight_preflight_findings", code)
        self.preflight_muted = self._gauge("botflight_preflight_muted", report)

    def _gauge(self, name: str, *labels: Label) -> GaugeFamily:
        spec = next(spec for spec in METRICS if spec.name == name)
        return GaugeFamily(replace(spec, labels=labels or spec.labels), self._registry)


class PreflightMetrics:
    """Shows the last report of a preflight as metrics: give it as the preflight's `on_report`.

    `report` names it beside others; sections and codes are each of one report.
    """

    def __init__(self, gauges: PreflightGauges, findings: Iterable[FindingSpec], *, report: str = "billing") -> None:
        self._gauges = gauges
        self._report = report
        self._codes = [spec.code for spec in findings]
        self._show_findings({})

    @classmethod
    def of(
        cls, registry: CollectorRegistry, findings: Iterable[FindingSpec], *, report: str = "preflight"
    ) -> "PreflightMetrics":
        """Make the families in a registry of one's own, for its only preflight."""
        specs = tuple(findings)
        return cls(OwnGauges(registry, reports=[report], findings=specs), specs, report=report)

    def __call__(self, report: Report) -> None:
        """Show `report` in place of the one before."""
        self._gauges.preflight_last_run.set(self._report, to=report.started_at_ms / 1000)
        self._gauges.preflight_muted.set(self._report, to=len(report.muted))
        for section in report.sections:
            self._gauges.preflight_status.set(section.name, to=_STATUS_NUMBERS[section.status])
            self._gauges.preflight_duration.set(section.name, to=section.latency_ms / 1000)
        self._show_findings(_affected(report))

    def _show_findings(self, affected: dict[str, int]) -> None:
        # All codes, always: an alert on a series that comes and goes fires late and never resolves.
        for code in self._codes:
            self._gauges.preflight_findings.set(code, to=affected.get(code, 0))


def _affected(report: Report) -> dict[str, int]:
    affected: dict[str, int] = {}
    for judged in report.counted:
        affected[judged.spec.code] = affected.get(judged.spec.code, 0) + max(1, judged.finding.affected_count)
    return affected
