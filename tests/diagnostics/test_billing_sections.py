import asyncio
import json
import re
from dataclasses import replace

import pytest

from botflight_diagnostics.billing_preflight import billing_sections
from botflight_diagnostics.findings import BILLING_FINDINGS
from botflight_diagnostics.preflight import Preflight
from botflight_diagnostics.report import Result, Status
from predecessor import PREDECESSOR, reduced


@pytest.fixture
def runner(probe, clock):
    sections = billing_sections(probe, daily_limit=5, reference=lambda user_id: f"u_{user_id:x}", clock=clock)
    return Preflight(sections, BILLING_FINDINGS, clock=clock, pause=lambda _: asyncio.sleep(0))


async def test_an_empty_store_gives_the_line_of_the_predecessor(runner):
    """Reduced to the predecessor's keys, latencies aside, the payload is the predecessor's."""
    assert reduced((await runner.report()).payload()) == PREDECESSOR


async def test_latencies_are_numbers(runner):
    """Every section tells how long it took, as a number."""
    payload = (await runner.report()).payload()

    latencies = [section["meta"][name] for section in payload["sections"].values() for name in ("latency_ms", "lat_ms")]
    assert len(latencies) == 14
    assert all(isinstance(latency, (int, float)) for latency in latencies)


FACTS = {
    "BPF_DB_SCHEMA_MISMATCH": {"database_facts": {"schema_version": 2}},
    "BPF_DB_SLOW": {"database_facts": {"latency_ms": 300}},
    "BPF_DB_POOL_EXHAUSTED": {"database_facts": {"pool_in_use": 10, "pool_size": 10}},
    "BPF_DB_REPLICATION_LAG": {"database_facts": {"replication_lag_ms": 11_000}},
    "BPF_TENANT_UNSET": {"tenant_facts": {"storage_partner": ""}},
    "BPF_BALANCE_NEGATIVE": {"balance_facts": {"negative": 2, "sample": (5, 6)}},
    "BPF_LEDGER_SUM": {"balance_facts": {"sum_hundredths": -100}},
    "BPF_LEDGER_MISMATCH": {"balance_facts": {"mismatched": 1}},
    "BPF_LEDGER_AUDIT_OLD": {"balance_facts": {"audited_at_ms": 0}},
    "BPF_FREE_LIMIT_EXCEEDED": {"free_limit_facts": {"violations": 1, "used_today_max": 6}},
    "BPF_ATTEMPT_DUPLICATE": {"attempt_facts": {"duplicate_request_ids": 1}},
    "BPF_ATTEMPT_STALE": {"attempt_facts": {"stale_pending": 1}},
    "BPF_ATTEMPT_UNKNOWN": {"attempt_facts": {"unknown": 1}},
    "BPF_HOLD_ORPHANED": {"attempt_facts": {"holds_without_attempt": 1}},
}
FAULTS = {
    "BPF_DB_UNREACHABLE": {"errors": {"database": [OSError()]}},
    "BPF_STORAGE_WRITE_FAILED": {"errors": {"write_nonce": [OSError()]}},
    "BPF_STORAGE_READ_BACK_FAILED": {"forgetful": True},
    "BPF_STORAGE_DELETE_FAILED": {"sticky": True},
    "BPF_QUERY_FAILED": {"errors": {"users": [KeyError()]}},
    "BPF_DB_TIMEOUT": {"errors": {"database": [TimeoutError()] * 3}},
    "BPF_QUERY_TIMEOUT": {"errors": {"attempts": [TimeoutError()] * 3}},
}


def codes(report):
    return [judged.spec.code for judged in report.counted]


@pytest.mark.parametrize(("code", "changes"), FACTS.items(), ids=FACTS.keys())
async def test_a_bad_fact_is_its_finding(runner, probe, code, changes):
    """Each fact that is not as it should be is one finding."""
    for name, values in changes.items():
        setattr(probe, name, replace(getattr(probe, name), **values))

    assert codes(await runner.report()) == [code]


@pytest.mark.parametrize(("code", "faults"), FAULTS.items(), ids=FAULTS.keys())
async def test_a_fault_is_its_finding(runner, probe, code, faults):
    """Each way in which the store may fail is a finding of its own."""
    for name, value in faults.items():
        setattr(probe, name, value)

    assert code in codes(await runner.report())


def test_every_finding_can_be_found():
    """No code of the catalogue is without a test that finds it."""
    assert {spec.code for spec in BILLING_FINDINGS} == FACTS.keys() | FAULTS.keys()


async def test_limits_are_not_yet_findings(runner, probe, clock):
    """Just at its limit nothing is found."""
    probe.database_facts = replace(
        probe.database_facts, latency_ms=250, pool_in_use=9, pool_size=10, replication_lag_ms=10_000
    )
    probe.balance_facts = replace(
        probe.balance_facts, audited_at_ms=clock.now_ns // 1_000_000 - 24 * 3600 * 1000, mismatched=0
    )

    assert (await runner.report()).result is Result.READY


async def test_a_store_that_is_gone_skips_what_needs_it(runner, probe):
    """When the store cannot be reached that is the one finding: the rest is skipped, and not asked."""
    probe.errors = {"database": [OSError()]}

    report = await runner.report()

    assert [section.status for section in report.sections] == [Status.FAIL] + [Status.SKIPPED] * 6
    assert probe.calls == ["database"]


async def test_users_are_named_by_reference(runner, probe):
    """Samples name users by a keyed hash, never by id."""
    probe.balance_facts = replace(probe.balance_facts, negative=1, sample=(123456789,))

    section = (await runner.report()).payload()["sections"]["balances"]

    assert section["sample"] == ["u_75bcd15"]
    assert "123456789" not in json.dumps(section)


async def test_partners_are_masked(runner, probe):
    """Names of partners are shown by their ends alone."""
    probe.tenant_facts = replace(
        probe.tenant_facts, partners_found=2, partners_sample=("p-main01", "p-other2"), partners_top=("p-main01",)
    )

    section = (await runner.report()).payload()["sections"]["tenants"]

    assert section["details"] == "found=2, sample=[p***01, p***r2]"
    assert (section["meta"]["partners_sample"], section["meta"]["partners_top"]) == (["p***01", "p***r2"], ["p***01"])


async def test_the_scratch_row_is_removed_when_it_cannot_be_read(runner, probe):
    """A read that fails leaves no row behind."""
    probe.errors = {"read_nonce": [OSError()]}

    await runner.report()

    assert probe.nonces == set()


async def test_writing_is_tried_three_times(runner, probe):
    """A write that fails and may pass is tried again twice."""
    probe.errors = {"write_nonce": [ConnectionResetError(), ConnectionResetError()]}

    report = await runner.report()

    assert (report.result, report.sections[-1].attempts) == (Result.READY, 3)


@pytest.mark.parametrize("spec", BILLING_FINDINGS, ids=lambda spec: spec.code)
def test_a_finding_says_what_to_do(spec):
    """Each finding has a meaning, an impact, a way to fix it, a page, and an alert or a reason for none."""
    assert re.fullmatch(r"BPF(_[A-Z]+)+", spec.code)
    assert all(text.endswith(".") for text in (spec.meaning, spec.impact, spec.how_to_fix))
    assert bool(spec.alert) != bool(spec.no_alert)


def test_codes_are_unique():
    """A code means one thing."""
    assert len({spec.code for spec in BILLING_FINDINGS}) == len(BILLING_FINDINGS)
