"""The settings: read once, at the edge, into frozen values; every mistake is told at once and no secret ever is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Final, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from botflight_service import setting_rules as rules

#: What is about to run. Each asks only for the settings that it needs, and judges only those that it uses.
Mode = Literal["serve", "polling", "check", "preflight", "storage"]

TELEGRAM: Final = "https://api.telegram.org"
KIE_API: Final = "https://api.kie.ai"
#: The File Upload API has a host of its own (docs.kie.ai, "File Upload API Quickstart").
KIE_UPLOADS: Final = "https://kieai.redpandaai.co"
#: Seen in KIE's documents: file.kie.ai, tempfile.redpandaai.co, tempfile.aiquickdraw.com, file.aiquickdraw.com.
KIE_FILE_HOSTS: Final = ("kie.ai", "redpandaai.co", "aiquickdraw.com")
DEFAULT_DATABASE_URL: Final = "sqlite:data/botflight.sqlite"

_EVERY_MODE: Final = frozenset[Mode](get_args(Mode))
_BOT_MODES: Final = frozenset[Mode]({"serve", "polling", "check"})
_STORE_MODES: Final = frozenset[Mode]({"serve", "polling", "check", "preflight"})


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a person is told of a setting, and who asks for it."""

    #: One or two sentences for `.env.example`.
    what: str
    #: What it may look like; also said beside every mistake.
    example: str
    #: Other modes do not read it, so a mistake in it does not stop them.
    used_by: frozenset[Mode] = _BOT_MODES
    #: Modes that cannot do without.
    needed_by: frozenset[Mode] = frozenset()
    #: How to get a value, where that is not plain.
    how: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One setting that is missing or wrong, in words that never hold its value."""

    name: str
    wrong: str
    todo: str

    def __str__(self) -> str:
        return f"{self.name} {self.wrong}\n      {self.todo}"


class SettingsInvalid(Exception):
    """The settings do not let this start. The text lists every mistake and what to set: show it and end with 2."""

    def __init__(self, problems: tuple[Problem, ...], mode: Mode) -> None:
        self.problems = problems
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"{count} missing or wrong for `{mode}`:\n{listed}\n"
            "Set them in the environment or in a file .env in the working directory; .env.example explains each."
        )


class Settings(BaseSettings):
    """All settings, parsed. Secrets are `SecretStr`: neither repr, str nor an error shows them."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    telegram_bot_token: Annotated[
        SecretStr | None,
        rules.secret(rules.telegram_token),
        About(
            what="The token of the bot.",
            how="@BotFather in Telegram gives one: /newbot.",
            example="110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0",
            used_by=_STORE_MODES,
            needed_by=frozenset({"serve", "polling"}),
        ),
    ] = None
    webhook_base_url: Annotated[
        str | None,
        rules.text(rules.web_address),
        About(
            what="Where Telegram reaches this service from outside; the webhook's path is added to it.",
            example="https://bot.example.com",
            needed_by=frozenset({"serve"}),
        ),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        rules.secret(rules.webhook_secret),
        About(
            what="Proves that an update comes from Telegram. 16 to 256 letters, digits, _ or -.",
            how="openssl rand -hex 32 makes one.",
            example="<32 random letters and digits>",
            needed_by=frozenset({"serve"}),
        ),
    ] = None
    bot_instance_id: Annotated[
        str | None,
        rules.text(rules.partner),
        About(
            what="The partner: whose users, money and updates these are in a store that several bots share. "
            "Without one it is bot<id>, from the token. Never change it later.",
            example="partner01",
            used_by=_STORE_MODES,
        ),
    ] = None
    bots_file: Annotated[
        str | None,
        rules.text(rules.file_name),
        About(
            what="A TOML file with a table for each further bot of this process, named by its partner. In it stand the "
            "partner's own TELEGRAM_BOT_TOKEN and WEBHOOK_SECRET, and ADMIN_ID, SUPPORT_CONTACT, DAILY_FREE_LIMIT, "
            "TIME_ZONE and PRICES where they are to be set. Their webhooks are at /webhook/<partner>.",
            example="/etc/botflight/bots.toml",
            used_by=frozenset({"serve", "check"}),
        ),
    ] = None
    admin_ids: Annotated[
        tuple[int, ...],
        rules.numbers(rules.user_ids),
        Field(validation_alias="ADMIN_ID"),
        About(
            what="Telegram user ids of those who may use the admin commands, separated by commas.",
            how="@userinfobot in Telegram tells yours.",
            example="111222333,444555666",
        ),
    ] = ()
    support_contact: Annotated[
        str | None,
        rules.text(rules.contact),
        About(
            what="Whom users write to with questions, about payments too: Telegram asks for somebody. Without one they "
            "are told to ask the administrator.",
            example="@your_support",
        ),
    ] = None
    kie_api_key: Annotated[
        SecretStr | None,
        rules.secret(rules.key),
        About(
            what="The key of kie.ai, which makes the files. Without one, files are drawn here, offline.",
            how="https://kie.ai/api-key gives one.",
            example="<the key>",
        ),
    ] = None
    kie_api_base_url: Annotated[
        str,
        rules.text(rules.safe_address),
        About(what="Where the API of kie.ai is.", example=KIE_API),
    ] = KIE_API
    kie_upload_base_url: Annotated[
        str,
        rules.text(rules.safe_address),
        About(what="Where kie.ai takes the photos of users.", example=KIE_UPLOADS),
    ] = KIE_UPLOADS
    kie_file_hosts: Annotated[
        tuple[str, ...],
        rules.names(rules.domains),
        About(
            what="The domains that finished files are fetched from, by https alone, separated by commas. Extend the "
            "list when kie.ai moves its files: from other hosts nothing is fetched, and nothing is charged.",
            example=",".join(KIE_FILE_HOSTS),
        ),
    ] = KIE_FILE_HOSTS
    prices: Annotated[
        tuple[tuple[str, str], ...],
        rules.names(rules.prices),
        About(
            what="Prices of this partner in credits, in the place of those in the catalogue: <model>=<price>, "
            "separated by commas. A screen that shows an old price is drawn anew before anything is taken.",
            example="text_to_image=4,upscale=2.5",
        ),
    ] = ()
    database_url: Annotated[
        SecretStr,
        rules.secret(rules.database_url),
        About(
            what="The store: sqlite:<file>, postgresql://<user>:<password>@<host>/<database> or json:<folder>.",
            example=DEFAULT_DATABASE_URL,
            used_by=_EVERY_MODE,
        ),
    ] = SecretStr(DEFAULT_DATABASE_URL)
    diag_token: Annotated[
        SecretStr | None,
        rules.secret(rules.diag_token),
        About(
            what="Whoever shows it as a bearer token sees the details of diagnostics. At least 16 characters.",
            how="openssl rand -hex 32 makes one.",
            example="<32 random letters and digits>",
            used_by=_STORE_MODES,
        ),
    ] = None
    host: Annotated[
        str,
        rules.text(rules.host),
        About(what="The address to listen on. In a container: 0.0.0.0.", example="127.0.0.1", used_by=_STORE_MODES),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        rules.number(rules.port),
        About(what="The port to listen on.", example="8080", used_by=_STORE_MODES),
    ] = 8080
    daily_free_limit: Annotated[
        int,
        rules.number(rules.daily_free_limit),
        About(what="How many generations a user has for nothing each day.", example="5", used_by=_STORE_MODES),
    ] = 5
    user_updates_per_minute: Annotated[
        int,
        rules.number(rules.rate),
        About(
            what="How many messages and taps of one user are answered a minute, in the long run; 0 for any number. "
            "Whoever is faster is told when to go on. Payments are never held up.",
            example="60",
        ),
    ] = 60
    user_updates_at_once: Annotated[
        int,
        rules.number(rules.burst),
        About(what="How many messages and taps of one user are answered in a row before that counts.", example="30"),
    ] = 30
    user_generations_at_once: Annotated[
        int,
        rules.number(rules.rate),
        About(what="How many generations of one user may be under way at a time; 0 for any number.", example="5"),
    ] = 5
    time_zone: Annotated[
        str,
        rules.text(rules.time_zone),
        About(
            what="When a day begins, for free generations: a name of the IANA database.",
            example="Europe/Moscow",
            used_by=_STORE_MODES,
        ),
    ] = "UTC"
    log_level: Annotated[
        str,
        rules.text(rules.log_level),
        About(
            what="The least level that is logged: DEBUG, INFO, WARNING or ERROR.", example="INFO", used_by=_EVERY_MODE
        ),
    ] = "INFO"
    telegram_api_base_url: Annotated[
        str,
        rules.text(rules.web_address),
        About(what="Telegram's own address, or that of a local Bot API server.", example=TELEGRAM),
    ] = TELEGRAM

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is handed in and nothing else: `load` alone decides what is read."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @classmethod
    def load(cls, environ: Mapping[str, str], *, mode: Mode, env_file: Path | None = Path(".env")) -> Self:
        """Read the settings that `mode` uses from `environ`, and beneath it from `env_file` where there is one.

        An empty string counts as not set. Raises SettingsInvalid with every mistake at once.
        """
        given = given_settings(environ, mode=mode, env_file=env_file)
        used = {name: given[name] for name, about in described() if name in given and mode in about.used_by}
        problems = [*_missing(used, mode), *_unreachable(used)]
        try:
            settings = cls.model_validate({_field_of(name): value for name, value in used.items()})
        except ValidationError as invalid:
            problems += _wrong(invalid)
        else:
            if not problems:
                return settings
        # One problem a setting: the last one found, which looked at the setting itself.
        by_name = {problem.name: problem for problem in problems}
        raise SettingsInvalid(tuple(by_name[name] for name, _ in described() if name in by_name), mode)

    @property
    def bot_id(self) -> int | None:
        """Telegram's id of the bot, which its token begins with."""
        if self.telegram_bot_token is None:
            return None
        return int(self.telegram_bot_token.get_secret_value().partition(":")[0])

    @property
    def partner(self) -> str:
        """Whose users and money these are. Modes that touch them are not loaded without one."""
        return self.bot_instance_id or (f"bot{self.bot_id}" if self.bot_id is not None else "")

    @property
    def zone(self) -> ZoneInfo:
        """Where a day begins."""
        return ZoneInfo(self.time_zone)

    def secrets(self) -> tuple[str, ...]:
        """Every secret in the clear, for whoever takes them out of logs. A password in a URL is known by its place."""
        values = (getattr(self, name) for name in type(self).model_fields if name != "database_url")
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))

    def missing_for(self, mode: Mode) -> tuple[Problem, ...]:
        """What `mode` would still ask for."""
        return tuple(_missing({name: value for name, value in self.masked().items() if value}, mode))

    def masked(self) -> dict[str, str]:
        """Every setting by its name in the environment, secrets masked, "" for what is not set."""
        return {name: _masked(name, getattr(self, _field_of(name))) for name, _ in described()}


