"""What a partner's deployment shows when it is asked whether it is ready."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from botflight_diagnostics.telemetry.correlation import mask
from predecessor import PREDECESSOR, reduced
from shop import DIAG_TOKEN, PARTNER, Shop

PATH = "/__diag/billing_preflight"
DETAILS = {"Authorization": f"Bearer {DIAG_TOKEN}"}


async def asked(shop: Shop, path: str, **options: Any) -> httpx.Response:
    """Ask the running service for a page."""
    transport = httpx.ASGITransport(shop.service.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        return await client.get(path, **options)


@pytest.mark.key_assertion("GET /__diag/billing_preflight is answered and logged as BILLING_PREFLIGHT_RUNTIME")
async def test_billing_preflight_diag_endpoint_logs_payload(shop: Shop) -> None:
    """The endpoint tells the predecessor's payload, and the log has the same under its old name."""
    answer = await asked(shop, PATH, params={"fresh": "1"}, headers=DETAILS)

    payload = answer.json()
    (line,) = shop.telemetry.events("BILLING_PREFLIGHT_RUNTIME")
    limits = {"daily_limit": 0}  # the shop gives nothing away
    expected = {**PREDECESSOR, "sections": {**PREDECESSOR["sections"]}}
    expected["sections"]["free_limits"] = {
        **PREDECESSOR["sections"]["free_limits"],
        "meta": {**PREDECESSOR["sections"]["free_limits"]["meta"], **limits},
    }
    assert answer.status_code == 200
    assert reduced(payload) == reduced(line["payload"]) == expected
    assert payload["sections"]["tenants"]["meta"]["storage_partner"] == mask(PARTNER) == "p***01"


async def test_billing_preflight_is_logged_at_boot(shop: Shop) -> None:
    """At the start, before anybody asks, the log has one as BILLING_PREFLIGHT."""
    (line,) = shop.telemetry.events("BILLING_PREFLIGHT")

    assert (line["payload"]["result"], shop.telemetry.events("BILLING_PREFLIGHT_RUNTIME")) == ("READY", [])


async def test_strangers_are_told_the_result_and_no_more(shop: Shop) -> None:
    """Without the token: result, statuses, age; the same of the service's own preflight, and no mutes at all."""
    billing, service = await asked(shop, PATH), await asked(shop, "/__diag/service_preflight")
    mutes = await asked(shop, "/__diag/mutes")

    assert {*billing.json()} == {*service.json()} == {"result", "sections", "age_ms"}
    assert {*billing.json()["sections"]["db"]} == {"status"}
    assert mutes.status_code == 401


async def test_the_pages_of_health_are_there(shop: Shop) -> None:
    """/livez, /readyz, /startupz and /version answer 200 with their reasons."""
    pages = {path: await asked(shop, path) for path in ("/livez", "/readyz", "/startupz", "/version")}

    assert {page.status_code for page in pages.values()} == {200}
    assert pages["/readyz"].json()["checks"] == {"started": "ok", "store": "ok", "draining": "ok"}
    assert pages["/startupz"].json()["checks"] == {"started": "ok"}
    assert pages["/version"].json()["service"] == "botflight"


async def test_the_health_check_draft_is_spoken(shop: Shop) -> None:
    """Who asks for application/health+json gets it: `pass`, and a check for each section."""
    answer = await asked(shop, PATH, headers={**DETAILS, "Accept": "application/health+json"})

    assert answer.headers["content-type"] == "application/health+json"
    assert answer.json()["status"] == "pass"
    assert answer.json()["checks"]["storage_rw"][0]["status"] == "pass"
