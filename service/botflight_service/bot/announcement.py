"""What Telegram is told of the bot at its start: where updates go, and which commands there are."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Protocol

from telegram import Bot, BotCommand, WebhookInfo

from botflight_service.bot.dispatch import ALLOWED_UPDATES
from botflight_service.bot.texts import Texts

#: Telegram's default; each of them may hold one update.
MAX_CONNECTIONS = 40


#: In Telegram's menu, in this order.
_COMMANDS = ("menu", "generate", "balance", "history", "language", "terms", "support", "paysupport", "help")


class WebhookInUse(Exception):
    """Polling would take updates away from a webhook that is set."""


async def announce_commands(bot: Bot, texts: Texts, *, default: str) -> None:
    """Set the command menu of each language, and for all others that of `default`, where Telegram shows another."""
    menus: list[tuple[str | None, str]] = [(None, default), *((code, code) for code in texts.codes)]
    for language, spoken in menus:
        words = texts.speak(spoken)
        wanted = tuple(BotCommand(name, words.plain(f"command.{name}")) for name in _COMMANDS)
        if tuple(await bot.get_my_commands(language_code=language)) != wanted:
            await bot.set_my_commands(wanted, language_code=language)


@dataclass(frozen=True, slots=True)
class WebhookTerms:
    """How updates are to be sent."""

    url: str
    secret: str

    @property
    def digest(self) -> str:
        """Of all that Telegram is told, keyed by the secret, which Telegram never tells."""
        told = "\n".join((self.url, str(MAX_CONNECTIONS), *ALLOWED_UPDATES))
        return hmac.new(self.secret.encode(), told.encode(), "sha256").hexdigest()

    def are_those_of(self, info: WebhookInfo) -> bool:
        """Whether Telegram's words are these, as far as it tells them."""
        return (
            info.url == self.url
            and info.max_connections == MAX_CONNECTIONS
            and set(info.allowed_updates or ()) == set(ALLOWED_UPDATES)
        )


class Memory(Protocol):
    """Where the digest of the terms is kept over a restart."""

    async def recall(self) -> str:
        """What was remembered last; "" for nothing."""
        ...

    async def remember(self, word: str) -> None:
        """Remember something else."""
        ...


async def announce_webhook(bot: Bot, terms: WebhookTerms, *, memory: Memory) -> bool:
    """Have updates sent on these terms; False where they are already. What waits at Telegram stays: it may be payments.

    The secret is compared by the digest that was remembered when the webhook was last set; the rest by Telegram's word.
    """
    if await memory.recall() == terms.digest and terms.are_those_of(await bot.get_webhook_info()):
        return False
    await bot.set_webhook(
        terms.url, secret_token=terms.secret, max_connections=MAX_CONNECTIONS, allowed_updates=list(ALLOWED_UPDATES)
    )
    await memory.remember(terms.digest)
    return True


async def require_no_webhook(bot: Bot) -> None:
    """Raise WebhookInUse where a webhook is set."""
    if (await bot.get_webhook_info()).url:
        raise WebhookInUse(
            "a webhook is set for this bot, and Telegram gives updates to one of the two only: "
            "stop the service that uses it, or run `serve` instead of `polling`"
        )
