import json
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.health import Health
from botflight_diagnostics.telemetry.lines import MAX_LINE_BYTES
from botflight_diagnostics.web import (
    PREFLIGHT_PATH,
    health_routes,
    json_fault,
    json_refusal,
    metrics_route,
    preflight_route,
)

TOKEN = "a-token-of-sixteen"
DETAILS = {"Authorization": f"Bearer {TOKEN}"}


async def broken(_request):
    raise RuntimeError("a secret of ours")


@pytest.fixture
def preflight(probe, clock):
    return billing_preflight(probe, daily_limit=5, reference=str, clock=clock)


@pytest.fixture
def state():
    return {"reason": None}


def client_of(app):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
async def client(preflight, telemetry, metrics_page, state):
    health = Health(started=lambda: state["reason"], ready={})
    routes = [
        *health_routes(health, version={"service": "test", "version": "1"}),
        metrics_route(metrics_page),
        preflight_route(preflight, token=TOKEN, log=telemetry.logs.logger("diagnostics")),
        Route("/broken", broken),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: json_refusal, Exception: json_fault})
    async with client_of(app) as client:
        yield client


async def test_health_is_told_with_its_reasons(client, state):
    """A page of health is 200 when all is well and 503 with the reason when not."""
    assert (await client.get("/readyz")).json() == {"status": "ok", "checks": {"started": "ok"}}

    state["reason"] = "DRAINING"
    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]) == (503, {"started": "DRAINING"})


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz", "/version", "/metrics", PREFLIGHT_PATH])
async def test_no_page_is_kept_by_a_cache(client, path):
    """Every page is of now: no cache between may keep it."""
    answer = await client.get(path)

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


async def test_liveness_tells_the_lag(client):
    """The page of liveness tells how late the event loop was."""
    assert (await client.get("/livez")).json() == {"status": "ok", "checks": {"event_loop": "ok"}, "lag_ms": 0}


async def test_the_version_is_told(client):
    """Who asks what runs is told."""
    assert (await client.get("/version")).json() == {"service": "test", "version": "1"}


async def test_metrics_are_shown(client):
    """The page of metrics is in Prometheus's text."""
    assert 'botflight_build_info{service="test",version="0"} 1.0' in (await client.get("/metrics")).text


async def test_anybody_gets_the_result(client):
    """Without the token the result and the statuses are told, and nothing else."""
    answer = await client.get(PREFLIGHT_PATH)

    told = answer.json()
    assert answer.status_code == 200
    assert told.keys() == {"result", "sections", "age_ms"}
    assert all(section == {"status": "OK"} for section in told["sections"].values())


@pytest.mark.parametrize("headers", [DETAILS, {"X-Diag-Token": TOKEN}, {"Authorization": f"bearer  {TOKEN}"}])
async def test_the_token_gets_the_details(client, headers):
    """With the token, in either header, all of it is told."""
    assert (await client.get(PREFLIGHT_PATH, headers=headers)).json()["sections"]["users"]["meta"]["records"] == 0


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer wrong"}, {"X-Diag-Token": ""}, {"Authorization": "Bearer "}]
)
async def test_a_wrong_token_is_refused(client, headers):
    """Who shows a wrong token gets nothing."""
    answer = await client.get(PREFLIGHT_PATH, headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"error": "WRONG_TOKEN"})


async def test_a_token_that_is_no_ascii_is_refused(client):
    """Strange bytes in the header are a wrong token, not an error."""
    assert (await client.get(PREFLIGHT_PATH, headers={b"X-Diag-Token": "ключ".encode()})).status_code == 401


@pytest.mark.parametrize("token", [None, ""])
async def test_where_no_token_is_set_none_is_right(preflight, telemetry, token):
    """A service without a token tells nobody the details."""
    route = preflight_route(preflight, token=token, log=telemetry.logs.logger("x"))

    async with client_of(Starlette(routes=[route])) as client:
        answer = await client.get(PREFLIGHT_PATH, headers={"X-Diag-Token": ""})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("values", "status", "result"), [({"unknown": 1}, 200, "DEGRADED"), ({"duplicate_request_ids": 1}, 503, "FAIL")]
)
async def test_the_status_follows_the_result(client, probe, values, status, result):
    """A degraded service still works: only FAIL is 503."""
    probe.attempt_facts = replace(probe.attempt_facts, **values)

    answer = await client.get(PREFLIGHT_PATH)

    assert (answer.status_code, answer.json()["result"]) == (status, result)


