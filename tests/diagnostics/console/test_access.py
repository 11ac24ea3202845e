import httpx
import pytest
from starlette.applications import Starlette

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.console import Console
from botflight_diagnostics.console.access import COOKIE, MAX_VIEWERS
from botflight_diagnostics.console.sessions import IDLE_S, LONGEST_S, MAX_ENDED, Sessions

TOKEN = "a-token-of-sixteen"
STATE = "/__diag/console/state"
DETAILS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def console(telemetry, probe, clock):
    preflight = billing_preflight(probe, daily_limit=5, reference=str, clock=clock)
    return Console(telemetry=telemetry, preflights={"Billing": preflight}, token=TOKEN, about={"service": "test"})


def client_of(console, url="http://test"):
    return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=console.routes())), base_url=url)


@pytest.fixture
async def client(console):
    async with client_of(console) as client:
        yield client


async def sign_in(client, token=TOKEN, **headers):
    return await client.post("/__diag/console/sign_in", data={"token": token}, headers=headers)


async def test_the_page_itself_is_for_anybody_and_holds_nothing(client):
    """It closes itself: nothing inline, nothing from elsewhere, no frame around it."""
    answer = await client.get("/__diag/")

    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", STATE), ("GET", "/__diag/console/updates/x"), ("POST", "/__diag/console/preflight")]
)
@pytest.mark.parametrize("headers", [{}, {"X-Diag-Token": "wrong"}, {"Cookie": f"{COOKIE}=a.1.2.b"}])
async def test_nothing_is_told_without_the_token(client, method, path, headers):
    """No token, a wrong one, a cookie that we did not sign."""
    assert (await client.request(method, path, headers=headers)).status_code == 401


async def test_the_token_in_a_header_opens_it_too(client):
    """A script needs no cookie."""
    assert (await client.get(STATE, headers=DETAILS)).json()["about"] == {"service": "test"}


async def test_signing_in_sets_a_cookie_that_opens_it(client):
    """Out of reach of scripts and other sites, and not the token."""
    answer = await sign_in(client)

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/__diag" in cookie
    assert TOKEN not in cookie
    assert "secure" not in cookie
    assert (await client.get(STATE)).status_code == 200


@pytest.mark.parametrize(
    ("url", "headers"), [("https://test", {}), ("http://test", {"X-Forwarded-Proto": "https"})], ids=["own", "proxy"]
)
async def test_over_https_the_cookie_stays_there(console, url, headers):
    """Whoever speaks TLS, we or a proxy before us."""
    async with client_of(console, url) as client:
        assert "; secure" in (await sign_in(client, **headers)).headers["set-cookie"].lower()


async def test_a_wrong_token_is_refused_and_told(client, telemetry):
    """401, no cookie, and a warning without the token."""
    answer = await sign_in(client, "a-wrong-one-of-sixteen")

    (line,) = telemetry.events("CONSOLE_SIGN_IN")
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert (line["level"], line["outcome"]) == ("warning", "WRONG_TOKEN")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}, {"Origin": "null"}]
)
@pytest.mark.parametrize("path", ["sign_in", "sign_out", "preflight"])
async def test_another_site_can_change_nothing(client, path, headers):
    """A form of a foreign page is refused, whatever it knows."""
    answer = await client.post(f"/__diag/console/{path}", data={"token": TOKEN}, headers={**DETAILS, **headers})

    assert answer.status_code == 403


async def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(client):
    """A cookie that was copied before is good no more."""
    await sign_in(client)
    copied = client.cookies[COOKIE]

    await client.post("/__diag/console/sign_out")
    client.cookies.clear()

    assert (await client.get(STATE, headers={"Cookie": f"{COOKIE}={copied}"})).status_code == 401


async def test_a_form_that_is_too_long_is_refused(client):
    """It is not read to its end."""
    assert (await sign_in(client, "x" * 10_000)).status_code == 400


async def test_without_a_token_set_it_opens_for_nobody(telemetry):
    """Not even for the empty one."""
    closed = Console(telemetry=telemetry, preflights={}, token=None, about={})

    async with client_of(closed) as client:
        assert (await sign_in(client, "")).status_code == 403
        assert (await client.get(STATE, headers={"X-Diag-Token": ""})).status_code == 403


async def test_so_many_pages_may_look_and_no_more(client, clock):
    """One more waits until another has left."""
    for number in range(MAX_VIEWERS):
        assert (await client.get(f"{STATE}?viewer={number}", headers=DETAILS)).status_code == 200
    refused = await client.get(f"{STATE}?viewer=more", headers=DETAILS)

    clock.pass_ms(11_000)
    admitted = await client.get(f"{STATE}?viewer=more", headers=DETAILS)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert admitted.status_code == 200


async def test_a_page_that_is_closed_leaves_its_place(client):
    """The next one need not wait."""
    for number in range(MAX_VIEWERS):
        await client.get(f"{STATE}?viewer={number}", headers=DETAILS)

    await client.post("/__diag/console/leave?viewer=3", headers=DETAILS)

    assert (await client.get(f"{STATE}?viewer=more", headers=DETAILS)).status_code == 200


def test_a_session_ends_when_it_is_not_used_and_in_any_case(clock):
    """Unused after an hour; used, it is renewed up to twelve."""
    sessions = Sessions(TOKEN, clock=clock)
    cookie = sessions.open()
    used_s = 0

    while session := sessions.of(cookie):
        clock.pass_ms(IDLE_S * 1000 * 0.6)
        used_s += IDLE_S * 0.6
        cookie = sessions.renewed(session) or cookie
    unused = sessions.open()
    clock.pass_ms(IDLE_S * 1000)

    assert LONGEST_S <= used_s <= LONGEST_S + IDLE_S
    assert sessions.of(unused) is None


def test_another_token_ends_all_sessions(clock):
    """Who changes the token has signed everybody out."""
    cookie = Sessions(TOKEN, clock=clock).open()

    assert Sessions("another-of-sixteen", clock=clock).of(cookie) is None


def test_ended_sessions_do_not_pile_up(clock):
    """Signing in and out for ever takes no memory."""
    sessions = Sessions(TOKEN, clock=clock)

    for _ in range(MAX_ENDED + 10):
        sessions.close(sessions.of(sessions.open()))

    assert len(sessions._ended) == MAX_ENDED


async def test_a_sign_in_that_breaks_off_is_no_error_of_ours(console):
    """A browser that goes away in the middle of its form is told so, where it still listens."""
    parts = [{"type": "http.request", "body": b"tok", "more_body": True}, {"type": "http.disconnect"}]
    sent = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/__diag/console/sign_in", "headers": [], "query_string": b""}
    await Starlette(routes=console.routes())(scope, receive, send)

    assert sent[0]["status"] == 400
