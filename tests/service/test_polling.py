"""`botflight polling`: for development, with a token and no public address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

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
    async with serving(application(bot_api(telegram))) as address:
        yield address.url


async def test_updates_are_fetched_and_answered(
    telegram_url: str, bot: BotAccount, alice: Person, tmp_path: Path
) -> None:
    """Without a webhook the bot asks for updates itself, and ends with 0 when told to."""
    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url, command="polling") as service:
        await service.told("READY")
        alice.send_text("/start")

        await alice.sees(button="models", timeout=20)

        assert await service.terminate() == 0


async def test_beside_a_webhook_it_refuses_to_run_and_says_so(
    telegram: Telegram, telegram_url: str, bot: BotAccount, tmp_path: Path
) -> None:
    """Telegram gives updates to one of the two only: nobody's updates are stolen by a developer's machine."""
    telegram.call(bot.token, "setWebhook", {"url": "https://bot.example.com/webhook"})

    async with serving_process(tmp_path, token=bot.token, telegram_url=telegram_url, command="polling") as service:
        await service.process.communicate()

    assert service.process.returncode == 2
    assert telegram.call(bot.token, "getWebhookInfo", {})["url"] == "https://bot.example.com/webhook"


async def test_a_signal_is_heard_while_telegram_cannot_be_reached(bot: BotAccount, tmp_path: Path) -> None:
    """Ctrl-C ends a start that does not come up."""
    unreachable = f"http://127.0.0.1:{free_port()}"
    async with serving_process(tmp_path, token=bot.token, telegram_url=unreachable, command="polling") as service:
        await service.told("TELEGRAM_UNREACHABLE")

        assert await service.terminate() == 0


async def test_a_token_that_telegram_does_not_know_ends_with_what_to_do(telegram_url: str, tmp_path: Path) -> None:
    """Exit code 2, instead of trying for ever."""
    unknown = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
    async with serving_process(tmp_path, token=unknown, telegram_url=telegram_url, command="polling") as service:
        await service.process.communicate()

    assert service.process.returncode == 2


async def test_on_a_shared_store_one_process_polls_and_the_other_says_so(
    telegram_url: str, bot: BotAccount, alice: Person, postgres_url: str, tmp_path: Path
) -> None:
    """Two pollers would take updates from each other: the second ends with 2, the first goes on."""
    more = {"DATABASE_URL": postgres_url}
    async with serving_process(
        tmp_path, token=bot.token, telegram_url=telegram_url, command="polling", more=more
    ) as one:
        await one.told("READY")
        async with serving_process(
            tmp_path, token=bot.token, telegram_url=telegram_url, command="polling", more=more
        ) as other:
            await other.process.communicate()
        alice.send_text("/start")

        await alice.sees(button="models", timeout=20)

    assert other.process.returncode == 2
