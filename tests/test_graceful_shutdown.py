"""How the service ends: by a signal or by whoever cancels it, under load, and when there is no loop any more."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from botflight_diagnostics.telemetry import Telemetry
from botflight_harness.kie import FakeKie, kie_app
from botflight_harness.ptb import TelegramRequest
from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import BotAccount, Person, Telegram
from botflight_service import app, lifecycle
from botflight_service.__main__ import EXIT_INTERRUPTED
from botflight_service.config import Settings
from botflight_service.process import entrypoint
from botflight_service.provider.local import LocalProvider
from botflight_service.storage import open_storage
from kie_shop import buys, kie_settings
from running import SECRET, ServiceProcess, free_port, serving_process
from shop import GALLERY, Shop

#: What an orchestrator gives a container by default, less the time that it takes to start one.
ENDS_WITHIN_S = 25.0


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    return telegram.bot()


@pytest.fixture
async def telegram_url(telegram: Telegram, bot: BotAccount) -> AsyncIterator[str]:
    """The simulated Telegram over HTTP, which brings nothing by itself: the test posts the updates."""
    async with serving(application(bot_api(telegram))) as address:
        yield address.url


def settings_of(folder: Path, token: str, telegram_url: str) -> Settings:
    """What a service on a file of its own needs."""
    port = free_port()
    given = {
        "TELEGRAM_BOT_TOKEN": token,
        "TELEGRAM_API_BASE_URL": telegram_url,
        "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": SECRET,
        "DATABASE_URL": f"sqlite:///{folder}/service.sqlite",
        "PORT": str(port),
    }
    return Settings.load(given, mode="serve", env_file=None)


async def test_entrypoint_main_cancelled_is_graceful(
    telegram_url: str,
    bot: BotAccount,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Whoever cancels the entry point gets what a signal gets: drained, closed, the lock given back, exit code 0."""
    monkeypatch.chdir(tmp_path)
    settings = settings_of(tmp_path, bot.token, telegram_url)
    main = asyncio.create_task(entrypoint(lambda stop: app._serve(settings, stop)))
    said = b""
    async with asyncio.timeout(20):
        while b'"READY"' not in said:
            await asyncio.sleep(0.05)
            said += capfdbinary.readouterr().out

    main.cancel()
    code = await main

    captured = capfdbinary.readouterr()
    lines = [orjson.loads(line) for line in (said + captured.out).splitlines()]
    assert code == 0
    assert [line["event"] for line in lines if line["event"] in {"DRAINING", "STOPPED"}] == ["DRAINING", "STOPPED"]
    assert not [line for line in lines if line["level"] in {"error", "critical"}]
    assert b"NameError" not in captured.err + captured.out
    assert b"Fatal error in entrypoint" not in captured.err + captured.out
    await given_back(settings)


async def test_a_cancelled_drain_closes_all_the_same(shop: Shop) -> None:
    """Asked a second time it waits for nothing more; the store is closed and its lock given back nevertheless."""
    never = asyncio.Event()

    async def hangs(**_: object) -> int:
        await never.wait()
        return 0

    shop.service.service._parts.worker.stop = hangs  # type: ignore[method-assign]  # an update that does not end
    stopping = asyncio.create_task(shop.service.service.stop())
    await asyncio.sleep(0)

    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)

    assert shop.telemetry.events("STOPPED")
    with pytest.raises(Exception, match="closed"):
        await shop.storage.has_user("anybody", 1)


async def test_a_part_that_fails_to_close_keeps_nothing_else_open(shop: Shop) -> None:
    """The store is closed last, whatever went wrong before; what went wrong is told."""

    async def fails() -> None:
        raise OSError("the connection is gone")

    shop.service.service._parts.provider.close = fails  # type: ignore[method-assign]

    await shop.service.service.stop()

    assert [line["part"] for line in shop.telemetry.events("CLEANUP_FAILED")] == ["provider"]
    with pytest.raises(Exception, match="closed"):
        await shop.storage.has_user("anybody", 1)