@pytest.mark.parametrize(("headers", "told"), [({}, {"status"}), (DETAILS, {"status", "observedValue", "output"})])
async def test_the_form_of_the_health_check_draft_is_spoken(client, headers, told):
    """Who asks for application/health+json gets it, with details for the token alone."""
    answer = await client.get(PREFLIGHT_PATH, headers={**headers, "Accept": "application/health+json"})

    check = answer.json()["checks"]["db"][0]
    assert (answer.headers["content-type"], answer.json()["status"]) == ("application/health+json", "pass")
    assert check.keys() & {"status", "observedValue", "output"} == told


async def test_one_section_is_told_alone(client):
    """Who asks for one section gets that one."""
    assert (await client.get(PREFLIGHT_PATH, params={"section": "db"})).json() == {"sections": {"db": {"status": "OK"}}}


async def test_a_section_that_there_is_not_is_told(client):
    """An unknown section is 404, with those that there are."""
    answer = await client.get(PREFLIGHT_PATH, params={"section": "moon"})

    assert (answer.status_code, answer.json()["error"], answer.json()["sections"][0]) == (404, "NO_SUCH_SECTION", "db")


async def test_a_fresh_report_is_for_those_with_the_token(client, probe):
    """Strangers cannot make the service ask its store again."""
    await client.get(PREFLIGHT_PATH)
    await client.get(PREFLIGHT_PATH, params={"fresh": "1"})
    assert probe.calls.count("database") == 1

    await client.get(PREFLIGHT_PATH, params={"fresh": "1"}, headers=DETAILS)

    assert probe.calls.count("database") == 2


async def test_the_report_is_logged_as_the_predecessor_did(client, telemetry):
    """A report that is shown is logged with its payload, whoever asked."""
    await client.get(PREFLIGHT_PATH)

    (line,) = telemetry.events("BILLING_PREFLIGHT_RUNTIME")
    assert (line["level"], line["payload"]["result"]) == ("info", "READY")
    assert line["payload"]["sections"]["db"]["meta"]["lat_ms"] == 0


async def test_a_report_is_logged_once(client, telemetry):
    """Who asks again and again does not fill the disk."""
    for _ in range(5):
        await client.get(PREFLIGHT_PATH)

    assert len(telemetry.events("BILLING_PREFLIGHT_RUNTIME")) == 1


async def test_a_bad_report_is_logged_whole(client, probe, telemetry):
    """The longest report there is stays within one line."""
    probe.database_facts = replace(probe.database_facts, latency_ms=1e9, schema_version=2, pool_in_use=9, pool_size=9)
    probe.balance_facts = replace(
        probe.balance_facts, negative=9, mismatched=9, sum_hundredths=1, audited_at_ms=0, sample=(1, 2, 3, 4, 5)
    )
    probe.attempt_facts = replace(
        probe.attempt_facts, unknown=1, stale_pending=1, duplicate_request_ids=1, holds_without_attempt=1
    )
    probe.tenant_facts = replace(probe.tenant_facts, partners_sample=("p-partner1",) * 5)

    await client.get(PREFLIGHT_PATH)

    line = next(line for line in telemetry.lines if b"BILLING_PREFLIGHT_RUNTIME" in line)
    assert len(line) < MAX_LINE_BYTES / 2
    assert json.loads(line)["payload"]["sections"]["db"]["code"] == "BPF_DB_SCHEMA_MISMATCH"


@pytest.mark.parametrize(("path", "status", "code"), [("/nothing", 404, "HTTP_404"), ("/broken", 500, "INTERNAL")])
async def test_errors_are_codes_in_json(client, path, status, code):
    """An error is told as a code; its text stays in the log."""
    answer = await client.get(path)

    assert (answer.status_code, answer.json()) == (status, {"error": code})


async def test_a_wrong_method_is_refused_in_json(client):
    """Pages are for reading."""
    answer = await client.post("/livez")

    assert (answer.status_code, answer.json()) == (405, {"error": "HTTP_405"})
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
