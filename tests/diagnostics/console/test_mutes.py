from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.console import Console
from botflight_diagnostics.mutes import Mutes, MutesInMemory

TOKEN = "a-token-of-sixteen"
MUTES = "/__diag/console/mutes"
STALE = {"code": "BPF_ATTEMPT_STALE", "reason": "the provider is down", "for_s": 3600}


@pytest.fixture
def book():
    return MutesInMemory()


@pytest.fixture
async def client(telemetry, probe, clock, book):
    """A browser that has signed in, while three attempts are stale."""
    probe.attempt_facts = replace(probe.attempt_facts, stale_pending=3)
    log = telemetry.logs.logger("diagnostics")
    preflight = billing_preflight(probe, daily_limit=5, reference=str, clock=clock, mutes=Mutes(book, log=log))
    console = Console(telemetry=telemetry, preflights={"Billing": preflight}, token=TOKEN, about={})
    transport = httpx.ASGITransport(Starlette(routes=console.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.post("/__diag/console/sign_in", data={"token": TOKEN})
        yield client


async def results(client):
    state = (await client.get("/__diag/console/state")).json()
    return [one["report"]["result"] for one in state["preflights"]]


async def test_who_signed_in_mutes_a_finding_and_lets_it_count_again(client, telemetry, clock):
    """The page shows it at once, and a line tells it with its reason."""
    muted = await client.post(MUTES, json=STALE)
    while_muted = await results(client)
    dropped = await client.delete(f"{MUTES}/BPF_ATTEMPT_STALE")

    (line,) = telemetry.events("PREFLIGHT_MUTED")
    assert (muted.status_code, muted.json()["up_to"], dropped.status_code) == (201, 3, 200)
    assert muted.json()["until_ms"] == clock.now_ns // 1_000_000 + 3_600_000
    assert (while_muted, await results(client)) == (["READY"], ["DEGRADED"])
    assert (line["code"], line["reason"]) == ("BPF_ATTEMPT_STALE", "the provider is down")


async def test_what_is_no_mute_is_told_with_what_to_do(client):
    """The page shows these words."""
    answer = await client.post(MUTES, json={**STALE, "reason": " "})

    assert (answer.status_code, answer.json()["error"]) == (400, "NO_REASON")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}, {"Origin": "null"}]
)
@pytest.mark.parametrize(("method", "path"), [("POST", MUTES), ("DELETE", f"{MUTES}/BPF_ATTEMPT_STALE")])
async def test_another_site_mutes_nothing_through_the_browser_of_who_signed_in(client, book, method, path, headers):
    """The cookie alone is not enough."""
    answer = await client.request(method, path, json=STALE, headers=headers)

    assert (answer.status_code, await book.mutes()) == (403, ())


@pytest.mark.parametrize(("method", "path"), [("POST", MUTES), ("DELETE", f"{MUTES}/BPF_ATTEMPT_STALE")])
async def test_who_has_not_signed_in_mutes_nothing(client, book, method, path):
    """Neither without a cookie nor with a wrong token."""
    client.cookies.clear()

    answers = [await client.request(method, path, json=STALE, headers=one) for one in ({}, {"X-Diag-Token": "wrong"})]

    assert ([answer.status_code for answer in answers], await book.mutes()) == ([401, 401], ())
