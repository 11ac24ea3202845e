"""What users may buy for Telegram Stars, read from packs.toml, and the terms that an invoice carries with it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from botflight_service.billing.money import Credits, positive

#: More would not fit beside the rest of a button's 64 bytes and an invoice's 128.
_MAX_KEY = 16
#: The first field of an invoice's payload: how the others are to be read.
_VERSION: Final = "p1"
_PAYLOAD: Final = re.compile(r"p1:([a-z][a-z0-9_]{0,15}):([0-9]{1,6}):([0-9]{1,15}):([0-9]{1,16})")


class PacksInvalid(ValueError):
    """The packs do not hold together. The text lists every mistake and where it is: mend packs.toml."""


def _amount(value: object) -> Credits:
    """Parse an amount. TOML's own floats are refused: they are not exact."""
    if isinstance(value, (Credits, int, str)) and not isinstance(value, bool):
        return positive(value)
    raise ValueError('an amount is text, such as "2.5"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Credits for Stars."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=_MAX_KEY)]
    #: Telegram's own limit is 100000.
    stars: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    credits: Annotated[Credits, BeforeValidator(_amount)]


def _unlike(packs: tuple[Pack, ...]) -> tuple[Pack, ...]:
    keys = [pack.key for pack in packs]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"there more than once: {', '.join(repeated)}")
    return packs


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """All packs, in the order in which they are offered."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    #: For so long users may have a payment back by themselves; 0 is never.
    refund_days: Annotated[int, Field(ge=0, le=365, strict=True)]
    packs: Annotated[tuple[Pack, ...], Field(min_length=1, max_length=8), AfterValidator(_unlike)]

    def find(self, key: str) -> Pack | None:
        """The pack of that key, if it is sold."""
        return next((pack for pack in self.packs if pack.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an invoice promised, whatever the packs have become since: nobody but us can write its payload."""

    pack: str
    stars: int
    credited: Credits
    #: Whom it was made for.
    user_id: int

    def payload(self) -> str:
        """The payload of the invoice, at most 128 bytes."""
        return f"{_VERSION}:{self.pack}:{self.stars}:{self.credited.hundredths}:{self.user_id}"


def terms_of(pack: Pack, user_id: int) -> Terms:
    """What a pack promises to a user now."""
    return Terms(pack=pack.key, stars=pack.stars, credited=pack.credits, user_id=user_id)


def parse_terms(payload: str) -> Terms | None:
    """Read an invoice's payload; None for what is none of ours."""
    found = _PAYLOAD.fullmatch(payload)
    if found is None:
        return None
    pack, stars, hundredths, user_id = found.groups()
    return Terms(pack=pack, stars=int(stars), credited=Credits(int(hundredths)), user_id=int(user_id))


_PACKS: Final = TypeAdapter(Packs)


def parse(text: str) -> Packs:
    """Read packs written as TOML. Raises PacksInvalid with every mistake at once."""
    try:
        return _PACKS.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PacksInvalid(f"the packs are not TOML: {error}") from error
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False)
        mistakes = "\n".join(f"  - {'.'.join(map(str, error['loc'])) or 'packs'}: {error['msg']}" for error in found)
        raise PacksInvalid(f"the packs do not hold together:\n{mistakes}") from invalid


def load() -> Packs:
    """Read the packs that come with the package. Raises PacksInvalid."""
    return parse(files(__package__).joinpath("packs.toml").read_text(encoding="utf-8"))
