"""What the bot says, in every language that it speaks."""

from botflight_service.bot.texts.catalog import Html, Language, Plural, Texts
from botflight_service.bot.texts.en import ENGLISH
from botflight_service.bot.texts.ru import RUSSIAN

__all__ = ["ENGLISH", "RUSSIAN", "Html", "Language", "Plural", "Texts", "load"]


def load() -> Texts:
    """All texts of the bot."""
    return Texts((RUSSIAN, ENGLISH))
