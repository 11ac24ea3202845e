"""The settings: what is asked for, what is refused, and what is never shown."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from botflight_service.config import (
    DEFAULT_DATABASE_URL,
    Mode,
    Problem,
    Settings,
    SettingsInvalid,
    described,
    env_example,
)

TOKEN = "110201543:ABCdefGHIjklMNOpqrSTUvwxYZ123456789"
SECRET = "s3cret-that-nobody-may-ever-see"
SERVING = {"TELEGRAM_BOT_TOKEN": TOKEN, "WEBHOOK_BASE_URL": "https://bot.example.com", "WEBHOOK_SECRET": SECRET}


def load(mode: Mode = "serve", **environ: str) -> Settings:
    """The settings of `environ`, whatever .env stands in the working directory."""
    return Settings.load(environ, mode=mode, env_file=None)


def refused(mode: Mode = "serve", **environ: str) -> dict[str, Problem]:
    """The problems that loading ends with, by name."""
    with pytest.raises(SettingsInvalid) as caught:
        load(mode, **environ)
    return {problem.name: problem for problem in caught.value.problems}


def test_what_is_given_is_parsed_into_values() -> None:
    """Numbers, ids, levels and secrets come out as what they are."""
    settings = load(**SERVING, PORT="9000", ADMIN_ID="7, 8,7", LOG_LEVEL="debug", TIME_ZONE="Europe/Moscow")

    assert settings.telegram_bot_token.get_secret_value() == TOKEN
    assert (settings.port, settings.admin_ids, settings.log_level) == (9000, (7, 8), "DEBUG")
    assert settings.zone == ZoneInfo("Europe/Moscow")


def test_what_is_not_given_has_a_default() -> None:
    """The store, the port, the free limit and Telegram's address need not be set."""
    settings = load(**SERVING)

    assert settings.database_url.get_secret_value() == DEFAULT_DATABASE_URL
    assert (settings.host, settings.port, settings.daily_free_limit) == ("127.0.0.1", 8080, 5)
    assert settings.telegram_api_base_url == "https://api.telegram.org"


def test_every_mistake_is_told_at_once() -> None:
    """What is missing and what is wrong stand in one error, in the order of the settings."""
    problems = refused(PORT="http", TELEGRAM_BOT_TOKEN=TOKEN, TIME_ZONE="Mars/Phobos")

    assert list(problems) == ["WEBHOOK_BASE_URL", "WEBHOOK_SECRET", "PORT", "TIME_ZONE"]


@pytest.mark.parametrize(
    ("mode", "needed"),
    [
        ("serve", ["TELEGRAM_BOT_TOKEN", "WEBHOOK_BASE_URL", "WEBHOOK_SECRET"]),
        ("polling", ["TELEGRAM_BOT_TOKEN"]),
        ("preflight", ["BOT_INSTANCE_ID"]),
    ],
)
def test_a_mode_asks_for_what_it_needs(mode: Mode, needed: list[str]) -> None:
    """Each way to run lists just its own needs."""
    assert list(refused(mode)) == needed


@pytest.mark.parametrize("mode", ["check", "storage"])
def test_looking_needs_nothing(mode: Mode) -> None:
    """`check` and `storage` start with no setting at all."""
    assert load(mode).daily_free_limit == 5


def test_a_mode_does_not_judge_what_it_does_not_use() -> None:
    """A bad port is no reason not to export a store."""
    assert load("storage", PORT="http", TELEGRAM_BOT_TOKEN="no token").port == 8080


