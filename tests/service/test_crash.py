"""kill -9 at the worst moment: what was acknowledged is completed by the next run."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from botflight_harness.server import application, bot_api, serving
from botflight_harness.telegram import BotAccount, Person, Telegram
from running import free_port, serving_process

pytestmark = pytest.mark.process


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    return telegram.bot()


@pytest.fixture
async def telegram_url(telegram: Telegram, bot: BotAccount) -> AsyncIterator[str]:
    """The simulated Telegram over HTTP, which brings nothing by itself: the test posts the updates."""
    async with serving(application(bot_api(telegram))) as address:
        yield address.url


async def test_killed_between_the_200_and_the_handler_the_next_run_completes_the_update(
    telegram: Telegram, telegram_url: str, bot: BotAccount, alice: Person, tmp_path: Path
) -> None:
    """The update was durable before it was acknowledged: nobody is left in silence."""
    update = orjson.dumps(alice.send_text("/start").update.as_json())
    unreachable = f"http://127.0.0.1:{free_port()}"
    async with serving_process(tmp_path, token=bot.token, telegram_url=unreachable) as first:
        await first.told("TELEGRAM_UNREACHABLE")  # the store is open, the handlers are not: updates are kept
        status = await first.post(update)
        await first.kill()
    silent = [seen for seen in alice.screen if seen.from_bot]

    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as second:
        done = await second.told("UPDATE_DONE")
        await alice.sees(button="models", timeout=20)
        code = await second.terminate()

    assert (status, silent) == (200, [])
    assert done["outcome"] == "OK"
    assert any(line["event"] == "UPDATE_REPLAYED" for line in second.lines)
    assert code == 0


async def test_killed_under_load_everybody_who_was_acknowledged_is_answered(
    telegram: Telegram, telegram_url: str, bot: BotAccount, tmp_path: Path
) -> None:
    """Forty people write, the process is killed in the middle: the next run answers whoever had no answer yet."""
    people = [telegram.user(f"Person {number}") for number in range(40)]
    updates = {person: orjson.dumps(person.send_text("/start").update.as_json()) for person in people}
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as first:
        await first.told("READY")
        posts = {person: asyncio.create_task(first.post(update)) for person, update in updates.items()}
        done, _ = await asyncio.wait(posts.values(), return_when=asyncio.FIRST_COMPLETED)
        await first.kill()
        await asyncio.gather(*posts.values(), return_exceptions=True)
    acknowledged = [person for person, post in posts.items() if post.exception() is None and post.result() == 200]

    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as second:
        await second.told("READY")
        await asyncio.gather(*(person.sees(button="models", timeout=20) for person in acknowledged))
        await second.terminate()

    assert done
    assert acknowledged


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_terminated_service_says_that_nothing_is_left_and_ends_with_0(
    telegram_url: str, bot: BotAccount, tmp_path: Path, number: signal.Signals
) -> None:
    """SIGTERM drains, and so does Ctrl-C: the log says so, and no error is in it."""
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as service:
        await service.told("READY")
        ready = await service.get("/readyz")
        code = await service.terminate(number)

    assert ready[0] == 200
    assert code == 0
    stopped = service.lines[-1]
    assert stopped["event"] == "STOPPED"
    assert (stopped["updates_left"], stopped["attempts_left"], stopped["messages_left"]) == (0, 0, 0)
    assert not [line for line in service.lines if line["level"] in {"error", "critical"}]


async def test_terminated_before_telegram_was_reached_what_was_taken_is_kept(
    telegram_url: str, bot: BotAccount, alice: Person, tmp_path: Path
) -> None:
    """The stop says that an update is left, ends with 0, and the next run completes it."""
    update = orjson.dumps(alice.send_text("/start").update.as_json())
    unreachable = f"http://127.0.0.1:{free_port()}"
    async with serving_process(tmp_path, token=bot.token, telegram_url=unreachable) as first:
        await first.told("TELEGRAM_UNREACHABLE")
        await first.post(update)
        code = await first.terminate()

    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url) as second:
        await second.told("UPDATE_DONE")
        await second.terminate()

    assert code == 0
    assert first.lines[-1]["event"] == "STOPPED"
    assert first.lines[-1]["updates_left"] == 1
