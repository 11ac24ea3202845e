"""`botflight serve`: the bot behind a webhook."""

from __future__ import annotations

from collections.abc import Sequence

from botflight_service.bots_file import Bots
from botflight_service.commands.page import parser, with_bots

_ABOUT = """\
Serve the bot: announce the webhook to Telegram, take updates on it, answer them, make and deliver
what users buy. Each update is on the disk before Telegram hears "200".

needs (in the environment or in .env; `botflight check` shows what is set):
  TELEGRAM_BOT_TOKEN   from @BotFather
  WEBHOOK_BASE_URL     where Telegram reaches this service: https, port 443, 80, 88 or 8443
  WEBHOOK_SECRET       openssl rand -hex 32

Several bots in one process: BOTS_FILE names a TOML file with a table for each further one.

It listens on HOST:PORT (127.0.0.1:8080). Put a proxy that speaks TLS before it."""

_EPILOG = """\
example:
  WEBHOOK_BASE_URL=https://bot.example.com WEBHOOK_SECRET=$(openssl rand -hex 32) \\
  TELEGRAM_BOT_TOKEN=<token> botflight serve

SIGTERM or Ctrl-C once: no new updates (503), what is under way is finished, then it ends. Twice: at once.

exit codes: 0 ended when asked to; 2 a setting, a busy port or a store that cannot be used: one line says which."""


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    parser("serve", _ABOUT, _EPILOG).parse_args(arguments)
    return with_bots("serve", _run)


def _run(bots: Bots) -> int:
    from botflight_service import app  # noqa: PLC0415 - everything hangs on it; what is wrong is told before

    return app.serve(bots.home, bots.others)