def test_an_empty_string_is_not_set() -> None:
    """`WEBHOOK_SECRET=` in an environment is the same as leaving it out."""
    problems = refused(**SERVING | {"WEBHOOK_SECRET": ""}, PORT="")

    assert list(problems) == ["WEBHOOK_SECRET"]
    assert problems["WEBHOOK_SECRET"].wrong == "is not set."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_BOT_TOKEN", "110201543"),
        ("TELEGRAM_BOT_TOKEN", "110201543:short"),
        ("WEBHOOK_BASE_URL", "bot.example.com"),
        ("WEBHOOK_BASE_URL", "https://user@bot.example.com"),
        ("WEBHOOK_BASE_URL", "https://bot.example.com?a=b"),
        ("WEBHOOK_BASE_URL", "https://bot.example.com:99999"),
        ("WEBHOOK_BASE_URL", "https://["),
        ("WEBHOOK_BASE_URL", "http://bot.example.com"),
        ("WEBHOOK_BASE_URL", "https://bot.example.com:8080"),
        ("WEBHOOK_SECRET", "short"),
        ("WEBHOOK_SECRET", "<32 random letters and digits>"),
        ("WEBHOOK_SECRET", "a" * 257),
        ("BOT_INSTANCE_ID", "two words"),
        ("BOT_INSTANCE_ID", "../up"),
        ("ADMIN_ID", "me"),
        ("ADMIN_ID", "0"),
        ("ADMIN_ID", "-5"),
        ("ADMIN_ID", "9" * 5000),
        ("ADMIN_ID", "1," * 101),
        ("KIE_API_KEY", "two words"),
        ("KIE_API_BASE_URL", "api.kie.ai"),
        ("KIE_API_BASE_URL", "http://api.kie.ai"),
        ("KIE_UPLOAD_BASE_URL", "https://user@kie.ai"),
        ("KIE_FILE_HOSTS", ","),
        ("KIE_FILE_HOSTS", "kie.ai,127.0.0.1"),
        ("KIE_FILE_HOSTS", "com"),
        ("KIE_FILE_HOSTS", "https://kie.ai"),
        ("PRICES", "upscale"),
        ("PRICES", "upscale=free"),
        ("PRICES", "upscale=0.00"),
        ("PRICES", "upscale=2.555"),
        ("PRICES", "upscale=2,upscale=3"),
        ("PRICES", "Upscale!=2"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "sqlite:"),
        ("DATABASE_URL", "postgresql://"),
        ("DATABASE_URL", "postgresql://localhost:port/x"),
        ("DIAG_TOKEN", "short"),
        ("HOST", "http://x"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("USER_UPDATES_PER_MINUTE", "-1"),
        ("USER_UPDATES_PER_MINUTE", "1000001"),
        ("USER_UPDATES_AT_ONCE", "0"),
        ("USER_GENERATIONS_AT_ONCE", "many"),
        ("PORT", "\u0661\u0662"),
        ("DAILY_FREE_LIMIT", "-1"),
        ("DAILY_FREE_LIMIT", "many"),
        ("TIME_ZONE", "Mars/Phobos"),
        ("TIME_ZONE", "Europe"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("LOG_LEVEL", "loud"),
        ("TELEGRAM_API_BASE_URL", "ftp://x"),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, value: str) -> None:
    """A value that cannot work is found at the start, with an example of one that can."""
    problems = refused(**SERVING | {name: value})

    assert list(problems) == [name]
    assert f"{name}=" in problems[name].todo


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8443", "http://localhost:5000", "https://bot.example.com:8443/x/"]
)
def test_a_webhook_may_be_on_this_machine_or_where_telegram_calls(address: str) -> None:
    """Loopback is for trying out; the official server calls https on ports 443, 80, 88 and 8443."""
    assert load(**SERVING | {"WEBHOOK_BASE_URL": address}).webhook_base_url == address.rstrip("/")


def test_a_local_bot_api_server_calls_any_address() -> None:
    """With an address of Telegram's other than the official one, plain http on any port will do."""
    settings = load(
        **SERVING | {"WEBHOOK_BASE_URL": "http://10.0.0.5:9000", "TELEGRAM_API_BASE_URL": "http://10.0.0.9:8081"}
    )

    assert settings.webhook_base_url == "http://10.0.0.5:9000"


def test_no_way_to_print_settings_shows_a_secret() -> None:
    """repr, str, the masked table and a refusal to change leave secrets out."""
    settings = load(**SERVING, KIE_API_KEY=SECRET, DIAG_TOKEN=SECRET, DATABASE_URL=f"postgresql://me:{SECRET}@db/x")

    with pytest.raises(ValidationError) as frozen:
        settings.webhook_secret = None

    shown = f"{settings!r} {settings} {settings.masked()} {settings.model_dump()} {frozen.value}"
    assert SECRET not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize("name", [name for name, _ in described()])
