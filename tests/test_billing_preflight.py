"""The billing preflight over each store there is: what the predecessor's release log asks of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.billing_probe import AttemptFacts
from botflight_diagnostics.preflight import Preflight
from botflight_diagnostics.telemetry import Telemetry
from botflight_diagnostics.web import PREFLIGHT_EVENT, log_preflight
from botflight_service.billing.quotas import day_of
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage
from makings import NOW_MS, PARTNER
from predecessor import PREDECESSOR, reduced

SECTIONS = ["db", "tenants", "users", "balances", "free_limits", "attempts", "storage_rw"]


@pytest.fixture
async def storage(store_url: str) -> AsyncIterator[Storage]:
    """An open, empty store, of each kind."""
    opened = open_storage(store_url, clock=lambda: NOW_MS)
    await opened.open()
    yield opened
    await opened.close()


def preflight_of(storage: Storage) -> Preflight:
    """The billing preflight of a store."""
    return billing_preflight(storage.probe(PARTNER, day_of=day_of), daily_limit=5, reference=str)


@pytest.mark.key_assertion("the billing preflight of an empty store is the predecessor's, on every store")
async def test_billing_preflight_happy_path_meta_lat_ms(storage: Storage) -> None:
    """An empty store is READY, word for word the predecessor's payload, and every latency is a number."""
    payload = (await preflight_of(storage).report()).payload()

    assert list(payload["sections"]) == SECTIONS
    assert reduced(payload) == PREDECESSOR
    latencies = [section["meta"]["lat_ms"] for section in payload["sections"].values()]
    assert all(isinstance(latency_ms, float) and latency_ms >= 0 for latency_ms in latencies)


async def test_billing_preflight_section_error_isolated(storage: Storage) -> None:
    """A question that fails is the finding of its section; the six others are answered as ever."""
    probe = storage.probe(PARTNER, day_of=day_of)

    async def broken(*, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        raise RuntimeError(f"a secret of the store at {now_ms} and {stale_after_ms}")

    probe.attempts = broken  # type: ignore[method-assign]
    payload = (await billing_preflight(probe, daily_limit=5, reference=str).report()).payload()

    statuses = {name: section["status"] for name, section in payload["sections"].items()}
    assert statuses == {name: "FAIL" if name == "attempts" else "OK" for name in SECTIONS}
    assert payload["sections"]["attempts"]["code"] == "BPF_QUERY_FAILED"
    assert "a secret" not in str(payload)


async def test_billing_preflight_log_payload_contains_lat_ms(storage: Storage) -> None:
    """The line BILLING_PREFLIGHT_RUNTIME carries the payload, with the latency of `db` under both of its names."""
    telemetry = Telemetry.for_tests()
    log = telemetry.logs.logger("diagnostics")

    log_preflight(log, PREFLIGHT_EVENT, await preflight_of(storage).report())

    (line,) = (orjson.loads(line) for line in telemetry.lines)
    meta = line["payload"]["sections"]["db"]["meta"]
    assert (line["event"], line["payload"]["result"]) == ("BILLING_PREFLIGHT_RUNTIME", "READY")
    assert meta["lat_ms"] == meta["latency_ms"] > 0
    assert reduced(line["payload"]) == PREDECESSOR
