"""The simulated KIE over HTTP, and its command."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from botflight_harness.__main__ import main
from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.server import serving

BROWSER = "Mozilla/5.0"
ORDER = {"model": "google/nano-banana", "input": {"prompt": "a fox"}}


@pytest.fixture
def kie() -> FakeKie:
    return FakeKie(waits_ms=0, queues_ms=0, takes_ms=0)


@pytest.fixture
async def session(kie: FakeKie) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that looks like a browser and has the key."""
    headers = {"Authorization": f"Bearer {kie.key}", "User-Agent": BROWSER}
    async with (
        serving(kie_app(kie)) as address,
        aiohttp.ClientSession(address.url, headers=headers) as session,
    ):
        yield session


async def test_errors_are_200_with_a_code_in_the_body(session: aiohttp.ClientSession, kie: FakeKie) -> None:
    """As KIE does it."""
    kie.refuses(402)

    async with session.post("/api/v1/jobs/createTask", json=ORDER) as answer:
        assert answer.status == 200
        assert (await answer.json())["code"] == 402


async def test_one_page_says_msg_and_another_message(session: aiohttp.ClientSession) -> None:
    """The text of an answer has two names."""
    async with session.post("/api/v1/jobs/createTask", json=ORDER) as answer:
        made = await answer.json()
    async with session.get("/api/v1/jobs/recordInfo", params=made["data"]) as answer:
        found = await answer.json()

    assert (made["msg"], found["message"]) == ("success", "success")


async def test_a_file_goes_up_and_can_be_fetched(session: aiohttp.ClientSession) -> None:
    """By a form, as File Stream Upload asks for it."""
    form = aiohttp.FormData({"uploadPath": "images", "fileName": "a.png"})
    form.add_field("file", b"a picture", filename="mine.png", content_type="image/png")

    async with session.post("/api/file-stream-upload", data=form) as answer:
        uploaded = (await answer.json())["data"]
    async with session.get(uploaded["downloadUrl"]) as answer:
        content = await answer.read()

    assert (uploaded["fileName"], uploaded["fileSize"], content) == ("a.png", 9, b"a picture")


@pytest.mark.parametrize("agent", ["aiohttp/3", "curl/8", ""])
async def test_what_looks_like_no_browser_is_blocked(session: aiohttp.ClientSession, agent: str) -> None:
    """Cloudflare's page with 1010, in KIE's place."""
    async with session.get("/api/v1/chat/credit", headers={"User-Agent": agent}) as answer:
        assert answer.status == 403
        assert "1010" in await answer.text()


async def test_without_the_key_there_is_a_401(session: aiohttp.ClientSession) -> None:
    """In the body, of course."""
    async with session.get("/api/v1/chat/credit", headers={"Authorization": "Bearer wrong"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (200, 401)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff"])
async def test_what_is_no_order_is_a_422(session: aiohttp.ClientSession, body: bytes) -> None:
    """However it is broken."""
    async with session.post(
        "/api/v1/jobs/createTask", data=body, headers={"Content-Type": "application/json"}
    ) as answer:
        assert (await answer.json())["code"] == 422


def test_the_command_has_a_page_to_work_from(capsys: pytest.CaptureFixture[str]) -> None:
    """What it is, its options, and what the exit codes mean."""
    with pytest.raises(SystemExit) as ended:
        main(["kie", "--help"])

    page = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(words in page for words in ("--port", "--key", "docs/kie.md", "Exit codes"))


async def test_the_command_serves_until_it_is_stopped() -> None:
    """It says where it is and how to point the service at it, and ends with 0."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "botflight_harness", "kie", "--port", "0"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        told = (await process.stdout.readuntil(b"KIE_UPLOAD_BASE_URL")).decode()
        found = re.search(r"Bearer (\S+)' (http://\S+)", told)
        assert found is not None
        headers = {"Authorization": f"Bearer {found[1]}", "User-Agent": BROWSER}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(found[2]) as answer:
            credit = (await answer.json())["data"]
        process.send_signal(signal.SIGTERM)
        await process.communicate()

    assert (credit, process.returncode) == (10_000, 0)
