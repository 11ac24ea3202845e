"""`botflight sandbox` as a newcomer meets it: the command, the page that it names, and a picture bought by clicking."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from botflight_harness.network.browser import QUIET_CHROMIUM
from running import free_port

CHROMIUM = shutil.which("chromium")
#: Chromium calls home unless it is told not to.
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *QUIET_CHROMIUM,
)

pytestmark = [pytest.mark.browser, pytest.mark.process]
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="chromium is not installed"
)


@dataclass(frozen=True)
class Running:
    """The command under way, and what it told its user."""

    process: asyncio.subprocess.Process
    welcome: str

    def link(self, name: str) -> str:
        """An address that the welcome names."""
        found = re.search(rf"{name}\s+(http\S+)", self.welcome)
        assert found is not None, self.welcome
        return found[1]

    async def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            await self.process.communicate()
        return self.process.returncode or 0


@contextlib.asynccontextmanager
async def running_sandbox(folder: Path, *options: str) -> AsyncIterator[Running]:
    """Run the command until it has said where to go."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "botflight_service", "sandbox", *options),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            welcome = await process.stderr.readuntil(b"Ctrl-C stops it.")
        yield Running(process, welcome.decode())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def taps(chat: Locator, label: str) -> None:
    """Click the newest button that says so."""
    await chat.get_by_role("button", name=label).last.click()


async def buys_a_picture(page: Page, url: str) -> Locator:
    """From an empty chat to a picture, by clicking and typing alone; Alice's chat."""
    await page.goto(url)
    chat = page.get_by_role("region", name="Alice").or_(page.locator("section", has_text="Alice")).first
    field = chat.get_by_role("textbox").first
    await field.fill("/start")
    await field.press("Enter")
    await taps(chat, "Generate")
    await taps(chat, "Picture from text")
    await field.fill("a cat on a roof at dusk")
    await field.press("Enter")
    await taps(chat, "Square")
    await taps(chat, "Confirm")
    return chat


@needs_browser
async def test_a_user_buys_a_picture_by_clicking(tmp_path: Path) -> None:
    """The picture is on the page, and the page shows a real image."""
    async with (
        running_sandbox(tmp_path, "--port", str(free_port()), "--pace", "0") as sandbox,
        async_playwright() as tools,
    ):
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        page = await browser.new_page(viewport={"width": 1440, "height": 900})

        chat = await buys_a_picture(page, sandbox.link("Talk with the bot"))

        picture = chat.locator("img").last
        await expect(picture).to_be_visible(timeout=20_000)
        await page.wait_for_function(
            "image => image.complete && image.naturalWidth >= 512", arg=await picture.element_handle()
        )
        if target := os.environ.get("BOTFLIGHT_SCREENSHOT"):
            await page.wait_for_timeout(500)
            await page.screenshot(path=target)
        await browser.close()


async def test_the_sandbox_answers_where_it_says_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    """Every address of the welcome works, and Ctrl-C ends it with 0."""
    async with running_sandbox(tmp_path, "--port", str(free_port())) as sandbox, aiohttp.ClientSession() as session:
        names = ("Talk with the bot", "Console", "Metrics", "Readiness", "Billing preflight")
        statuses = [(await session.get(sandbox.link(name))).status for name in names]
        code = await sandbox.interrupt()

    assert set(statuses) == {200}
    assert code == 0


async def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """Exit code 2, no traceback, and what to do."""
    port = str(free_port())
    async with running_sandbox(tmp_path, "--port", port):
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "botflight_service", "sandbox", "--port", port),
            cwd=tmp_path,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await second.communicate()

    assert second.returncode == 2
    assert told.decode().count("\n") == 1
    assert port in told.decode()
