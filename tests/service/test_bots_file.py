"""The file of further bots: what is read, what is refused, and that no secret is ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from botflight_service.bots_file import MAX_BOTS, Bots, load_bots
from botflight_service.config import SettingsInvalid

TOKENS = [f"11020154{number}:ABCdefGHIjklMNOpqrSTUvwxYZ12345678{number}" for number in range(4)]
SECRETS = [f"s3cret-of-bot-number-{number}" for number in range(4)]
HOME = {
    "TELEGRAM_BOT_TOKEN": TOKENS[0],
    "WEBHOOK_SECRET": SECRETS[0],
    "WEBHOOK_BASE_URL": "https://bot.example.com",
    "BOT_INSTANCE_ID": "partner00",
    "ADMIN_ID": "900",
    "DATABASE_URL": "sqlite:shop.sqlite",
}


def table(number: int, more: str = "") -> str:
    """A sound table of the file."""
    return (
        f'[partner0{number}]\nTELEGRAM_BOT_TOKEN = "{TOKENS[number]}"\nWEBHOOK_SECRET = "{SECRETS[number]}"\n{more}\n'
    )


def load(folder: Path, text: str, **more: str) -> Bots:
    """The bots of a file of this text, beside the home bot."""
    path = folder / "bots.toml"
    path.write_text(text)
    return load_bots({**HOME, "BOTS_FILE": str(path), **more}, mode="serve", env_file=None)


def refused(folder: Path, text: str, **more: str) -> str:
    """What is told of a file; never a token or a secret."""
    with pytest.raises(SettingsInvalid) as caught:
        load(folder, text, **more)
    told = str(caught.value)
    assert not [secret for secret in (*TOKENS, *SECRETS) if secret in told]
    assert caught.value.__cause__ is None
    return told


def test_each_table_is_a_partner_with_what_is_its_own(tmp_path: Path) -> None:
    """The store and the address are shared; administrators, limits and words are not handed down."""
    bots = load(tmp_path, table(1, 'ADMIN_ID = "1, 2"\nDAILY_FREE_LIMIT = "9"') + table(2))

    first, second = bots.others
    assert [one.partner for one in (bots.home, first, second)] == ["partner00", "partner01", "partner02"]
    assert (first.admin_ids, first.daily_free_limit) == ((1, 2), 9)
    assert second.admin_ids == ()
    assert {one.database_url.get_secret_value() for one in (first, second)} == {"sqlite:shop.sqlite"}
    assert second.webhook_base_url == "https://bot.example.com"


def test_without_a_file_there_is_one_bot() -> None:
    """As ever."""
    assert load_bots(HOME, mode="serve", env_file=None).others == ()


def test_every_mistake_of_every_bot_is_told_at_once(tmp_path: Path) -> None:
    """Those of the environment and those of each table, by their places."""
    told = refused(
        tmp_path,
        f'[partner01]\nTELEGRAM_BOT_TOKEN = "{TOKENS[1]}"\n'
        f'[partner02]\nTELEGRAM_BOT_TOKEN = "no token {SECRETS[2]}"\nWEBHOOK_SECRET = "{SECRETS[2]}"\n'
        '[partner03]\nADMIN_ID = "nobody"\nDATABASE_URL = "sqlite:mine"\n',
        PORT="http",
    )

    assert "PORT is not" in told
    assert "bots.toml [partner01] WEBHOOK_SECRET is not set" in told
    assert "bots.toml [partner02] TELEGRAM_BOT_TOKEN is no token" in told
    assert "bots.toml [partner03] DATABASE_URL is not a partner's own setting" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (table(1).replace("partner01", '"not a name"'), "BOT_INSTANCE_ID is not a name"),
        (table(1).replace("partner01", "partner00"), "BOT_INSTANCE_ID is that of partner00 too"),
        (table(1).replace("partner01", "PARTNER00"), "BOT_INSTANCE_ID is that of partner00 too"),
        (table(1).replace(TOKENS[1], TOKENS[0]), "TELEGRAM_BOT_TOKEN is that of partner00 too"),
        (table(1) + table(2).replace(SECRETS[2], SECRETS[1]), "[partner02] WEBHOOK_SECRET is that of partner01 too"),
        (f'TOKEN = "{TOKENS[1]}"\n' + table(1), "bots.toml TOKEN stands outside of a partner's table"),
        (table(1, "DAILY_FREE_LIMIT = 5"), "[partner01] DAILY_FREE_LIMIT is not text"),
        (f'[partner01\nTELEGRAM_BOT_TOKEN = "{TOKENS[1]}"', "BOTS_FILE is not TOML"),
        ("", "BOTS_FILE names no bot"),
        ("".join(f'[many{number}]\nADMIN_ID = "1"\n' for number in range(MAX_BOTS + 1)), "more than"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    """Where it is, and what is to be there."""
    assert told in refused(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A wrong path is no process with one bot."""
    with pytest.raises(SettingsInvalid, match="BOTS_FILE cannot be read"):
        load_bots({**HOME, "BOTS_FILE": str(tmp_path / "none.toml")}, mode="serve", env_file=None)
