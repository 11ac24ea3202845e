from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.mute_routes import MUTES_PATH, mute_routes
from botflight_diagnostics.mutes import Mutes, MutesInMemory
from botflight_diagnostics.web import PREFLIGHT_PATH, preflight_route

TOKEN = "a-token-of-sixteen"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
STALE: dict[str, Any] = {"code": "BPF_ATTEMPT_STALE", "reason": "the provider is down", "for_s": 3600}


class Broken(MutesInMemory):
    """A store that fails."""

    async def keep_mute(self, _mute: Any) -> None:
        raise OSError("a secret of the store")

    drop_mute = keep_mute  # type: ignore[assignment]


@pytest.fixture
def book():
    return MutesInMemory()


@pytest.fixture
async def client(probe, clock, telemetry, book):
    log = telemetry.logs.logger("diagnostics")
    runner = billing_preflight(probe, daily_limit=5, reference=str, clock=clock, mutes=Mutes(book, log=log))
    routes = [
        preflight_route(runner, token=TOKEN, log=log),
        *mute_routes([runner], token=TOKEN, clock_ms=lambda: clock.now_ns // 1_000_000),
    ]
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=RIGHT) as client:
        yield client


@pytest.fixture
def three_are_stale(probe):
    probe.attempt_facts = replace(probe.attempt_facts, stale_pending=3)


async def test_a_finding_is_muted_as_bad_as_it_is(client, three_are_stale, clock):
    """The mute is answered, listed, and heeded by the next report."""
    before = (await client.get(PREFLIGHT_PATH)).json()["result"]
    answer = await client.post(MUTES_PATH, json=STALE)

    now_ms = clock.now_ns // 1_000_000
    mute = {"code": STALE["code"], "reason": STALE["reason"], "until_ms": now_ms + 3_600_000, "up_to": 3}
    assert (answer.status_code, answer.json()) == (201, {**mute, "set_at_ms": now_ms})
    assert (await client.get(MUTES_PATH)).json() == {"mutes": [answer.json()]}
    after = (await client.get(PREFLIGHT_PATH)).json()
    assert (before, after["result"], after["mutes"]) == ("DEGRADED", "READY", [answer.json()])


async def test_a_mute_is_taken_back(client, three_are_stale):
    """The finding counts again at once; a mute that is not there is 404."""
    await client.post(MUTES_PATH, json=STALE)

    answers = [await client.delete(f"{MUTES_PATH}/BPF_ATTEMPT_STALE") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert (await client.get(PREFLIGHT_PATH)).json()["result"] == "DEGRADED"


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer wrong"}])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_without_the_token_nothing_is_told_or_done(client, book, method, headers):
    """Strangers learn nothing of mutes and set none."""
    path = f"{MUTES_PATH}/BPF_DB_SLOW" if method == "DELETE" else MUTES_PATH

    answer = await client.request(method, path, headers=headers, content=b"{}")

    assert (answer.status_code, await book.mutes()) == (401, ())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"no json", "BAD_BODY"),
        (b"[]", "BAD_BODY"),
        (b"{}", "BAD_BODY"),
        (b"x" * 9000, "TOO_LARGE"),
        ({**STALE, "code": 5}, "BAD_BODY"),
        ({**STALE, "up_to": True}, "BAD_BODY"),
        ({**STALE, "up_to": -1}, "BAD_BODY"),
        ({**STALE, "up_to": 2**60}, "BAD_BODY"),
        ({**STALE, "surprise": 1}, "BAD_BODY"),
        ({**STALE, "until_ms": 5}, "BAD_END"),
        ({**STALE, "for_s": 0}, "BAD_END"),
        ({**STALE, "for_s": 2**53 - 1}, "BAD_END"),
        ({**STALE, "reason": ""}, "NO_REASON"),
        ({**STALE, "code": "BPF_NOTHING"}, "UNKNOWN_CODE"),
        (STALE, "NOT_FOUND_NOW"),
    ],
)
async def test_what_is_no_mute_is_refused_with_a_code(client, book, body, code):
    """Nothing is kept, and the answer says what to do."""
    options = {"content": body} if isinstance(body, bytes) else {"json": body}

    answer = await client.post(MUTES_PATH, **options)

    assert (answer.status_code, answer.json()["error"], await book.mutes()) == (400, code, ())
    assert answer.json()["to_fix"]


@pytest.mark.parametrize("book", [Broken()])
async def test_a_store_that_fails_is_told_as_a_code(client, three_are_stale, book):
    """The text of its error stays here."""
    answers = [await client.post(MUTES_PATH, json=STALE), await client.delete(f"{MUTES_PATH}/BPF_ATTEMPT_STALE")]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(503, {"error": "STORE_FAILED"})] * 2
