"""Who makes the files: KIE where there is a key for it, else the provider that draws here."""

from __future__ import annotations

from pathlib import Path

import pytest

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.app import build_default, pick_provider
from botflight_service.config import Mode, Settings

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
SERVING = {
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "WEBHOOK_BASE_URL": "https://bot.example.com",
    "WEBHOOK_SECRET": "a-secret-that-nobody-guesses",
    "DATABASE_URL": "sqlite::memory:",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawings are kept below the working directory."""
    monkeypatch.chdir(tmp_path)


def settings(mode: Mode, **more: str) -> Settings:
    """What a mode needs, and more."""
    return Settings.load({**SERVING, **more}, mode=mode, env_file=None)


@pytest.mark.parametrize("mode", ["serve", "polling"])
async def test_without_a_key_files_are_drawn_here(mode: Mode) -> None:
    """And nobody calls back."""
    provider, callbacks = pick_provider(settings(mode), mode=mode)

    await provider.close()
    assert (provider.name, callbacks) == ("local", None)


@pytest.mark.parametrize(("mode", "url"), [("serve", "https://bot.example.com/provider/kie/token/"), ("polling", None)])
async def test_with_a_key_kie_makes_them(mode: Mode, url: str | None) -> None:
    """It calls back where the service can be reached: in polling mode it cannot."""
    provider, callbacks = pick_provider(settings(mode, KIE_API_KEY="a-key"), mode=mode)

    await provider.close()
    assert provider.name == "kie"
    assert callbacks is not None
    assert (callbacks.url("token") or "").startswith(url or "")
    assert (callbacks.url("token") is None) == (url is None)


@pytest.mark.parametrize(
    ("key", "level", "name", "called"),
    [({}, "warning", "local", False), ({"KIE_API_KEY": "a-key"}, "info", "kie", True)],
)
async def test_the_log_says_who_makes_the_files(key: dict[str, str], level: str, name: str, *, called: bool) -> None:
    """At the start, and as a warning where they are only drawn."""
    telemetry = Telemetry.for_tests()

    build_default(settings("serve", **key), telemetry=telemetry, mode="serve")

    (line,) = telemetry.events("PROVIDER_PICKED")
    assert (line["level"], line["provider"], line["callbacks"]) == (level, name, called)
