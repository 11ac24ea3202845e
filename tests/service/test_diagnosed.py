"""A real service, asked by its pages and by the command; on a PostgreSQL that is frozen and let go on."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from botflight_diagnostics.preflight import SECTION_DEADLINE_MS
from botflight_diagnostics.run_billing_preflight import main
from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import Telegram
from botflight_service.diagnosis import STORE_EVERY_S
from postgres_server import OwnServer, mistreated_server
from running import ServiceProcess, serving_process

pytestmark = pytest.mark.process

TOKEN = "a-token-for-diagnostics"
DEADLINE_S = SECTION_DEADLINE_MS / 1000
#: What a deadline may be passed by.
GRACE_S = 0.1
#: A page that waits for nothing; in real seconds, on a busy machine.
FAST_S = 0.25
PATIENCE_S = 10.0


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server that may be mistreated."""
    with (
        tempfile.TemporaryDirectory(prefix="botflight-own-") as folder,
        mistreated_server(Path(folder) / "data") as own,
    ):
        yield own


@pytest.fixture
async def service(telegram: Telegram, server: OwnServer, tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    """A service that is ready."""
    bot = telegram.bot()
    async with server.database() as url, serving(application(bot_api(telegram))) as address:
        more = {"DATABASE_URL": url, "DIAG_TOKEN": TOKEN}
        async with serving_process(tmp_path, token=bot.token, telegram_url=address.url, more=more) as running:
            await running.told("READY")
            yield running


async def page(service: ServiceProcess, path: str) -> tuple[int, dict[str, Any], float]:
    """Ask for a page with the token: its status, what it says, and after how many seconds."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    began = time.perf_counter()
    async with aiohttp.ClientSession() as session, session.get(f"{service.url}{path}", headers=headers) as answer:
        body = await answer.read()
    return answer.status, orjson.loads(body), time.perf_counter() - began


async def until(service: ServiceProcess, path: str, holds: Callable[[int, dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask again and again until a page says so; what it says."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, told, _ = await page(service, path)
            if holds(status, told):
                return told
            await asyncio.sleep(0.05)


async def test_a_frozen_store_is_told_within_the_deadline_and_all_recovers(
    service: ServiceProcess, server: OwnServer
) -> None:
    """SIGSTOP: preflight answers in time, /livez is as fast as ever, /readyz turns; SIGCONT, and all is well again."""
    preflight = "/__diag/billing_preflight?fresh=1"
    before = await page(service, preflight)

    with server.frozen():
        frozen = await page(service, preflight)
        live = await page(service, "/livez")
        turned = await until(service, "/readyz", lambda status, _: status == 503)
    again = await until(service, preflight, lambda _, told: told["result"] == "READY")
    await until(service, "/readyz", lambda status, _: status == 200)

    assert (before[0], before[1]["result"]) == (200, "READY")
    assert (frozen[0], frozen[1]["sections"]["db"]["code"]) == (503, "BPF_DB_TIMEOUT")
    assert frozen[2] < DEADLINE_S + GRACE_S
    assert (live[0], live[2] < FAST_S) == (200, True)
    assert turned["checks"]["store"] == "BPF_DB_TIMEOUT"
    assert again["how_to_fix"] == []
    assert STORE_EVERY_S + DEADLINE_S < PATIENCE_S


async def test_the_command_asks_the_service_that_holds_the_store(
    telegram: Telegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file is for one process: the service tells its preflights, and keeps the mutes that the command asks for."""
    bot = telegram.bot()
    async with (
        serving(application(bot_api(telegram))) as address,
        serving_process(tmp_path, token=bot.token, telegram_url=address.url, more={"DIAG_TOKEN": TOKEN}) as service,
    ):
        await service.told("READY")
        for name, value in {
            "DATABASE_URL": f"sqlite:///{tmp_path}/service.sqlite",
            "TELEGRAM_BOT_TOKEN": bot.token,
            "DIAG_TOKEN": TOKEN,
            "PORT": service.url.rpartition(":")[2],
        }.items():
            monkeypatch.setenv(name, value)

        codes = [
            await asyncio.to_thread(main, arguments.split())
            for arguments in (
                "--section storage_rw",
                "--service",
                "mute SVC_WEBHOOK_PENDING --for 2h --reason moving --up-to 1",
                "mutes",
                "mute BPF_DB_SLOW --for 2h --reason x",
                "unmute SVC_WEBHOOK_PENDING",
                "unmute SVC_WEBHOOK_PENDING",
            )
        ]
        _, told, _ = await page(service, "/__diag/service_preflight")

    shown = capsys.readouterr()
    assert codes == [0, 0, 0, 0, 2, 0, 2]
    assert "Billing preflight: READY\n\n  storage_rw   OK" in shown.out
    assert "Service preflight: READY\n\n  telegram     OK" in shown.out
    assert shown.out.count("SVC_WEBHOOK_PENDING until ") == 2
    assert "BPF_DB_SLOW is not found now" in shown.err
    assert told["mutes"] == []