def given_settings(environ: Mapping[str, str], *, mode: Mode, env_file: Path | None) -> dict[str, str]:
    """What is set, by the names of the environment, which wins over the file. Raises SettingsInvalid."""
    return {**_read_env_file(env_file, mode), **{name: value for name, value in environ.items() if value}}


def described() -> tuple[tuple[str, About], ...]:
    """Every setting in order: its name in the environment, and what is to be said of it."""
    return tuple((_name_of(name, field), _about(field)) for name, field in Settings.model_fields.items())


def env_example() -> str:
    """The text of `.env.example`: every setting with what it is, its default or an example."""
    head = "# Settings of botflight. Copy this file to .env and fill in what you need; the environment wins over it.\n"
    return head + "".join(f"\n{entry}" for entry in map(_env_entry, Settings.model_fields.items())) + _OTEL


_COMMENT_WIDTH: Final = 110
_OTEL: Final = """
# Traces leave by the OpenTelemetry SDK's own variables, for instance:
# OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318
"""


def _env_entry(item: tuple[str, FieldInfo]) -> str:
    name, about, default = _name_of(*item), _about(item[1]), _default(item[1])
    said = [about.what, about.how]
    if about.needed_by:
        said.append(f"Needed by {' and '.join(sorted(about.needed_by))}. For example: {about.example}")
    elif default:
        said.append(f"Default: {default}")
    comment = "".join(f"# {line}\n" for sentence in said for line in wrap(sentence, _COMMENT_WIDTH))
    return f"{comment}{name}=\n" if about.needed_by else f"{comment}# {name}={about.example}\n"


