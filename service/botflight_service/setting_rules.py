"""What a setting may look like: a rule takes the text as given, and returns the value or says what is wrong with it.

No rule repeats the text that it was given: a secret may stand in the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

#: Telegram's rules for `setWebhook` (Bot API 10.3).
WEBHOOK_PORTS: Final = (443, 80, 88, 8443)
_WEBHOOK_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,256}")
_TOKEN: Final = re.compile(r"[0-9]{1,16}:[A-Za-z0-9_-]{30,64}")
_PARTNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: At least two labels, and the last one is no number.
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_MOST_DOMAINS: Final = 32
_MODEL: Final = re.compile(r"[a-z][a-z0-9_]{0,15}")
_PRICE: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
_MOST_PRICES: Final = 30
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
#: Telegram's user ids have at most 52 significant bits.
_LARGEST_USER_ID: Final = 2**52 - 1
#: More would overflow what Python turns into a number at all.
_MOST_DIGITS: Final = 18
_LARGEST_PORT: Final = 65_535
_LARGEST_FREE_LIMIT: Final = 10_000
_LARGEST_RATE: Final = 1_000_000
_SHORTEST_TOKEN: Final = 16
_MOST_ADMINS: Final = 100
_LONGEST_CONTACT: Final = 100
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
_STORES: Final = ("sqlite", "postgresql", "postgres", "json")


_Value = TypeVar("_Value")


class Wrong(ValueError):
    """A setting cannot be what it is. The text goes after the setting's name."""


def secret(rule: Callable[[str], str]) -> BeforeValidator:
    """Apply `rule` to a text that nobody may see."""
    return BeforeValidator(lambda given: SecretStr(_applied(rule, given)) if given is not None else None)


def text(rule: Callable[[str], str]) -> BeforeValidator:
    """Apply `rule` to a text."""
    return BeforeValidator(lambda given: _applied(rule, given) if given is not None else None)


def number(rule: Callable[[str], int]) -> BeforeValidator:
    """Apply `rule` to the digits of a whole number."""
    return BeforeValidator(lambda given: _applied(rule, given))


def numbers(rule: Callable[[str], tuple[int, ...]]) -> BeforeValidator:
    """Apply `rule` to whole numbers separated by commas; a tuple of them will do as well."""
    return BeforeValidator(
        lambda given: _applied(rule, ",".join(map(str, given)) if isinstance(given, tuple) else given)
    )


def names(rule: Callable[[str], tuple[_Value, ...]]) -> BeforeValidator:
    """Apply `rule` to texts separated by commas; a tuple that went through it before stays as it is."""
    return BeforeValidator(lambda given: given if isinstance(given, tuple) else _applied(rule, given))


def telegram_token(given: str) -> str:
    """`<bot id>:<35 characters>`."""
    if not _TOKEN.fullmatch(given):
        raise Wrong("is no token of a bot: digits, a colon, about 35 characters")
    return given


def web_address(given: str) -> str:
    """An address of http or https that paths may be added to."""
    parts = urlsplit(given)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise Wrong("is no web address that begins with https://")
    if parts.username is not None or parts.query or parts.fragment:
        raise Wrong("has a user, a query or a fragment, where only a host and a path may stand")
    _checked_port(given)
    return given.rstrip("/")


def safe_address(given: str) -> str:
    """An address that a key may be sent to: https, or this machine."""
    address = web_address(given)
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise Wrong("is neither https nor on this machine, and the key goes there in every request")
    return address


def webhook_secret(given: str) -> str:
    """What Telegram's `secret_token` may be, and long enough that nobody guesses it."""
    if not _WEBHOOK_SECRET.fullmatch(given):
        raise Wrong("is not 16 to 256 letters, digits, _ or -")
    return given


def partner(given: str) -> str:
    """A short name that is safe in a key, a path and a label."""
    if not _PARTNER.fullmatch(given):
        raise Wrong("is not a name of up to 64 letters, digits, dots, _ or -")
    return given


def user_ids(given: str) -> tuple[int, ...]:
    """Ids of users, without repeats, in order."""
    pieces = [piece.strip() for piece in given.split(",") if piece.strip()]
    found = tuple(dict.fromkeys(int(piece) for piece in pieces if _is_whole(piece)))
    if len(pieces) > _MOST_ADMINS:
        raise Wrong(f"names more than {_MOST_ADMINS} users")
    if not all(map(_is_whole, pieces)) or not all(0 < user_id <= _LARGEST_USER_ID for user_id in found):
        raise Wrong("is not a list of Telegram user ids: whole numbers above 0, separated by commas")
    return found


def file_name(given: str) -> str:
    """A TOML file, by its path."""
    if not given.isprintable() or not given.endswith(".toml"):
        raise Wrong("is no path of a file whose name ends with .toml")
    return given


def contact(given: str) -> str:
    """A name in Telegram, a web address or a mail address, on one line."""
    if not given.isprintable() or " " in given or len(given) > _LONGEST_CONTACT:
        raise Wrong("is no @name, address or mail address")
    return given


def key(given: str) -> str:
    """A key without blanks or line ends, as they slip in when it is copied."""
    if not given.isascii() or not given.isprintable() or " " in given:
        raise Wrong("holds blanks, line ends or letters that no key has")
    return given


