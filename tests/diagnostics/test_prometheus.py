import asyncio
import threading
from dataclasses import replace

import pytest

from botflight_diagnostics.billing_metrics import BillingMetrics
from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.findings import BILLING_FINDINGS
from botflight_diagnostics.prometheus import MetricsPage

ASKING_FOR_OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


class GatedRegistry:
    """A registry that is slow to collect, and counts how often it is asked."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.collected = 0

    def collect(self):
        self.collected += 1
        self.gate.wait(5)
        return iter(())


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (ASKING_FOR_OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ],
)
async def test_the_format_is_that_asked_for(metrics_page, accept, content_type):
    """Prometheus's text by default, OpenMetrics for those who ask."""
    assert (await metrics_page.render(accept)).content_type == content_type


async def test_openmetrics_carries_exemplars(metrics_page, telemetry):
    """The exemplar of a duration names its trace, in OpenMetrics alone."""
    with telemetry.tracer.root("process message") as span:
        telemetry.update_finished("message", "OK", duration_ms=3)

    exemplar = f'# {{trace_id="{span.trace.hex}"}} 0.003'.encode()
    assert exemplar in (await metrics_page.render(ASKING_FOR_OPENMETRICS)).body
    assert exemplar not in (await metrics_page.render()).body


async def test_who_asks_together_gets_one_page():
    """However many scrape while a page is made, it is made once."""
    registry = GatedRegistry()
    page = MetricsPage(registry)

    scrapes = [asyncio.create_task(page.render()) for _ in range(20)]
    await asyncio.sleep(0)
    registry.gate.set()
    await asyncio.gather(*scrapes)
    page.close()

    assert registry.collected == 1


async def test_a_slow_page_leaves_the_event_loop_alone():
    """While a page is made the loop goes on turning."""
    registry = GatedRegistry()
    page = MetricsPage(registry)

    scrape = asyncio.create_task(page.render())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not scrape.done()

    registry.gate.set()
    await scrape
    page.close()


async def test_a_scraper_that_hangs_up_harms_nobody():
    """A cancelled scrape leaves the page to the others."""
    registry = GatedRegistry()
    page = MetricsPage(registry)
    impatient, patient = asyncio.create_task(page.render()), asyncio.create_task(page.render())
    await asyncio.sleep(0)

    impatient.cancel()
    registry.gate.set()

    assert (await patient).body == b""
    page.close()


@pytest.fixture
def shown(telemetry, probe, clock):
    show = BillingMetrics(telemetry.metrics)
    return billing_preflight(probe, daily_limit=5, reference=str, clock=clock, on_report=show)


async def test_a_preflight_shows_in_the_metrics(shown, telemetry, clock):
    """Status and time of each section come from the last report."""
    await shown.report()

    assert telemetry.sample("botflight_preflight_status", section="db") == 0
    assert telemetry.sample("botflight_preflight_last_run_timestamp_seconds", report="billing") == clock.now_ns / 1e9


async def test_a_finding_shows_by_its_code(shown, telemetry, probe):
    """The number of what is affected stands under the finding's code."""
    probe.forgetful = True

    await shown.report()

    assert telemetry.sample("botflight_preflight_status", section="storage_rw") == 2
    assert telemetry.sample("botflight_preflight_findings", code="BPF_STORAGE_READ_BACK_FAILED") == 1


async def test_a_finding_that_is_gone_is_zero(shown, telemetry, probe):
    """A mended finding goes back to 0, so that its alert resolves."""
    probe.forgetful = True
    await shown.report()

    probe.forgetful = False
    await shown.report(fresh=True)

    assert telemetry.sample("botflight_preflight_findings", code="BPF_STORAGE_READ_BACK_FAILED") == 0


async def test_the_ledger_shows_as_it_was_counted(shown, telemetry, probe):
    """Drift in hundredths and accounts that do not add up, as the last full count had them."""
    probe.balance_facts = replace(probe.balance_facts, sum_hundredths=-150, mismatched=2)

    await shown.report()

    assert telemetry.sample("botflight_ledger_drift_hundredths") == -150
    assert telemetry.sample("botflight_ledger_mismatched_accounts") == 2


def test_every_code_has_its_series_from_the_start(shown, telemetry):
    """All codes are there before the first report, each under its own name."""
    assert shown.last is None
    codes = {
        sample.labels["code"]
        for family in telemetry.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "botflight_preflight_findings"
    }
    assert codes == {spec.code for spec in BILLING_FINDINGS}


async def test_a_scrape_never_runs_a_check(shown, metrics_page, probe):
    """Metrics are read from the last report; the store is not asked."""
    await metrics_page.render()

    assert (probe.calls, shown.last) == ([], None)
