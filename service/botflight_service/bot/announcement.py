"""What Telegram is told of the bot at its start: where updates go, and which commands there are."""

from __future__ import annotations

from telegram import Bot, BotCommand

from botflight_service.bot.dispatch import ALLOWED_UPDATES
from botflight_service.bot.texts import Texts

#: Telegram's default; each of them may hold one update.
MAX_CONNECTIONS = 40


#: In Telegram's menu, in this order.
_COMMANDS = ("menu", "generate", "balance", "history", "language", "help")


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


async def announce_webhook(bot: Bot, url: str, secret: str) -> None:
    """Have updates sent to `url`. What waits at Telegram stays: payments may be among it.

    Telegram does not tell the secret that it has, so the webhook is set at every start: once more changes nothing.
    """
    await bot.set_webhook(
        url, secret_token=secret, max_connections=MAX_CONNECTIONS, allowed_updates=list(ALLOWED_UPDATES)
    )


async def require_no_webhook(bot: Bot) -> None:
    """Raise WebhookInUse where a webhook is set."""
    if (await bot.get_webhook_info()).url:
        raise WebhookInUse(
            "a webhook is set for this bot, and Telegram gives updates to one of the two only: "
            "stop the service that uses it, or run `serve` instead of `polling`"
        )
