"""python-telegram-bot's own webhook (tornado) and transport (httpx), both as they come, doing an echo.

`CONCURRENT_UPDATES`, when set, is how many updates it may work on at once; unset is its default, one.
"""

import os

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters
from tests.bench.peers.environment import WEBHOOK_PATH, Environment


async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Send the text back."""
    message = update.effective_message
    if message is not None and message.text is not None:
        await message.reply_text(message.text)


def main() -> None:
    """Serve until a signal."""
    environment = Environment.read()
    application = (
        Application.builder()
        .token(environment.token)
        .base_url(environment.api_base_url + "/bot")
        .concurrent_updates(int(os.environ.get("CONCURRENT_UPDATES", "1")))
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_webhook(
        listen=environment.host,
        port=environment.port,
        url_path=WEBHOOK_PATH,
        webhook_url=environment.webhook_base_url + WEBHOOK_PATH,
        secret_token=environment.webhook_secret,
    )


if __name__ == "__main__":
    main()