def _default(field: FieldInfo) -> str:
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return _shown(value)


def _name_of(name: str, field: FieldInfo) -> str:
    return field.validation_alias if isinstance(field.validation_alias, str) else name.upper()


def _field_of(setting: str) -> str:
    return next(name for name, field in Settings.model_fields.items() if _name_of(name, field) == setting)


def _about(field: FieldInfo) -> About:
    return next(about for about in field.metadata if isinstance(about, About))


def _todo(name: str) -> str:
    about = dict(described())[name]
    return f"For example {name}={about.example}" + (f"\n      {about.how}" if about.how else "")


def _missing(given: Mapping[str, str], mode: Mode) -> Iterator[Problem]:
    for name, about in described():
        if mode in about.needed_by and name not in given:
            yield Problem(name, "is not set.", _todo(name))
    if mode == "preflight" and not {"BOT_INSTANCE_ID", "TELEGRAM_BOT_TOKEN"} & given.keys():
        yield Problem("BOT_INSTANCE_ID", "is not set, nor is a token to take it from.", _todo("BOT_INSTANCE_ID"))


def _unreachable(given: Mapping[str, str]) -> Iterator[Problem]:
    """Telegram's own server calls https on four ports alone; a local Bot API server calls anything."""
    if "WEBHOOK_BASE_URL" in given and given.get("TELEGRAM_API_BASE_URL", TELEGRAM).rstrip("/") == TELEGRAM:
        wrong = rules.unreachable_for_telegram(given["WEBHOOK_BASE_URL"].strip())
        if wrong:
            yield Problem("WEBHOOK_BASE_URL", f"{wrong}.", _todo("WEBHOOK_BASE_URL"))


