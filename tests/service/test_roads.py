"""The real service by both roads that it is run on: one body for the webhook of production and for getUpdates."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from botflight_harness import Person, Road

pytestmark = pytest.mark.process
COMMANDS = {"webhook_url": "serve", "polling": "polling"}


@pytest.mark.roads("webhook_url", "polling")
async def test_a_picture_is_made_on_either_road_and_outlives_a_restart(
    road: Road, alice: Person, tmp_path: Path
) -> None:
    """From /start to the picture; an update that comes again changes nothing, and a new process goes on."""
    environment = {
        "TELEGRAM_BOT_TOKEN": "{token}",
        "TELEGRAM_API_BASE_URL": "{api_url}",
        "WEBHOOK_BASE_URL": "http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": "{secret}",
        "PORT": "{port}",
        "DATABASE_URL": f"sqlite:///{tmp_path}/service.sqlite",
        "DAILY_FREE_LIMIT": "2",
    }
    command = [sys.executable, "-m", "botflight_service", COMMANDS[road.name]]
    async with road(command, environment=environment) as harness:
        await alice.sends("/start")
        await alice.sees(button="models")
        await alice.taps("models")
        await alice.sees(button="model:text_to_image")
        await alice.taps("model:text_to_image")
        await harness.restart()
        await alice.sends("a red fox in the snow")
        await alice.sees(button="answer:text_to_image:shape:1:1")
        await alice.taps("answer:text_to_image:shape:1:1")
        await alice.sees(button="✅ Confirm")
        await alice.taps("✅ Confirm")
        await harness.repeat()

        await alice.sees(kind="photo", timeout=20)

    assert [message.kind for message in alice.screen].count("photo") == 1