async def test_a_part_that_never_closes_is_left_in_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is silent holds up neither the stop nor what is closed after it."""
    monkeypatch.setattr(lifecycle, "CLOSE_S", 0.1)

    async def hangs() -> None:
        await asyncio.Event().wait()

    shop.service.service._parts.provider.close = hangs  # type: ignore[method-assign]

    async with asyncio.timeout(10):
        await shop.service.service.stop()

    (line,) = shop.telemetry.events("CLEANUP_FAILED")
    assert (line["part"], line["error.type"]) == ("provider", "TimeoutError")
    with pytest.raises(Exception, match="closed"):
        await shop.storage.has_user("anybody", 1)


def test_a_loop_that_is_closed_already_skips_cleanup_and_says_so(telegram: Telegram, bot: BotAccount) -> None:
    """A host that threw its loop away: one INFO line for each part, the lock's among them, and no error."""
    telemetry = Telemetry.for_tests()
    settings = settings_of(Path("unused"), bot.token, "http://127.0.0.1:1")
    built = app.build(
        settings,
        telemetry=telemetry,
        storage=open_storage("sqlite::memory:", clock=app.system_clock_ms),
        provider=LocalProvider(clock_ms=app.system_clock_ms, pace=0, make=GALLERY),
        requests=(TelegramRequest(telegram), TelegramRequest(telegram)),
    )
    loop = asyncio.new_event_loop()
    loop.run_until_complete(built.service.start())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
    loop.close()

    asyncio.run(built.service.stop())

    skipped = telemetry.events("CLEANUP_SKIPPED")
    released = telemetry.events("lock_release_failed")
    assert {line["reason"] for line in skipped} == {"loop_closed"}
    assert [(line["level"], line["reason"]) for line in released] == [("info", "loop_closed")]
    assert not [line for line in telemetry.events() if line["level"] in {"error", "critical"}]


@pytest.mark.process
async def test_terminated_under_load_nothing_is_lost_and_it_ends_in_time(
    telegram: Telegram, telegram_url: str, bot: BotAccount, tmp_path: Path
) -> None:
    """Sixty people write while SIGTERM comes: who was acknowledged is answered, who was not is told to come again."""
    people = [telegram.user(f"Person {number}") for number in range(60)]
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as service:
        await service.told("READY")
        some = asyncio.Event()
        writing = asyncio.create_task(written(service, people, some))
        await some.wait()
        began = asyncio.get_running_loop().time()
        code = await service.terminate()
        took_s = asyncio.get_running_loop().time() - began
        statuses = await writing

    (stopped,) = (line for line in service.lines if line["event"] == "STOPPED")
    acknowledged = [person for person, status in statuses.items() if status == 200]
    assert code == 0
    assert (stopped["updates_left"], stopped["messages_left"]) == (0, 0)
    assert acknowledged
    for person in acknowledged:
        assert person.last.from_bot, f"{person.first_name} was acknowledged and not answered"
    # 503 while it drains, None once nobody listens any more: Telegram keeps those and comes again.
    assert set(statuses.values()) <= {200, 503, None}
    assert took_s < ENDS_WITHIN_S
    assert not [line for line in service.lines if line["level"] in {"error", "critical"}]


@pytest.mark.process
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, EXIT_INTERRUPTED)])
async def test_asked_a_second_time_it_ends_at_once(
    telegram: Telegram, telegram_url: str, bot: BotAccount, alice: Person, tmp_path: Path, number: int, code: int
) -> None:
    """Somebody at a terminal does not want to wait for an order that KIE does not answer."""
    kie = FakeKie()
    async with serving(kie_app(kie)) as kie_address:
        kie.files_url = f"{kie_address.url}/files"
        kie.loses_answer(taken=True, how="timeout")
        more = kie_settings(kie)
        async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url, more=more) as service:
            await service.told("READY")
            await buys(alice)
            while not kie.creates:
                await service.told("ATTEMPT_MOVED")
            service.process.send_signal(number)
            await service.told("DRAINING")
            service.process.send_signal(number)
            async with asyncio.timeout(lifecycle.DRAIN_ATTEMPTS_S - 2):
                ended = await service.process.wait()
        await kie.close()

    assert ended == code


async def written(service: ServiceProcess, people: list[Person], some: asyncio.Event) -> dict[Person, int | None]:
    """Let people write one shortly after the other; the status that Telegram got for each, `some` after the first."""

    async def one(person: Person) -> int | None:
        try:
            return await service.post(orjson.dumps(person.send_text("/start").update.as_json()))
        except OSError:
            return None
        finally:
            some.set()

    posts = {}
    for person in people:
        posts[person] = asyncio.create_task(one(person))
        await asyncio.sleep(0.005)
    await asyncio.gather(*posts.values())
    return {person: post.result() for person, post in posts.items()}


async def given_back(settings: Settings) -> None:
    """Raise unless the store can be opened: its lock is held by nobody."""
    storage = open_storage(settings.database_url.get_secret_value(), clock=app.system_clock_ms)
    await storage.open()
    await storage.close()
