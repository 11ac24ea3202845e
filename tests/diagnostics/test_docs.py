"""What docs/diagnostics.md shows a stranger is a project that works: its blocks are the files of one."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import orjson
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "diagnostics.md"
BLOCK = re.compile(r"^```(\w+) ([\w./]+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = {name: text for _, name, text in BLOCK.findall(PAGE.read_text())}
MODULES = sorted(name.removesuffix(".py") for name in BLOCKS if name.endswith(".py"))
RIGHT = {"Authorization": "Bearer a token"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The stranger's project, as the working directory; gives a way to import its modules anew."""
    for name, text in BLOCKS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)


def test_every_block_has_a_name():
    """No block of code is left out of the project, and so out of the tests below."""
    fences = re.findall(r"^```\w+", PAGE.read_text(), re.MULTILINE)

    assert len(fences) == len(BLOCKS) == 9


def test_a_check_is_ten_lines():
    """The finding, its check, its section and its preflight are ten lines at most, imports aside."""
    code = BLOCKS["checks.py"].partition("LONG =")[2]

    assert len([line for line in code.splitlines() if line.strip()]) <= 10


async def test_the_endpoint_tells_of_the_section(project):
    """The page with its token, one section, the health-check draft, and health itself."""
    app = project("app").app
    orders = project("checks").ORDERS

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        stranger = await client.get("/__diag/shop")
        orders.extend(["an order"] * 11)
        found = await client.get("/__diag/shop?fresh=1", headers=RIGHT)
        one = await client.get("/__diag/shop?section=queue")
        health = await client.get("/__diag/shop", headers={"Accept": "application/health+json"})
        pages = [(await client.get(path)).status_code for path in ("/livez", "/readyz", "/startupz", "/version")]

    assert stranger.json()["sections"] == {"queue": {"status": "OK"}}
    assert (found.json()["result"], found.json()["sections"]["queue"]["affected_count"]) == ("DEGRADED", 11)
    assert one.json() == {"sections": {"queue": {"status": "DEGRADED"}}}
    assert (health.json()["status"], pages) == ("warn", [200] * 4)


async def test_a_finding_is_muted_over_http_and_by_call(project):
    """By both ways the result heeds it, and what is worse counts."""
    app, checks = project("app").app, project("checks")
    checks.ORDERS.extend(["an order"] * 11)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop", headers=RIGHT) as client:
        wanted = {"code": "SHOP_QUEUE_LONG", "for_s": 3600, "reason": "known"}
        posted = await client.post("/__diag/mutes", json=wanted)
        muted = await client.get("/__diag/shop")
        deleted = await client.delete("/__diag/mutes/SHOP_QUEUE_LONG")
    called = await project("mute").mute_for_an_hour()
    checks.ORDERS.extend(["an order"] * 40)
    worse = (await checks.preflight.report(fresh=True)).result

    assert (posted.status_code, muted.json()["result"], deleted.status_code) == (201, "READY", 200)
    assert (called, worse) == ("READY", "DEGRADED")


@pytest.mark.process
def test_the_command_prints_and_ends_with_its_code(project, tmp_path):
    """As a process of its own: a payload for machines, and 0 where nothing is found."""
    ended = subprocess.run(
        [sys.executable, "check_shop.py", "--json", "--section", "queue"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert (ended.returncode, orjson.loads(ended.stdout)["result"]) == (0, "READY")


def test_the_commands_exit_code_follows_the_result(project, capsys):
    """1 for a warning, and 0 once it is ignored."""
    preflight, orders = project("checks").preflight, project("checks").ORDERS
    orders.extend(["an order"] * 11)
    main = importlib.import_module("botflight_diagnostics.command").main

    codes = [main(preflight, [], title="Shop preflight"), main(preflight, ["--ignore", "SHOP_QUEUE_LONG"])]

    assert codes == [1, 0]
    assert "to fix   Run `make worker`." in capsys.readouterr().out


async def test_metrics_follow_the_report(project):
    """The series is there from the start, and shows how many are affected."""
    metrics, orders = project("metrics"), project("checks").ORDERS
    sample = metrics.registry.get_sample_value
    code = {"code": "SHOP_QUEUE_LONG"}
    before = sample("botflight_preflight_findings", code)

    orders.extend(["an order"] * 11)
    await metrics.watched.report()

    assert (before, sample("botflight_preflight_findings", code)) == (0, 11)
    assert sample("botflight_preflight_status", {"section": "queue"}) == 1


async def test_a_book_of_ones_own_keeps_mutes(project):
    """What is muted lies in the shop's own table, until it is taken back."""
    kept = project("book").kept
    until_ms = time.time_ns() // 1_000_000 + 1000

    mute = await kept.mute("SHOP_QUEUE_LONG", until_ms=until_ms, reason="known", up_to=1)
    listed = await kept.muted()
    dropped = await kept.unmute("SHOP_QUEUE_LONG")

    assert (listed, dropped, await kept.muted()) == ((mute,), True, ())


def test_the_circle_is_closed(project):
    """The test that the page shows passes on the project that the page shows."""
    project("test_circle").test_each_finding_has_its_page_its_alert_and_its_series()
