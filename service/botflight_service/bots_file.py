"""Several bots in one process: a file with a table for each further partner, read with the settings that they share."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from botflight_service.config import Mode, Problem, Settings, SettingsInvalid, given_settings

#: What is a partner's own, by the names that the environment has for it. All else is shared, and stays out of the file.
OWN: Final = (
    "TELEGRAM_BOT_TOKEN",
    "WEBHOOK_SECRET",
    "ADMIN_ID",
    "SUPPORT_CONTACT",
    "DAILY_FREE_LIMIT",
    "TIME_ZONE",
    "PRICES",
)
#: Each bot has queues, caches and connections of its own.
MAX_BOTS: Final = 50
_EXAMPLE: Final = 'For example a table [partner02] with TELEGRAM_BOT_TOKEN = "..." and WEBHOOK_SECRET = "..."'


@dataclass(frozen=True, slots=True, kw_only=True)
class Bots:
    """The settings of every bot of a process."""

    #: The one that the environment names.
    home: Settings
    #: Those of the file, in its order.
    others: tuple[Settings, ...] = ()


def load_bots(environ: Mapping[str, str], *, mode: Mode, env_file: Path | None = Path(".env")) -> Bots:
    """Read the settings of all bots. Raises SettingsInvalid with every mistake of all of them at once, and no value."""
    problems: list[Problem] = []
    home: Settings | None = None
    try:
        home = Settings.load(environ, mode=mode, env_file=env_file)
    except SettingsInvalid as invalid:
        problems += invalid.problems
    given = given_settings(environ, mode=mode, env_file=env_file)
    others: list[Settings] = []
    if "BOTS_FILE" in given and mode == "serve":
        path = Path(given["BOTS_FILE"])
        shared = {name: value for name, value in given.items() if name not in OWN}
        for found in _tables(path):
            if isinstance(found, Problem):
                problems.append(found)
                continue
            try:
                others.append(_loaded(*found, shared, mode=mode))
            except SettingsInvalid as invalid:
                problems += (replace(one, name=f"{path.name} [{found[0]}] {one.name}") for one in invalid.problems)
        problems += _shared_by_two([*([home] if home is not None else []), *others], path)
    if problems or home is None:
        raise SettingsInvalid(tuple(problems), mode)
    return Bots(home=home, others=tuple(others))


def _tables(path: Path) -> Iterator[tuple[str, Mapping[str, str]] | Problem]:
    """The tables of a file, by partner, or what is wrong with it."""
    try:
        read: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as unreadable:
        yield Problem("BOTS_FILE", f"cannot be read ({type(unreadable).__name__}).", _EXAMPLE)
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # Never the parser's own words: they may quote a token.
        yield Problem("BOTS_FILE", "is not TOML.", _EXAMPLE)
        return
    if not read or len(read) > MAX_BOTS:
        yield Problem("BOTS_FILE", f"names no bot, or more than {MAX_BOTS}.", _EXAMPLE)
    for name, table in read.items():
        yield from _table(path, name, table)


def _table(path: Path, name: str, table: object) -> Iterator[tuple[str, Mapping[str, str]] | Problem]:
    where = f"{path.name} [{name}]"
    if not isinstance(table, dict):
        # What stands outside of a table may be a secret: its name is not.
        yield Problem(f"{path.name} {name}", "stands outside of a partner's table.", _EXAMPLE)
        return
    unknown = sorted(table.keys() - set(OWN))
    values = {key: value for key, value in table.items() if key in OWN and isinstance(value, str)}
    for key in unknown:
        yield Problem(f"{where} {key}", "is not a partner's own setting.", f"A partner's own are {', '.join(OWN)}.")
    for key in sorted(table.keys() - values.keys() - set(unknown)):
        yield Problem(f"{where} {key}", "is not text.", "Put it in quotes.")
    if not unknown:
        yield name, values


def _loaded(partner: str, own: Mapping[str, str], shared: Mapping[str, str], *, mode: Mode) -> Settings:
    """The settings of a partner. Raises SettingsInvalid."""
    return Settings.load({**shared, **own, "BOT_INSTANCE_ID": partner}, mode=mode, env_file=None)


def _shared_by_two(bots: Sequence[Settings], path: Path) -> Iterator[Problem]:
    """What two bots have in common and must not: a partner's name, a bot, a secret."""
    kinds = (
        ("BOT_INSTANCE_ID", "each partner has a name of its own", lambda one: one.partner.lower()),
        ("TELEGRAM_BOT_TOKEN", "each partner has a bot of its own", lambda one: one.bot_id),
        ("WEBHOOK_SECRET", "each bot has a secret of its own", _plain),
    )
    for name, rule, value_of in kinds:
        seen: dict[object, str] = {}
        for one in bots:
            value = value_of(one)
            if value and value in seen:
                yield Problem(f"{path.name} [{one.partner}] {name}", f"is that of {seen[value]} too.", f"{rule}.")
            seen.setdefault(value, one.partner)


def _plain(settings: Settings) -> str:
    return settings.webhook_secret.get_secret_value() if settings.webhook_secret is not None else ""


def webhook_path(base: str, partner: str, *, home: bool) -> str:
    """Where a bot's updates come in. The home bot keeps the path that it always had."""
    return base if home else f"{base}/{partner}"
