"""What Telegram is told at the start: only what it does not know already, and never to throw away what waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from botflight_harness.telegram import Telegram
from botflight_service.bot.announcement import MAX_CONNECTIONS
from shop import SECRET, open_shop


def sets(telegram: Telegram) -> int:
    """How often the webhook was set so far."""
    return len([call for call in telegram.calls if call.method == "setWebhook"])


async def test_a_second_start_on_the_same_terms_sets_nothing(telegram: Telegram, tmp_path: Path) -> None:
    """The store remembers what was told, Telegram says that it still holds: N replicas do not set it N times."""
    url = f"sqlite://{tmp_path}/store.db"
    async with open_shop(telegram, database_url=url):
        first = sets(telegram)

    async with open_shop(telegram, database_url=url):
        second = sets(telegram)

    assert (first, second) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://elsewhere.example.com/webhook"},
        {"url": "http://127.0.0.1:8080/webhook", "max_connections": MAX_CONNECTIONS + 1},
        {"url": "http://127.0.0.1:8080/webhook", "allowed_updates": ["message"]},
        {"url": ""},
    ],
    ids=["address", "connections", "kinds", "none"],
)
async def test_what_somebody_else_changed_is_set_right(
    telegram: Telegram, tmp_path: Path, change: dict[str, object]
) -> None:
    """Telegram's own word counts: another address, other kinds of updates or none at all are found at the start."""
    url = f"sqlite://{tmp_path}/store.db"
    async with open_shop(telegram, database_url=url) as shop:
        token = shop.service.bot.token
    telegram.call(token, "setWebhook", {"secret_token": SECRET, **change})

    async with open_shop(telegram, database_url=url):
        info = telegram.call(token, "getWebhookInfo", {})

    assert info["url"] == "http://127.0.0.1:8080/webhook"
    assert info["max_connections"] == MAX_CONNECTIONS


async def test_another_secret_is_set(telegram: Telegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram never tells the secret that it has: the digest in the store does."""
    url = f"sqlite://{tmp_path}/store.db"
    async with open_shop(telegram, database_url=url):
        pass
    monkeypatch.setattr("shop.SECRET", "another-secret-that-nobody-guesses")

    async with open_shop(telegram, database_url=url):
        pass

    assert sets(telegram) == 2


async def test_what_waits_at_telegram_is_never_thrown_away(telegram: Telegram) -> None:
    """A payment may be among it."""
    async with open_shop(telegram):
        pass

    calls = [call for call in telegram.calls if call.method in {"setWebhook", "deleteWebhook"}]
    assert calls
    assert not [call for call in calls if call.parameters.get("drop_pending_updates")]
