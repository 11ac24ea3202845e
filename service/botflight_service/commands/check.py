"""`botflight check`: what is set, what is missing, and whether the store opens."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from typing import Literal

from botflight_service.bots_file import load_bots
from botflight_service.commands import page
from botflight_service.config import Settings, SettingsInvalid, env_example
from botflight_service.generation.catalog import CatalogInvalid, load
from botflight_service.storage.interface import StorageError
from botflight_service.storage.open import open_storage

_ABOUT = """\
Show every setting (secrets masked), open the store (it is made or migrated where that is due), and
tell what `botflight serve` and `botflight polling` still need. Telegram is not called."""

_EPILOG = """\
examples:
  botflight check
  botflight check --for serve && systemctl restart botflight
  botflight check --env-example > .env

exit codes: 0 the store opens, and one of the two (or that of --for) could start; 2 otherwise."""

BotMode = Literal["serve", "polling"]
_BOT_MODES: tuple[BotMode, ...] = ("serve", "polling")


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    options = _parser().parse_args(arguments)
    if options.env_example:
        page.say(env_example().rstrip("\n"))
        return page.EXIT_OK
    modes: tuple[BotMode, ...] = (options.mode,) if options.mode else _BOT_MODES
    return page.with_settings("check", lambda settings: _check(settings, modes))


def _parser() -> argparse.ArgumentParser:
    parser = page.parser("check", _ABOUT, _EPILOG)
    parser.add_argument("--for", dest="mode", choices=_BOT_MODES, help="what is to start (either will do)")
    parser.add_argument("--env-example", action="store_true", help="print a .env to fill in, and end")
    return parser


def _check(settings: Settings, modes: Sequence[BotMode]) -> int:
    _show_settings(settings)
    page.say()
    opened = asyncio.run(_opened(settings))
    sold = _show_sold(settings)
    _show_provider(settings)
    named = _show_bots(settings)
    ready = [_show_missing(settings, mode) for mode in modes]
    return page.EXIT_OK if opened and sold and named and any(ready) else page.EXIT_MENDABLE


def _show_settings(settings: Settings) -> None:
    masked = settings.masked()
    width = max(map(len, masked))
    for name, value in masked.items():
        page.say(f"{name:{width}}  {value or '(not set)'}")


async def _opened(settings: Settings) -> bool:
    """Open the store and say how that went."""
    try:
        storage = open_storage(settings.database_url.get_secret_value(), clock=lambda: time.time_ns() // 1_000_000)
        began_ns = time.perf_counter_ns()
        await storage.open()
        await storage.close()
    except StorageError as error:
        page.say(f"store: {error}")
        return False
    page.say(f"store: opens, in {(time.perf_counter_ns() - began_ns) // 1_000_000} ms")
    return True


def _show_sold(settings: Settings) -> bool:
    """Say what is sold, and for how much."""
    try:
        sold = load().priced(dict(settings.prices))
    except CatalogInvalid as invalid:
        page.say(f"catalogue: {invalid}")
        return False
    page.say("catalogue: " + ", ".join(f"{model.key} {model.price}" for model in sold.models))
    return True


def _show_bots(settings: Settings) -> bool:
    """Say which bots there are beside the one of the environment."""
    if settings.bots_file is None:
        return True
    try:
        others = load_bots(os.environ, mode="serve").others
    except SettingsInvalid as invalid:
        page.say(f"bots: {invalid}")
        return False
    page.say("bots: " + ", ".join((settings.partner, *(one.partner for one in others))))
    return True


def _show_provider(settings: Settings) -> None:
    """Say who makes the files."""
    if settings.kie_api_key is None:
        page.say("provider: local. KIE_API_KEY is not set: files are drawn on this machine, and no model is asked")
    else:
        called = f", which calls back at {settings.webhook_base_url}" if settings.webhook_base_url else ""
        page.say(f"provider: kie at {settings.kie_api_base_url}{called}")


def _show_missing(settings: Settings, mode: BotMode) -> bool:
    missing = settings.missing_for(mode)
    page.say(f"{mode}: {'ready' if not missing else 'cannot start yet'}")
    for problem in missing:
        page.say(f"  - {problem}")
    return not missing
