"""What the commands share: help that a person can work from, settings, and one clear line for what went wrong."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from botflight_service.bots_file import Bots, load_bots
from botflight_service.config import DEFAULT_DATABASE_URL, Mode, Settings, SettingsInvalid

EXIT_OK = 0
EXIT_MENDABLE = 2

_LARGEST_PORT = 65_535


def parser(name: str, about: str, epilog: str) -> argparse.ArgumentParser:
    """A parser whose help keeps the text as it was written."""
    return argparse.ArgumentParser(
        prog=f"botflight {name}",
        description=about,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def with_settings(mode: Mode, run: Callable[[Settings], int]) -> int:
    """Load what `mode` needs and run with it; without, say what to set."""
    try:
        settings = Settings.load(os.environ, mode=mode)
    except SettingsInvalid as invalid:
        return refused(str(invalid))
    problem = _without_folder(settings)
    return refused(problem) if problem else run(settings)


def with_bots(mode: Mode, run: Callable[[Bots], int]) -> int:
    """The same with the settings of every bot of the process."""
    try:
        bots = load_bots(os.environ, mode=mode)
    except SettingsInvalid as invalid:
        return refused(str(invalid))
    problem = _without_folder(bots.home)
    return refused(problem) if problem else run(bots)


def refused(why: str) -> int:
    """Tell a person why it cannot be done; the exit code."""
    sys.stderr.write(f"botflight: {why}\n")
    return EXIT_MENDABLE


def say(line: str = "") -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def port(text: str) -> int:
    """The argument of `--port`."""
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a whole number from 0 to {_LARGEST_PORT}")
    return number


def _without_folder(settings: Settings) -> str:
    """Make the folder of the default store, which nobody named and so nobody made; "" once it is there."""
    if settings.database_url.get_secret_value() != DEFAULT_DATABASE_URL:
        return ""
    folder = Path(DEFAULT_DATABASE_URL.partition(":")[2]).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"cannot make the folder {folder.resolve()} for the store ({error.strerror}): set DATABASE_URL"
    return ""
