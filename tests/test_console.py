"""The console in a real browser, beside the sandbox in which a user buys a picture; and what it must never show."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, async_playwright, expect
from starlette.applications import Starlette

from botflight_diagnostics.console import Console
from botflight_diagnostics.findings import FindingSpec, Severity
from botflight_diagnostics.preflight import Preflight, Section
from botflight_diagnostics.report import Checked, Finding
from botflight_diagnostics.telemetry import Telemetry
from botflight_harness.server import serving
from botflight_service.sandbox import DIAG_TOKEN, SECRET, TOKEN
from running import free_port
from test_sandbox_purchase import ARGUMENTS, CHROMIUM, Running, buys_a_picture, needs_browser, running_sandbox

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.asyncio(loop_scope="module"), needs_browser]
DISK_FULL = FindingSpec(
    code="SHOP_DISK",
    severity=Severity.CRITICAL,
    meaning="The disk is full.",
    impact="No order can be kept.",
    how_to_fix="Make room in /data.",
    no_alert="it is a test",
)
PROMPT = "a cat on a roof at dusk"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The sandbox, in which Alice has bought a picture."""
    folder: Path = tmp_path_factory.mktemp("console")
    async with running_sandbox(folder, "--port", str(free_port()), "--pace", "0") as sandbox:
        page = await browser.new_page()
        chat = await buys_a_picture(page, sandbox.link("Talk with the bot"))
        await expect(chat.locator("img").last).to_be_visible(timeout=20_000)
        await page.close()
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in a browser of its own; a test fails when the page complains or asks for anything from elsewhere."""
    complaints: list[str] = []
    context = await browser.new_context(viewport={"width": 1360, "height": 900})
    page = await context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
    yield page
    # Closing a browser tells no page: it is told here, so that its place is free for the next test's.
    with contextlib.suppress(Error):
        async with page.expect_response("**/console/leave*", timeout=2000):
            await page.evaluate("dispatchEvent(new Event('pagehide'))")
    await context.close()
    assert complaints == []


def failing_preflight() -> Preflight:
    """One whose only section fails."""
    section = Section(name="disk", check=_full_disk, on_error="SHOP_DISK", on_timeout="SHOP_DISK")
    return Preflight([section], [DISK_FULL])


async def _full_disk() -> Checked:
    return Checked(details="free=0", findings=(Finding(code="SHOP_DISK", observed="0 GB", expected="1 GB"),))


async def opened(page: Page, sandbox: Running) -> Page:
    """The console, signed in by the address that the sandbox prints."""
    await page.goto(sandbox.link("Console"))
    await expect(page.get_by_role("heading", name="The last minutes")).to_be_visible()
    await expect(page.locator("#rows li").first).to_be_visible()
    return page


async def test_an_update_opens_its_spans_and_its_lines(page: Page, sandbox: Running) -> None:
    """From the list to the waterfall of the tap on confirm, and to the lines that carry its correlation id."""
    await opened(page, sandbox)

    await page.locator("#query").fill("confirm")
    await page.locator("#rows li:not([hidden]) button").first.press("Enter")

    detail = page.get_by_role("dialog")
    await expect(detail.get_by_text("process callback_query")).to_be_visible()
    await expect(detail.get_by_text("POST /webhook")).to_be_visible()
    await expect(detail.get_by_text("UPDATE_DONE")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(detail).to_be_hidden()


async def test_a_correlation_id_is_looked_up(page: Page, sandbox: Running) -> None:
    """One that is known opens its update; of one that is not it is said so."""
    await opened(page, sandbox)
    await page.locator("#rows button").last.click()
    await expect(page.locator("#detail-id")).to_contain_text("correlation_id")
    told = await page.locator("#detail-id").inner_text()
    await page.keyboard.press("Escape")

    await page.keyboard.press("/")
    await page.keyboard.type(told.split()[-1])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.locator("#query").fill("00000000-0000-5000-8000-000000000000")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("alert")).to_contain_text("not in memory")


async def test_the_arrow_keys_go_from_update_to_update(page: Page, sandbox: Running) -> None:
    """Down and up past those that the search hides, no further than the ends, and Enter opens the one in focus."""
    await opened(page, sandbox)
    await page.locator("#query").fill("callback_query")
    shown = page.locator("#rows li:not([hidden]) button")
    texts = await shown.all_inner_texts()
    assert len(texts) >= 3
    assert await page.locator("#rows li[hidden]").count() > 0

    await shown.first.focus()
    visited = []
    for key in ("ArrowUp", *["ArrowDown"] * len(texts), "ArrowUp"):
        await page.keyboard.press(key)
        visited.append(await page.evaluate("document.activeElement.innerText"))
    await page.keyboard.press("Enter")

    assert visited == [texts[0], *texts[1:], texts[-1], texts[-2]]
    await expect(page.get_by_role("dialog")).to_contain_text("process callback_query")


async def test_plots_and_preflights_are_there(page: Page, sandbox: Running) -> None:
    """A plot for each thing that an SRE looks at first, and a card for each preflight."""
    await opened(page, sandbox)

    for title in ("Updates", "Time of an update", "Errors and warnings", "Lanes", "Outbox", "Calls to the provider"):
        await expect(page.get_by_role("figure", name=title, exact=True).locator("canvas")).to_be_visible()
    await expect(page.get_by_role("heading", name="Billing")).to_be_visible()
    await expect(page.get_by_text("storage_rw")).to_be_visible()


async def test_signing_in_keeps_a_closed_cookie_and_signing_out_ends_it(page: Page, sandbox: Running) -> None:
    """Wrong token, right token, a cookie that is not the token, and out again."""
    await page.goto(sandbox.link("Console").partition("#")[0])
    await page.get_by_label("Diagnostics token").fill("a-wrong-one-of-sixteen")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("That is not the token.")

    await page.get_by_label("Diagnostics token").fill(DIAG_TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.locator("#rows li").first).to_be_visible()
    (cookie,) = await page.context.cookies()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Diagnostics token")).to_be_visible()

    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/__diag")
    assert DIAG_TOKEN not in cookie["value"]
    replayed = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    state = sandbox.link("Console").partition("#")[0] + "console/state"
    assert (await page.request.get(state, headers=replayed)).status == 401


async def test_no_secret_no_id_and_no_words_of_a_user_are_shown(page: Page, sandbox: Running) -> None:
    """Neither in what the page draws nor in anything that the server sends it."""
    await opened(page, sandbox)
    state = await (await page.request.get(sandbox.link("Console").partition("#")[0] + "console/state")).json()
    sent = [str(state), await page.content()]
    for update in state["updates"]:
        path = sandbox.link("Console").partition("#")[0] + f"console/updates/{update['name']}"
        sent.append(await (await page.request.get(path)).text())

    everything = "\n".join(sent)
    chat = await (await page.request.get(sandbox.link("Talk with the bot") + "_control/state")).json()
    ids = [str(person["id"]) for person in chat["people"]]
    assert len(ids) == 2
    for unwanted in (TOKEN.partition(":")[2], SECRET, DIAG_TOKEN, "sandbox01", PROMPT, "Alice", *ids):
        assert unwanted not in everything, unwanted
    assert len(state["updates"]) >= 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_works_on_a_phone(page: Page, sandbox: Running, scheme: str) -> None:
    """Nothing is wider than the screen, in light and in dark, and an update opens by a tap."""
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of its words
    await page.set_viewport_size({"width": 390, "height": 844})
    await opened(page, sandbox)

    width = await page.evaluate("document.documentElement.scrollWidth")
    await page.locator("#rows button").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()

    assert width <= 390


async def test_what_is_wrong_stands_open_with_how_to_fix_it(page: Page) -> None:
    """The console of a service that is no bot, one section of whose preflight fails."""
    failing = failing_preflight()
    await failing.report()
    console = Console(
        telemetry=Telemetry.for_tests(), preflights={"Shop": failing}, token=DIAG_TOKEN, about={"service": "shop"}
    )

    async with serving(Starlette(routes=console.routes())) as address:
        await page.goto(f"{address.url}/__diag/#token={DIAG_TOKEN}")
        await expect(page.get_by_role("heading", name="SHOP_DISK")).to_be_visible()
        await expect(page.get_by_text("Make room in /data.")).to_be_visible()
        await expect(page.locator("#result")).to_have_text("FAIL")
        await expect(page).to_have_title("shop: FAIL")
        assert DIAG_TOKEN not in page.url
        if "BOTFLIGHT_SCREENSHOTS" in os.environ:
            await page.screenshot(path=Path(os.environ["BOTFLIGHT_SCREENSHOTS"]) / "console-finding.png")


async def test_a_finding_is_muted_with_a_reason_and_counts_again(page: Page) -> None:
    """The result changes at once, the reason stands with the finding; what is typed outlives a redrawn page."""
    failing = failing_preflight()
    await failing.report()
    console = Console(telemetry=Telemetry.for_tests(), preflights={"Shop": failing}, token=DIAG_TOKEN, about={})

    async with serving(Starlette(routes=console.routes())) as address:
        await page.goto(f"{address.url}/__diag/#token={DIAG_TOKEN}")
        await page.get_by_role("button", name="Mute SHOP_DISK").click()
        await page.get_by_label("Why").fill("a new disk comes / tomorrow")
        async with page.expect_response("**/console/state*"):
            await failing.report(fresh=True)
        await page.get_by_label("For", exact=True).select_option("a day")
        await page.get_by_role("button", name="Mute", exact=True).click()
        await expect(page.locator("#result")).to_have_text("READY")
        await expect(page.locator(".finding")).to_contain_text("a new disk comes / tomorrow")
        (mute,) = await failing.muted()
        await page.get_by_role("button", name="Let SHOP_DISK count again").click()
        await expect(page.locator("#result")).to_have_text("FAIL")

    assert mute.until_ms - mute.set_at_ms == 86_400_000
    assert await failing.muted() == ()


@pytest.mark.skipif("BOTFLIGHT_SCREENSHOTS" not in os.environ, reason="BOTFLIGHT_SCREENSHOTS names no folder")
async def test_pictures_for_the_documents(page: Page, sandbox: Running) -> None:
    """Light, dark, a phone, and one update."""
    folder = Path(os.environ["BOTFLIGHT_SCREENSHOTS"])
    chat = sandbox.link("Talk with the bot") + "_control"
    people = (await (await page.request.get(f"{chat}/state")).json())["people"]
    await opened(page, sandbox)
    for turn in range(40):
        for person in people[: 1 + turn % 2]:
            text = {"text": "/help" if turn % 5 else "/start"}
            await page.request.post(f"{chat}/people/{person['id']}/messages", data=text)
        await page.wait_for_timeout(300 + 400 * (turn % 3))
    await page.get_by_role("button", name="1 min", exact=True).click()
    await page.get_by_role("button", name="Check now").click()
    await page.wait_for_timeout(1500)
    await page.screenshot(path=folder / "console.png", full_page=True)
    await page.emulate_media(color_scheme="dark")
    await page.wait_for_timeout(1500)
    await page.screenshot(path=folder / "console-dark.png", full_page=True)
    await page.emulate_media(color_scheme="light")
    await page.locator("#query").fill("confirm")
    await page.locator("#rows li:not([hidden]) button").first.click()
    await page.wait_for_timeout(300)
    await page.screenshot(path=folder / "console-update.png")
    await page.keyboard.press("Escape")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.wait_for_timeout(1500)
    await page.screenshot(path=folder / "console-phone.png")
