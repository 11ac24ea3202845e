"""Whether a token or a secret stands where it must not."""

import re
from collections.abc import Iterable, Iterator

from botflight_harness.telegram.world import Telegram

#: What a bot's token looks like, whoever's it is.
TOKEN = re.compile(r"\b\d{6,12}:[A-Za-z0-9_-]{34,36}\b")
#: Shorter secrets would be found by chance.
SECRET_CHARACTERS_LEAST = 6


def leaks(telegram: Telegram, sections: Iterable[tuple[str, str]]) -> list[str]:
    """Return where in named texts a token or a webhook's secret of the world stands, blotted out."""
    return list(find_secrets(sections, secrets_of(telegram), anybodys=False))


def secrets_of(telegram: Telegram) -> set[str]:
    """Return the tokens and the webhook secrets of a world."""
    hooks = {bot.webhook.secret_token for bot in telegram.bots.values() if bot.webhook is not None}
    return {secret for secret in {*telegram.bots, *hooks} if len(secret) >= SECRET_CHARACTERS_LEAST}


def blotted(text: str, telegram: Telegram) -> str:
    """Return a text without the secrets of a world, and without what looks like a token."""
    for secret in sorted(secrets_of(telegram), key=len, reverse=True):
        text = text.replace(secret, "<secret>")
    return TOKEN.sub("<token>", text)


def find_secrets(texts: Iterable[tuple[str, str]], secrets: Iterable[str], *, anybodys: bool = True) -> Iterator[str]:
    """Yield where a secret, or when `anybodys` what looks like a token, is in one of the texts, blotted out."""
    known = sorted(secrets, key=len, reverse=True)
    for where, text in texts:
        found = [secret for secret in known if secret in text]
        if not found and not (anybodys and TOKEN.search(text)):
            continue
        for secret in found:
            text = text.replace(secret, "<secret>")  # noqa: PLW2901 -- blotted out step by step
            where = where.replace(secret, "<secret>")  # noqa: PLW2901
        yield f"{TOKEN.sub('<token>', where)}: {TOKEN.sub('<token>', text)[:300]}"
