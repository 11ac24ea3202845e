"""The words for what happens to an attempt once it was confirmed."""

from __future__ import annotations

from botflight_service.bot import keyboards, phrases
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.generation.attempts import Artifact, Attempt, Funding
from botflight_service.generation.catalog import Catalog
from botflight_service.message import Screen

#: Where the catalogue no longer says how long a model takes.
_EXPECTED_SECONDS = 30
_BAR_CELLS = 10
#: Telegram takes 1024 characters under a file; name, labels and the last line need the rest.
_CAPTION_CHARACTERS = 600


class Narrator:
    """Draws the screens of an attempt, in its user's language."""

    def __init__(self, *, texts: Texts, catalog: Catalog) -> None:
        self._texts = texts
        self._catalog = catalog

    def queued(self, attempt: Attempt) -> Screen:
        """It is confirmed and waits for its turn."""
        return self._progress(attempt, "progress.queued")

    def generating(self, attempt: Attempt, *, elapsed_ms: int) -> Screen:
        """It is being made."""
        model = self._catalog.find(attempt.model)
        expected = model.expected_seconds if model else _EXPECTED_SECONDS
        elapsed = max(0, elapsed_ms) // 1000
        key = "progress.generating" if elapsed <= expected else "progress.slow"
        return self._progress(attempt, key, bar=_bar(elapsed, expected), elapsed=elapsed, expected=expected)

    def done(self, attempt: Attempt, *, elapsed_ms: int) -> Screen:
        """It is made; the file follows in a message of its own, with the buttons."""
        language = self._texts.speak(attempt.language)
        text = language.html(
            "progress.done", name=phrases.name_of(language, attempt.model), elapsed=max(1, elapsed_ms // 1000)
        )
        return Screen(text=text)

    def result(self, attempt: Attempt, artifact: Artifact) -> Screen:
        """The file, with what it cost."""
        language = self._texts.speak(attempt.language)
        key = "result.free" if attempt.funding is Funding.FREE else "result.price"
        return self._file(attempt, artifact, language.html(key, price=attempt.price))

    def late(self, attempt: Attempt, artifact: Artifact) -> Screen:
        """The file, after the money went back: it is a present."""
        return self._file(attempt, artifact, self._texts.speak(attempt.language).html("result.late"))

    def failed(self, attempt: Attempt, code: str) -> Screen:
        """It could not be made, and what happened to the money. Codes without words of their own share some."""
        language = self._texts.speak(attempt.language)
        key = f"failure.{code}"
        reason = language.html(key if language.has(key) else "failure.other")
        return self._ended(attempt, "failed", reason=reason)

    def checking(self, attempt: Attempt) -> Screen:
        """The provider's answer was lost; it may still come."""
        language = self._texts.speak(attempt.language)
        return self._progress(attempt, "progress.checking", money=_money(language, attempt, "progress.checking"))

    def given_up(self, attempt: Attempt) -> Screen:
        """No sign came in time, and what happened to the money."""
        return self._ended(attempt, "given_up")

    def apology(self, code: str) -> Screen:
        """The bot itself failed on an update of a user who speaks the language of this code."""
        language = self._texts.speak(code)
        return Screen(text=language.html("apology"), keyboard=keyboards.to_main_menu(language), in_place=False)

    def _progress(self, attempt: Attempt, key: str, **values: str | int) -> Screen:
        language = self._texts.speak(attempt.language)
        text = language.html(key, name=phrases.name_of(language, attempt.model), **values)
        return Screen(text=text, keyboard=keyboards.to_new_menu(language))

    def _ended(self, attempt: Attempt, key: str, **values: str) -> Screen:
        language = self._texts.speak(attempt.language)
        name = phrases.name_of(language, attempt.model)
        text = language.html(key, name=name, money=_money(language, attempt, "money"), **values)
        return Screen(text=text, keyboard=keyboards.result(language, attempt))

    def _file(self, attempt: Attempt, artifact: Artifact, paid: Html) -> Screen:
        language = self._texts.speak(attempt.language)
        model = self._catalog.find(attempt.model)
        text = language.html(
            "result",
            name=phrases.name_of(language, attempt.model),
            answers=phrases.answers(language, model, attempt.inputs, max_characters=_CAPTION_CHARACTERS),
            paid=paid,
        )
        return Screen(text=text, keyboard=keyboards.result(language, attempt), artifact=artifact, in_place=False)


def _money(language: Language, attempt: Attempt, key: str) -> Html:
    funding = "free" if attempt.funding is Funding.FREE else "price"
    return language.html(f"{key}.{funding}", price=attempt.price)


def _bar(elapsed: int, expected: int) -> str:
    """How far it should be; the last cell is kept for the end."""
    filled = min(_BAR_CELLS - 1, elapsed * _BAR_CELLS // expected)
    return "▓" * filled + "░" * (_BAR_CELLS - filled)
