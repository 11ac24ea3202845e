"""What the bot sells: the models, their prices, and the inputs that each asks for. Read from catalog.toml."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib.resources import files
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from botflight_service.billing.money import Credits, positive
from botflight_service.generation.attempts import ResultKind

#: A model's key, an input's name and a choice fit into a button's 64 bytes together.
_MAX_NAME = 16


class CatalogInvalid(ValueError):
    """The catalogue does not hold together. The text lists every mistake and where it is: mend catalog.toml."""


Values = TypeVar("Values", bound=tuple[object, ...])

#: Keys and names are parts of callback data and of the keys of texts.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=_MAX_NAME)]
#: The provider's own names: JSON keys.
ProviderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]
#: A choice is the last part of callback data.
Choice = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9:._-]*$", max_length=_MAX_NAME)]


def _price(value: object) -> Credits:
    """Parse a price. TOML's own floats are refused: they are not exact."""
    if isinstance(value, (Credits, Decimal, int, str)):
        return positive(value)
    raise ValueError('a price is text, such as "2.5"')


def _repeated(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value, times in Counter(values).items() if times > 1)


def _unlike(values: Values) -> Values:
    if repeated := _repeated(values):
        raise ValueError(f"there more than once: {repeated}")
    return values


def _unlike_names(inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    _unlike(tuple(asked.name for asked in inputs))
    return inputs


def _unlike_keys(models: tuple[Model, ...]) -> tuple[Model, ...]:
    _unlike(tuple(model.key for model in models))
    return models


@dataclass(frozen=True, slots=True, kw_only=True)
class TextInput:
    """A question that is answered in words."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    name: Name
    type: Literal["text"] = "text"
    #: What the provider calls it; None where that is the same.
    provider_name: ProviderName | None = None
    #: Telegram's messages hold 4096.
    max_characters: Annotated[int, Field(ge=1, le=4096)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoInput:
    """A question that is answered with a photo."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    name: Name
    type: Literal["photo"] = "photo"
    #: What the provider calls it; None where that is the same.
    provider_name: ProviderName | None = None
    #: Whether the provider takes a list of them.
    provider_list: bool = False
    #: Telegram gives bots files of up to 20 MB.
    max_megabytes: Annotated[int, Field(ge=1, le=20)] = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceInput:
    """A question that is answered by a button."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    name: Name
    type: Literal["choice"] = "choice"
    #: What the provider calls it; None where that is the same.
    provider_name: ProviderName | None = None
    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=12), AfterValidator(_unlike)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberInput:
    """A question that is answered with a whole number, typed or tapped."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    name: Name
    type: Literal["number"] = "number"
    #: What the provider calls it; None where that is the same.
    provider_name: ProviderName | None = None
    minimum: int
    maximum: int
    #: Those that have buttons.
    presets: Annotated[tuple[int, ...], Field(max_length=8), AfterValidator(_unlike)] = ()

    def __post_init__(self) -> None:
        """Raise ValueError where the bounds or the presets contradict each other."""
        if self.minimum > self.maximum:
            raise ValueError(f"the minimum {self.minimum} is above the maximum {self.maximum}")
        outside = [str(preset) for preset in self.presets if not self.minimum <= preset <= self.maximum]
        if outside:
            raise ValueError(f"not between {self.minimum} and {self.maximum}: {', '.join(outside)}")


Input = TextInput | PhotoInput | ChoiceInput | NumberInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One thing that can be generated."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key: Name
    #: The provider's own name of it.
    provider_model: Annotated[str, Field(min_length=1, max_length=200)]
    kind: ResultKind
    price: Annotated[Credits, BeforeValidator(_price)]
    #: How long it usually takes.
    expected_seconds: Annotated[int, Field(ge=1, le=900)]
    #: In the order in which they are asked for.
    inputs: Annotated[
        tuple[Annotated[Input, Field(discriminator="type")], ...],
        Field(min_length=1, max_length=8),
        AfterValidator(_unlike_names),
    ]
    #: What the provider is told every time, beside the answers.
    provider_constants: Annotated[Mapping[ProviderName, bool | int | str], Field(max_length=16)] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        """Raise ValueError where two things have the same name with the provider."""
        names = [asked.provider_name or asked.name for asked in self.inputs]
        _unlike((*names, *self.provider_constants))

    def input(self, name: str | None) -> Input | None:
        """The input of that name, if the model has it."""
        return next((asked for asked in self.inputs if asked.name == name), None)

    def missing(self, answers: Mapping[str, str]) -> str | None:
        """The name of the first input without an answer; None once all are there."""
        return next((asked.name for asked in self.inputs if asked.name not in answers), None)

    def before(self, name: str | None) -> str | None:
        """The name of the input that comes before; the last one for None, None for the first one."""
        names = [asked.name for asked in self.inputs]
        if name is None:
            return names[-1]
        place = names.index(name)
        return names[place - 1] if place else None


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models, in the order in which they are offered."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    models: Annotated[tuple[Model, ...], Field(min_length=1, max_length=30), AfterValidator(_unlike_keys)]

    def find(self, key: str) -> Model | None:
        """The model of that key, if it is sold."""
        return next((model for model in self.models if model.key == key), None)

    def priced(self, prices: Mapping[str, str]) -> Catalog:
        """The same models with other prices. Raises CatalogInvalid where one of them is not sold."""
        if unknown := [key for key in prices if self.find(key) is None]:
            sold = ", ".join(model.key for model in self.models)
            raise CatalogInvalid(f"PRICES names what is not sold: {', '.join(unknown)} (sold are {sold})")
        return Catalog(tuple(replace(model, price=_price(prices.get(model.key, model.price))) for model in self.models))


def parse(text: str) -> Catalog:
    """Read a catalogue written as TOML. Raises CatalogInvalid with every mistake at once."""
    try:
        return _CATALOG.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CatalogInvalid(f"the catalogue is not TOML: {error}") from error
    except ValidationError as error:
        mistakes = "\n".join(f"  - {mistake}" for mistake in _mistakes(error))
        raise CatalogInvalid(f"the catalogue does not hold together:\n{mistakes}") from error


def load() -> Catalog:
    """Read the catalogue that comes with the package. Raises CatalogInvalid."""
    return parse(files(__package__).joinpath("catalog.toml").read_text(encoding="utf-8"))


_CATALOG = TypeAdapter(Catalog)


def _mistakes(error: ValidationError) -> Iterator[str]:
    """Each mistake with its place, such as `models.2.inputs.0.choices: ...`, counted from 0."""
    found_all = error.errors(include_url=False, include_input=False)
    for found in found_all:
        if found["type"] == "too_short" and any(_within(other["loc"], found["loc"]) for other in found_all):
            continue  # items that were refused are missing from the count: their own mistakes are told
        place = ".".join(str(step) for step in found["loc"]) or "the file"
        yield f"{place}: {found['msg'].removeprefix('Value error, ')}"


def _within(place: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer
