"""All that the bot says, by language. What users wrote is escaped on its way into a text, always and here alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape

from botflight_service.billing.money import Credits

_HUNDREDTHS = 100
#: From here on thousands are set apart.
_LONG = 10_000


class Html(str):
    """Text in Telegram's HTML: nothing in it is left to escape."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plural:
    """A text whose form depends on its `count`, by the categories of Unicode's plural rules (CLDR 48)."""

    one: str
    few: str | None = None
    many: str | None = None
    #: Also stands for the categories that a language does not have.
    other: str

    def form(self, category: str) -> str:
        """The form of a category."""
        forms = {"one": self.one, "few": self.few, "many": self.many}
        return forms.get(category) or self.other


Entry = str | Plural
Value = str | int | Credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: its texts and its grammar."""

    code: str
    entries: Mapping[str, Entry]
    #: The plural category of a whole number.
    category: Callable[[int], str]
    decimal_mark: str
    thousands_mark: str

    def html(self, key: str, /, **values: Value) -> Html:
        """A text in HTML; values that are not `Html` are escaped. Raises KeyError for one that is not there."""
        return Html(self._fill(key, values, lambda value: value if isinstance(value, Html) else escape(value)))

    def plain(self, key: str, /, **values: Value) -> str:
        """A text for buttons and toasts, which know no HTML. Raises KeyError for one that is not there."""
        return self._fill(key, values, str)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.entries

    def amount(self, amount: Credits) -> str:
        """An amount with its unit: 1 credit, 2.5 credits."""
        whole, rest = divmod(abs(amount.hundredths), _HUNDREDTHS)
        entry = self.entries["credits"]
        category = "other" if rest else self.category(whole)
        form = entry.form(category) if isinstance(entry, Plural) else entry
        return form.format(count=self.number(amount))

    def number(self, amount: Credits) -> str:
        """An amount without its unit, as the language writes it."""
        sign = "-" if amount.hundredths < 0 else ""
        whole, rest = divmod(abs(amount.hundredths), _HUNDREDTHS)
        digits = f"{whole:,}".replace(",", self.thousands_mark) if whole >= _LONG else str(whole)
        decimals = f"{self.decimal_mark}{rest:02d}".rstrip("0") if rest else ""
        return f"{sign}{digits}{decimals}"

    def moment(self, at_ms: int, zone: tzinfo) -> str:
        """A day and time on the clock of `zone`."""
        at = datetime.fromtimestamp(at_ms / 1000, zone)
        return self.plain("moment", year=at.year, month=at.month, day=at.day, hour=at.hour, minute=at.minute)

    def _fill(self, key: str, values: Mapping[str, Value], text: Callable[[str], str]) -> str:
        entry = self.entries[key]
        count = values.get("count")
        form = entry if isinstance(entry, str) else entry.form(self.category(count) if isinstance(count, int) else "")
        return form.format(**{name: self._read(value, text) for name, value in values.items()})

    def _read(self, value: Value, text: Callable[[str], str]) -> str | int:
        if isinstance(value, Credits):
            return self.amount(value)
        return text(value) if isinstance(value, str) else value


class Texts:
    """Every language that the bot speaks."""

    def __init__(self, languages: Sequence[Language], *, default: str = "en") -> None:
        self._languages = {language.code: language for language in languages}
        self._default = self._languages[default]

    @property
    def languages(self) -> tuple[Language, ...]:
        """All of them, in the order in which they are offered."""
        return tuple(self._languages.values())

    @property
    def codes(self) -> tuple[str, ...]:
        """Their codes, such as `ru`."""
        return tuple(self._languages)

    def speak(self, code: str) -> Language:
        """The language of that code, or the default one."""
        return self._languages.get(code, self._default)
