"""The way to Telegram over real HTTP: what is sent, what comes back, and what never leaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import NetworkError, TimedOut
from telegram.request import RequestData

from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import BotAccount, Person, Telegram
from botflight_service.bot.transport import Transport
from running import free_port


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    opened = Transport(read_timeout_s=0.2)
    await opened.initialize()
    yield opened
    await opened.shutdown()


@pytest.fixture
def account(telegram: Telegram) -> BotAccount:
    return telegram.bot()


async def test_text_files_and_downloads_go_both_ways(telegram: Telegram, account: BotAccount, alice: Person) -> None:
    """A message, an upload and a download, each as Telegram takes and gives them."""
    alice.send_text("/start")
    ways = (Transport(), Transport())
    async with serving(application(bot_api(telegram))) as address:
        bot = Bot(
            account.token,
            base_url=f"{address.url}/bot",
            base_file_url=f"{address.url}/file/bot",
            request=ways[0],
            get_updates_request=ways[1],
        )
        await bot.initialize()
        await bot.send_message(alice.user_id, "Привет & <b>welcome</b>", parse_mode="HTML")
        sent = await bot.send_document(alice.user_id, b"\x00\x01\xff" * 1000, filename="bytes.bin")
        file = await bot.get_file(sent.document)
        downloaded = bytes(await file.download_as_bytearray())
        await bot.shutdown()

    assert next(seen.text for seen in alice.screen if seen.from_bot) == "Привет & welcome"
    assert downloaded == b"\x00\x01\xff" * 1000


async def test_an_unreachable_host_is_a_network_error_without_the_token(transport: Transport) -> None:
    """The token is part of the URL: no error repeats it."""
    url = f"http://127.0.0.1:{free_port()}/bot123456:secret-part-of-the-token/getMe"

    with pytest.raises(NetworkError) as caught:
        await transport.do_request(url, "POST")

    told = [str(caught.value), repr(caught.value), str(caught.value.__cause__)]
    assert not [text for text in told if "secret-part" in text]


async def test_an_answer_that_does_not_come_is_a_time_out(transport: Transport) -> None:
    """Nobody waits for ever."""
    over = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/bot1:x/getMe", never)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()

    with pytest.raises(TimedOut):
        await transport.do_request(f"http://127.0.0.1:{port}/bot1:x/getMe", "POST", RequestData())

    over.set()
    await runner.cleanup()


async def test_a_user_and_a_password_in_the_address_are_a_header(transport: Transport) -> None:
    """A Bot API server of one's own may stand behind them: they are not taken for a part of its name."""
    seen: list[str | None] = []

    async def told(request: web.Request) -> web.Response:
        seen.extend([request.headers.get("Host"), request.headers.get("Authorization")])
        return web.json_response({"ok": True, "result": True})

    app = web.Application()
    app.router.add_post("/bot1:x/getMe", told)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()

    await transport.do_request(f"http://user:word@127.0.0.1:{port}/bot1:x/getMe", "POST", RequestData())

    assert seen == [f"127.0.0.1:{port}", "Basic dXNlcjp3b3Jk"]
    await runner.cleanup()


async def test_before_it_is_opened_it_says_so(account: BotAccount) -> None:
    """A call too early is an error that the caller knows how to take, not a crash."""
    with pytest.raises(NetworkError, match="not open"):
        await Transport().do_request(f"http://127.0.0.1:1/bot{account.token}/getMe", "POST")


async def test_proxies_of_the_environment_are_honoured(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy the bot works as other programs do, and loopback goes past it."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    found = [
        transport._proxies.of(url) for url in ("https://api.telegram.org/botX/getMe", "http://127.0.0.1:81/botX/getMe")
    ]

    assert found == ["http://proxy.example:3128", None]
