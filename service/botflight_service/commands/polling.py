"""`botflight polling`: the bot without a webhook."""

from __future__ import annotations

from collections.abc import Sequence

from botflight_service.commands.page import parser, with_settings
from botflight_service.config import Settings

_ABOUT = """\
Run the bot without a webhook: it asks Telegram for updates. Good for a laptop or a machine that
nobody reaches from outside. One process at a time; with a webhook set, Telegram refuses and this
says how to remove it.

needs (in the environment or in .env):
  TELEGRAM_BOT_TOKEN   from @BotFather

Health, metrics and diagnostics are on HOST:PORT (127.0.0.1:8080) as with `serve`."""

_EPILOG = """\
example:
  TELEGRAM_BOT_TOKEN=<token> botflight polling

SIGTERM or Ctrl-C once: what is under way is finished, then it ends. Twice: at once.

exit codes: 0 ended when asked to; 2 a setting, a busy port or a store that cannot be used: one line says which."""


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    parser("polling", _ABOUT, _EPILOG).parse_args(arguments)
    return with_settings("polling", _run)


def _run(settings: Settings) -> int:
    from botflight_service import app  # noqa: PLC0415 - everything hangs on it; what is wrong is told before

    return app.poll(settings)
