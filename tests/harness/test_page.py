"""The chat page in a real browser: people talk with a bot by hand, and a developer sees what happens."""

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, Request, async_playwright, expect

from botflight_harness.clock import SystemClock
from botflight_harness.network.browser import QUIET_CHROMIUM
from botflight_harness.server import bot_api, serving
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.world import Telegram
from botflight_harness.web import chat_app

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *QUIET_CHROMIUM,
]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
#: Where CI=true a browser has to be there.
NO_BROWSER = not os.path.exists(CHROMIUM) and os.environ.get("CI") != "true"  # noqa: PTH110 - at import, no Path needed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(NO_BROWSER, reason="chromium is not installed"),
]


@dataclass
class Echo:
    """A bot in plain HTTP: it says what it was told, and counts the taps below it in place."""

    url: str
    session: aiohttp.ClientSession
    taps: int = 0
    heard: list[int] = field(default_factory=list)

    async def run(self) -> None:
        """Poll and answer until cancelled."""
        offset = 0
        while True:
            for update in await self.call("getUpdates", offset=offset, timeout=50):
                offset = update["update_id"] + 1
                self.heard.append(update["update_id"])
                if "message" in update:
                    await self.answer(update["message"])
                elif "callback_query" in update:
                    await self.count(update["callback_query"])

    async def answer(self, message: dict[str, Any]) -> None:
        """Say it back with a button, or do what the word asks for."""
        chat_id, text = message["chat"]["id"], message.get("text") or message.get("caption") or "no text"
        match text:
            case "keyboard":
                keyboard = {"keyboard": [["first", "second"]], "one_time_keyboard": True}
                await self.call("sendMessage", chat_id=chat_id, text="choose", reply_markup=keyboard)
            case "busy":
                await self.call("sendChatAction", chat_id=chat_id, action="upload_photo")
            case "unmodelled":
                await self.call("sendPhoto", chat_id=chat_id, photo="https://example.com/a.png")
            case _:
                await self.call(
                    "sendMessage", chat_id=chat_id, text=text, parse_mode="HTML", reply_markup=self.buttons()
                )

    async def count(self, query: dict[str, Any]) -> None:
        """Answer a tap and write the count into the message."""
        message = query["message"]
        alert = query["data"] == "alert"
        await self.call("answerCallbackQuery", callback_query_id=query["id"], text="noted", show_alert=alert)
        if not alert:
            self.taps += 1
            place = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
            await self.call("editMessageText", **place, text=f"taps: {self.taps}", reply_markup=self.buttons())

    async def call(self, method: str, **parameters: object) -> Any:
        """Call a method and return its result."""
        async with self.session.post(f"{self.url}/{method}", json=parameters) as response:
            return (await response.json()).get("result", [])

    @staticmethod
    def buttons() -> dict[str, Any]:
        """Return two buttons."""
        data = {"Count": "count", "Alert": "alert"}
        return {"inline_keyboard": [[{"text": label, "callback_data": word}] for label, word in data.items()]}


@dataclass
class Sandbox:
    """The page open in a browser, with the bot behind it."""

    page: Page
    telegram: Telegram
    bot: BotAccount
    echo: Echo
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def chat(self, name: str = "Alice") -> Locator:
        """Return the chat of a person."""
        return self.page.get_by_role("region", name=f"{name} and the bot")

    def field(self, name: str = "Alice") -> Locator:
        """Return where a person writes."""
        return self.page.get_by_label(f"Message of {name}")

    async def says(self, text: str, name: str = "Alice") -> None:
        """Type a text and press Enter."""
        await self.field(name).fill(text)
        await self.field(name).press("Enter")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield await browser.new_context(viewport={"width": 1280, "height": 800})
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(browser: BrowserContext) -> AsyncIterator[Sandbox]:
    """The page with Alice and Борис. A test fails when the page complains or asks for anything from elsewhere."""
    telegram = Telegram(clock=SystemClock())
    bot = telegram.bot("1000000001:letters", username="echo_bot")
    app = chat_app(bot_api(telegram), bot, title="Echo", links={"Metrics": "/metrics"})
    async with aiohttp.ClientSession() as session, serving(app) as address:
        echo = Echo(f"{address.url}/bot{bot.token}", session)
        polling = asyncio.create_task(echo.run())
        page = await browser.new_page()
        opened = Sandbox(page, telegram, bot, echo)
        watch(page, opened, own=address.url)
        await page.goto(address.url)
        await page.wait_for_selector("body[data-ready]")
        yield opened
        await page.close()
        polling.cancel()
    assert opened.complaints == []
    assert opened.foreign == []


def watch(page: Page, sandbox: Sandbox, *, own: str) -> None:
    """Write down what the page complains of, and what it asks for from elsewhere."""

    def requested(request: Request) -> None:
        if not request.url.startswith(own):
            sandbox.foreign.append(request.url)

    page.on("console", lambda message: sandbox.complaints.append(message.text))
    page.on("pageerror", lambda error: sandbox.complaints.append(str(error)))
    page.on("request", requested)


