from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from botflight_diagnostics.closure import loose_ends
from botflight_diagnostics.findings import BILLING_FINDINGS, FINDINGS, SERVICE_FINDINGS, FindingSpec, Severity
from botflight_diagnostics.prometheus import PreflightMetrics

ROOT = Path(__file__).parents[2]
SPEC = FindingSpec(
    code="SHOP_QUEUE_LONG",
    severity=Severity.WARNING,
    meaning="m.",
    impact="i.",
    how_to_fix="f.",
    alert="ShopPreflightWarning",
)


def test_each_finding_has_its_page_its_alert_and_its_series(telemetry):
    """The circle is closed, and nothing on it names a finding that there is not."""
    PreflightMetrics(telemetry.metrics, BILLING_FINDINGS, report="billing")
    PreflightMetrics(telemetry.metrics, SERVICE_FINDINGS, report="service")

    ends = loose_ends(
        FINDINGS,
        runbooks=ROOT / "docs/runbooks",
        alerts=ROOT / "dashboards/prometheus",
        registry=telemetry.metrics.registry,
    )

    assert ends == []


@pytest.fixture
def shop(tmp_path):
    """A service with one finding: its page, its rule, its metric."""
    (tmp_path / "SHOP_QUEUE_LONG.md").write_text("# SHOP_QUEUE_LONG: orders wait\n\nAlert: `ShopPreflightWarning`.\n")
    (tmp_path / "rules.yml").write_text(
        "groups:\n- name: shop\n  rules:\n  - alert: ShopPreflightWarning\n"
        '    expr: botflight_preflight_findings{code="SHOP_QUEUE_LONG"} > 0\n'
    )
    return tmp_path


def ends_of(shop, *specs, registry=None):
    return loose_ends(specs, runbooks=shop, alerts=shop, registry=registry)


def test_a_closed_circle_has_no_loose_end(shop):
    """One finding with all that belongs to it."""
    registry = CollectorRegistry()
    PreflightMetrics.of(registry, [SPEC])

    assert ends_of(shop, SPEC, registry=registry) == []


def other(**changes):
    """Another finding, of the same service."""
    fields = {"code": "SHOP_LATE", "severity": Severity.WARNING, "meaning": "m.", "impact": "i.", "how_to_fix": "f."}
    return FindingSpec(**fields | changes)


@pytest.mark.parametrize(
    ("spec", "page", "told"),
    [
        (other(no_alert="rare"), None, "SHOP_LATE has no page"),
        (other(no_alert="rare"), "# Late\n\nrare", "the page of SHOP_LATE does not begin with its code"),
        (
            other(no_alert="rare"),
            "# SHOP_LATE",
            "the page of SHOP_LATE names neither its alert nor the reason for none",
        ),
        (other(), "# SHOP_LATE", "SHOP_LATE has neither an alert nor a reason for none, or both"),
        (
            other(alert="ShopLate"),
            "# SHOP_LATE\n\nShopLate",
            "SHOP_LATE names the alert ShopLate, which no rule defines",
        ),
        (
            other(no_alert="rare"),
            "# SHOP_LATE\n\nrare, see SHOP_LOST",
            "SHOP_LATE names SHOP_LOST, which is no finding",
        ),
    ],
)
def test_a_gap_is_told_in_a_sentence(shop, spec, page, told):
    """A page that is missing or says less than it should, an alert that is not there, a code that is not."""
    if page is not None:
        (shop / "SHOP_LATE.md").write_text(page)

    assert told in ends_of(shop, SPEC, spec)


def test_what_names_a_finding_that_is_gone_is_told(shop):
    """Its page, its rule and its series stay behind when a finding goes: each is found."""
    registry = CollectorRegistry()
    PreflightMetrics.of(registry, [SPEC])
    (shop / "SHOP_LATE.md").write_text("# SHOP_LATE\n\nrare\n")

    assert ends_of(shop, other(no_alert="rare"), registry=registry) == [
        "SHOP_QUEUE_LONG names SHOP_QUEUE_LONG, which is no finding",
        "rules.yml names SHOP_QUEUE_LONG, which is no finding",
        "SHOP_LATE has no series of its own in the metric",
        "the metric has a series SHOP_QUEUE_LONG, which is no finding",
    ]


def test_a_code_that_shares_its_series_is_told():
    """Where labels are few and codes many, one that is counted as `other` is found."""
    registry = CollectorRegistry()
    PreflightMetrics.of(registry, [SPEC])

    ends = loose_ends([SPEC, other(no_alert="rare")], runbooks=Path("nowhere"), registry=registry)

    assert "SHOP_LATE has no series of its own in the metric" in ends