def database_url(given: str) -> str:
    """`sqlite:<file>`, `postgresql://...` or `json:<folder>`."""
    scheme, _, rest = given.partition(":")
    if scheme not in _STORES:
        raise Wrong("names no store: it begins with sqlite:, postgresql: or json:")
    if not rest.strip("/"):
        raise Wrong("names a kind of store, but not where it is")
    if scheme in {"postgresql", "postgres"}:
        _checked_port(given)
    return given


def diag_token(given: str) -> str:
    """A key that nobody guesses."""
    if len(given) < _SHORTEST_TOKEN:
        raise Wrong(f"is shorter than {_SHORTEST_TOKEN} characters: too easy to guess")
    return key(given)


def domains(given: str) -> tuple[str, ...]:
    """Names of domains, in lower case; no addresses, which may be anybody's."""
    found = tuple(dict.fromkeys(piece.strip().lower() for piece in given.split(",") if piece.strip()))
    if not 0 < len(found) <= _MOST_DOMAINS or not all(map(_DOMAIN.fullmatch, found)):
        raise Wrong("is not a list of domains like kie.ai, separated by commas")
    return found


def prices(given: str) -> tuple[tuple[str, str], ...]:
    """Prices by model; whether there are such models is the catalogue's to say."""
    pairs = tuple(
        (name.strip(), price.strip())
        for name, _, price in (piece.partition("=") for piece in given.split(",") if piece)
    )
    if len(pairs) > _MOST_PRICES or not all(_MODEL.fullmatch(name) for name, _ in pairs):
        raise Wrong("is not a list of <model>=<price>, separated by commas")
    if wrong := [name for name, price in pairs if not _PRICE.fullmatch(price) or not price.strip("0.")]:
        raise Wrong(f"has what is no price above 0 with at most two decimals for {', '.join(wrong)}")
    if len({name for name, _ in pairs}) < len(pairs):
        raise Wrong("names a model more than once")
    return pairs


def host(given: str) -> str:
    """A name or an address to listen on."""
    if not given.isascii() or not given.isprintable() or set(given) & set(" /?#@"):
        raise Wrong("is no address to listen on, like 127.0.0.1 or 0.0.0.0")
    return given


def port(given: str) -> int:
    """A port of TCP; 0 lets the system choose."""
    if not _is_whole(given) or int(given) > _LARGEST_PORT:
        raise Wrong(f"is not a whole number from 0 to {_LARGEST_PORT}")
    return int(given)


def daily_free_limit(given: str) -> int:
    """How many a day; 0 for none."""
    if not _is_whole(given) or int(given) > _LARGEST_FREE_LIMIT:
        raise Wrong(f"is not a whole number from 0 to {_LARGEST_FREE_LIMIT}")
    return int(given)


def rate(given: str) -> int:
    """How many; 0 for no limit."""
    if not _is_whole(given) or int(given) > _LARGEST_RATE:
        raise Wrong(f"is not a whole number from 0 to {_LARGEST_RATE}")
    return int(given)


def burst(given: str) -> int:
    """How many at once: at least one, or nobody could do anything."""
    if not _is_whole(given) or not 0 < int(given) <= _LARGEST_RATE:
        raise Wrong(f"is not a whole number from 1 to {_LARGEST_RATE}")
    return int(given)


def time_zone(given: str) -> str:
    """A key of the IANA database on this machine."""
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: the key of a folder of the database, like "Europe".
        raise Wrong("is no time zone that this machine knows (the tzdata package brings them all)") from None
    return given


def log_level(given: str) -> str:
    """A level, in whatever case."""
    if given.upper() not in _LEVELS:
        raise Wrong(f"is none of {', '.join(_LEVELS)}")
    return given.upper()


def unreachable_for_telegram(address: str) -> str:
    """Why Telegram's own server would not call `address`; "" where it would, or where the address is this machine."""
    try:
        parts = urlsplit(address)
        port_number = parts.port
    except ValueError:
        return "is no web address that begins with https://"
    if parts.hostname in _LOOPBACK:
        return ""
    if parts.scheme != "https":
        return "does not begin with https://, and Telegram calls nothing else"
    if port_number is not None and port_number not in WEBHOOK_PORTS:
        return f"has a port that Telegram does not call; it calls {', '.join(map(str, WEBHOOK_PORTS))}"
    return ""


def masked_url(url: str) -> str:
    """`url` without its password and its query, where either may hold a secret."""
    scheme, _, rest = url.partition(":")
    if not rest.startswith("//"):
        return url.partition("?")[0]
    parts = urlsplit(url)
    before, at, place = parts.netloc.rpartition("@")
    user = f"{before.partition(':')[0]}:***" if ":" in before else before
    return urlunsplit((scheme, f"{user}{at}{place}", parts.path, "", ""))


def _applied(rule: Callable[[str], _Value], given: object) -> _Value:
    plain = given.get_secret_value() if isinstance(given, SecretStr) else str(given)
    try:
        return rule(plain.strip())
    except Wrong as wrong:
        raise PydanticCustomError("wrong", "{wrong}", {"wrong": str(wrong)}) from None


def _is_whole(given: str) -> bool:
    return given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS


def _checked_port(given: str) -> None:
    try:
        _ = urlsplit(given).port
    except ValueError:
        raise Wrong("has a port that is no number from 0 to 65535") from None