def test_no_error_repeats_what_was_given(name: str) -> None:
    """Whatever setting a secret was pasted into, the error is silent about it."""
    misplaced = f"{SECRET} {TOKEN}"

    with pytest.raises(SettingsInvalid) as caught:
        load(**SERVING | {name: misplaced})

    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_password_alone_is_masked_in_a_database_url() -> None:
    """A person sees which database it is, and neither password nor query."""
    settings = load("storage", DATABASE_URL=f"postgresql://me:{SECRET}@db:5433/shop?password={SECRET}")

    assert settings.masked()["DATABASE_URL"] == "postgresql://me:***@db:5433/shop"


def test_the_partner_is_named_or_taken_from_the_token() -> None:
    """Two bots that share a store are apart even where nobody named them."""
    assert load(**SERVING).partner == "bot110201543"
    assert load(**SERVING, BOT_INSTANCE_ID="partner01").partner == "partner01"


def test_an_env_file_fills_in_what_the_environment_leaves_out(tmp_path: Path) -> None:
    """The environment wins, an empty string in it does not, and strange lines of the file are nobody's business."""
    env_file = tmp_path / ".env"
    env_file.write_text(f'WEBHOOK_SECRET="{SECRET}"\nPORT=9000\nHOST=10.0.0.1\nSOMETHING_ELSE=1\nempty\n')

    settings = Settings.load(
        {**SERVING, "WEBHOOK_SECRET": "", "PORT": "9001", "UNKNOWN": "1"}, mode="serve", env_file=env_file
    )

    assert settings.webhook_secret.get_secret_value() == SECRET
    assert (settings.port, settings.host) == (9001, "10.0.0.1")


def test_the_env_file_of_the_working_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` needs no naming."""
    (tmp_path / ".env").write_text("PORT=9000\n")
    monkeypatch.chdir(tmp_path)

    assert Settings.load({}, mode="check").port == 9000


def test_an_env_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A file that cannot be read is one clear problem."""
    env_file = tmp_path / ".env"
    env_file.write_bytes(b"PORT=\xff\xfe\n")

    with pytest.raises(SettingsInvalid, match="cannot be read"):
        Settings.load({}, mode="check", env_file=env_file)


def test_nothing_but_what_is_handed_in_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's own environment is not looked at behind the caller's back."""
    monkeypatch.setenv("PORT", "9000")

    assert load("check").port == 8080
    assert Settings().port == 8080


def test_what_is_missing_for_another_mode_can_be_asked() -> None:
    """`check` loads with little, and tells what serving would still need."""
    missing = load("check", TELEGRAM_BOT_TOKEN=TOKEN).missing_for("serve")

    assert [problem.name for problem in missing] == ["WEBHOOK_BASE_URL", "WEBHOOK_SECRET"]


def test_the_example_file_is_what_the_settings_say() -> None:
    """`.env.example` is never behind: `botflight check --env-example > .env.example` writes it."""
    kept = Path(__file__).parents[2] / ".env.example"

    assert kept.read_text(encoding="utf-8") == env_example()


def test_the_example_file_sets_nothing_by_itself(tmp_path: Path) -> None:
    """Copied and not filled in, it is the same as no file."""
    env_file = tmp_path / ".env"
    env_file.write_text(env_example())

    assert Settings.load({}, mode="check", env_file=env_file) == Settings()


def test_lists_are_written_with_commas() -> None:
    """Blanks around them do no harm, and what was read is shown as it was written."""
    settings = load("check", PRICES="upscale=2.5, text_to_image = 4", KIE_FILE_HOSTS="Files.KIE.ai, kie.ai")

    assert settings.prices == (("upscale", "2.5"), ("text_to_image", "4"))
    assert settings.kie_file_hosts == ("files.kie.ai", "kie.ai")
    assert settings.masked()["PRICES"] == "upscale=2.5,text_to_image=4"