async def until(holds: Callable[[], bool]) -> None:
    """Let others work until something holds, for five seconds at most."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - the bot sets no event for it
            await asyncio.sleep(0)


async def test_a_person_types_and_sees_the_answer(sandbox: Sandbox) -> None:
    """A text and Enter: it stands in the chat, and the bot's answer below it."""
    await sandbox.says("hello there")

    await expect(sandbox.chat().get_by_label("Alice wrote")).to_contain_text("hello there")
    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("hello there")
    await expect(sandbox.chat("Борис").get_by_label("The bot wrote")).to_have_count(0)


async def test_a_tap_edits_the_message_in_place(sandbox: Sandbox) -> None:
    """A button is tapped, the message changes where it stands, and the answer is shown for a while."""
    await sandbox.says("hello")

    await sandbox.chat().get_by_role("button", name="Count").click()

    await expect(sandbox.chat().get_by_label("The bot wrote")).to_have_count(1)
    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("taps: 1")
    await expect(sandbox.chat().get_by_text("noted")).to_be_visible()


async def test_an_edit_leaves_the_focus_where_it_was(sandbox: Sandbox) -> None:
    """Who taps by keyboard stays on the button while the message around it is drawn anew."""
    await sandbox.says("hello")
    count = sandbox.chat().get_by_role("button", name="Count")
    await count.focus()

    await sandbox.page.keyboard.press("Enter")
    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("taps: 1")
    await sandbox.page.keyboard.press("Enter")

    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("taps: 2")
    await expect(count).to_be_focused()


async def test_an_alert_waits_to_be_read(sandbox: Sandbox) -> None:
    """An answer with show_alert is a dialog that Enter closes."""
    await sandbox.says("hello")

    await sandbox.chat().get_by_role("button", name="Alert").click()

    notice = sandbox.page.get_by_role("dialog")
    await expect(notice).to_contain_text("noted")
    await sandbox.page.keyboard.press("Enter")
    await expect(notice).to_be_hidden()


async def test_the_last_action_is_done_twenty_times_at_once(sandbox: Sandbox) -> None:
    """Twenty taps are twenty different updates, and the count says so."""
    await sandbox.says("hello")
    await sandbox.chat().get_by_role("button", name="Count").click()
    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("taps: 1")

    await sandbox.chat().get_by_role("button", name="Send it 20 times at once").click()

    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("taps: 21")
    assert len(set(sandbox.echo.heard)) == 22


async def test_the_last_update_is_delivered_again(sandbox: Sandbox) -> None:
    """Again means the very same update, and the log counts its second try."""
    await sandbox.says("hello")
    await until(lambda: len(sandbox.echo.heard) == 1)

    await sandbox.chat().get_by_role("button", name="Deliver the last update again").click()

    await until(lambda: len(sandbox.echo.heard) == 2)
    assert sandbox.echo.heard[0] == sandbox.echo.heard[1]
    row = sandbox.page.get_by_label("What the bot was sent").get_by_role("listitem").first
    await expect(row).to_contain_text("2×")


async def test_the_page_is_usable_by_keyboard_alone(sandbox: Sandbox) -> None:
    """From the top of the page, Tab and Enter: start, tap, write."""
    await sandbox.page.get_by_role("button", name="Start").first.focus()
    await sandbox.page.keyboard.press("Enter")
    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("/start")
    await expect(sandbox.field()).to_be_focused()

    for _ in range(12):
        await sandbox.page.keyboard.press("Shift+Tab")
        if await sandbox.page.evaluate("document.activeElement.textContent") == "Count":
            break
    await sandbox.page.keyboard.press("Space")

    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("taps: 1")


async def test_arrow_up_edits_the_last_message(sandbox: Sandbox) -> None:
    """A person changes what was written, and the message changes in place."""
    await sandbox.says("helo")
    await expect(sandbox.chat().get_by_label("Alice wrote")).to_contain_text("helo")
    await sandbox.field().press("ArrowUp")
    await expect(sandbox.field()).to_have_value("helo")

    await sandbox.says("hello")

    await expect(sandbox.chat().get_by_label("Alice wrote")).to_have_count(1)
    await expect(sandbox.chat().get_by_label("Alice wrote")).to_contain_text("hello")
    await expect(sandbox.chat().get_by_label("Alice wrote")).to_contain_text("edited")