def _wrong(invalid: ValidationError) -> Iterator[Problem]:
    for error in invalid.errors(include_url=False, include_context=False, include_input=False):
        name = str(error["loc"][0])
        setting = name if name.isupper() else _name_of(name, Settings.model_fields[name])
        yield Problem(setting, f"{error['msg']}.", _todo(setting))


def _read_env_file(path: Path | None, mode: Mode) -> dict[str, str]:
    """What an env file sets, by upper-case names. Raises SettingsInvalid where it cannot be read."""
    if path is None or not path.is_file():
        return {}
    try:
        found = DotEnvSettingsSource(Settings, env_file=path, case_sensitive=True, env_file_encoding="utf-8").env_vars
    except (OSError, UnicodeDecodeError) as unreadable:
        problem = Problem(str(path), f"cannot be read ({type(unreadable).__name__}).", "Mend it, or move it away.")
        raise SettingsInvalid((problem,), mode) from None
    return {name: value for name, value in found.items() if value}


def _masked(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return rules.masked_url(value.get_secret_value()) if name == "DATABASE_URL" else "**********"
    return _shown(value)


def _shown(value: object) -> str:
    """A value as it is written in the environment."""
    if isinstance(value, tuple):
        return ",".join("=".join(one) if isinstance(one, tuple) else str(one) for one in value)
    return "" if value is None else str(value)