async def test_formatting_is_drawn_and_markup_is_not_run(sandbox: Sandbox) -> None:
    """Entities become elements; what looks like markup stays text, and a link that is none is not followed."""
    await sandbox.says("<b>bold</b> &lt;img src=x onerror=alert(1)&gt; <a href='https://example.org/'>site</a>")

    answer = sandbox.chat().get_by_label("The bot wrote")
    await expect(answer.locator("strong")).to_have_text("bold")
    await expect(answer).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(answer.locator("img")).to_have_count(0)
    await expect(answer.get_by_role("link", name="site")).to_have_attribute("rel", "noopener noreferrer")


async def test_a_photo_is_attached_and_shown(sandbox: Sandbox) -> None:
    """A picture from the disk is sent with the text as its caption."""
    await sandbox.field().fill("look")

    photo = {"name": "dot.png", "mimeType": "image/png", "buffer": PNG}
    await sandbox.chat().locator("input[type=file]").set_input_files([photo])

    message = sandbox.chat().get_by_label("Alice wrote")
    await expect(message.get_by_role("img", name="Photo")).to_be_visible()
    await expect(message).to_contain_text("look")


@pytest.mark.parametrize(("entry", "shown"), [("Sticker", "Sticker 🦊"), ("Voice message", "Voice message")])
async def test_a_sticker_and_a_voice_message_are_sent_from_the_menu(sandbox: Sandbox, entry: str, shown: str) -> None:
    """What a bot for texts did not expect is one press away."""
    await sandbox.chat().get_by_label("Attach").click()

    await sandbox.chat().get_by_role("button", name=entry).click()

    await expect(sandbox.chat().get_by_label("Alice wrote").get_by_label(shown)).to_be_visible()


async def test_a_blocked_bot_is_refused_and_the_page_says_so(sandbox: Sandbox) -> None:
    """Blocking is shown, the bot's next call gets 403, and unblocking ends it."""
    await sandbox.says("hello")
    await sandbox.chat().get_by_role("button", name="Block the bot").click()
    await expect(sandbox.chat()).to_contain_text("has blocked the bot")
    alice = next(person for person in sandbox.telegram.people.values() if person.first_name == "Alice")

    await sandbox.echo.call("sendMessage", chat_id=alice.user_id, text="still there?")

    await expect(sandbox.page.get_by_label("What the bot called").get_by_text("403")).to_be_visible()
    await sandbox.chat().get_by_role("button", name="Unblock the bot").click()
    await expect(sandbox.chat()).not_to_contain_text("has blocked the bot")


async def test_what_the_bot_is_doing_is_shown(sandbox: Sandbox) -> None:
    """A chat action stands under the person's name."""
    await sandbox.says("busy")

    await expect(sandbox.chat()).to_contain_text("is sending a photo…")


async def test_the_keyboard_below_the_chat_writes_what_it_says(sandbox: Sandbox) -> None:
    """A reply keyboard's button sends its label; a one-time keyboard goes away."""
    await sandbox.says("keyboard")

    await sandbox.chat().get_by_role("button", name="second").click()

    await expect(sandbox.chat().get_by_label("Alice wrote").last).to_contain_text("second")
    await expect(sandbox.chat().get_by_role("button", name="first")).to_be_hidden()


async def test_what_is_not_modelled_stands_out(sandbox: Sandbox) -> None:
    """A developer sees where the simulation ends."""
    await sandbox.says("unmodelled")

    row = sandbox.page.get_by_label("What the bot called").get_by_role("listitem").first
    await expect(row).to_contain_text("sendPhoto")
    await expect(row).to_contain_text("not modelled")


async def test_people_are_added_up_to_six(sandbox: Sandbox) -> None:
    """Four more people fit beside Alice and Борис, and then the button rests."""
    add = sandbox.page.get_by_role("button", name="Add a person")
    for name in ("Clara", "David", "Eve", "Fatima"):
        await add.click()
        await sandbox.page.get_by_label("Name").fill(name)
        await sandbox.page.keyboard.press("Enter")
        await expect(sandbox.field(name)).to_be_focused()

    await expect(add).to_be_disabled()
    assert len(sandbox.telegram.people) == 6


async def test_a_reload_shows_what_was_said(sandbox: Sandbox) -> None:
    """The page can be closed and opened: the chat is there."""
    await sandbox.says("hello")
    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("hello")

    await sandbox.page.reload()

    await expect(sandbox.chat().get_by_label("The bot wrote")).to_contain_text("hello")


async def test_a_telephone_shows_one_person_at_a_time(sandbox: Sandbox) -> None:
    """On a narrow screen tabs choose the person, by arrow keys as well."""
    await sandbox.page.set_viewport_size({"width": 390, "height": 800})
    await expect(sandbox.field("Борис")).to_be_hidden()
    await sandbox.page.get_by_role("tab", name="Alice").focus()

    await sandbox.page.keyboard.press("ArrowRight")

    await expect(sandbox.field("Борис")).to_be_visible()
    await expect(sandbox.field("Alice")).to_be_hidden()
    await expect(sandbox.page.get_by_role("tab", name="Борис")).to_be_focused()
