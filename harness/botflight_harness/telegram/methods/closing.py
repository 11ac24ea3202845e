"""Leaving a Bot API server, as the documentation has it: before the bot is moved to another."""

from botflight_harness.clock import MINUTE_MS, SECOND_MS
from botflight_harness.telegram.errors import NotModelled, bad_request, too_many_requests
from botflight_harness.telegram.methods.request import Request, handler

#: How long a bot has to run before it may be closed, and stays out after it has logged out.
BAR_MS = 10 * MINUTE_MS


def close(request: Request) -> bool:
    """Stop the bot on this server; the next call of another method starts it again."""
    bot = request.bot
    if not bot.launched_ms:
        raise bad_request("the bot has already been closed")
    left_ms = BAR_MS - (request.world.clock.now_ms() - bot.launched_ms)
    if left_ms > 0:
        raise too_many_requests(-(-left_ms // SECOND_MS))
    if bot.webhook is not None:
        raise NotModelled("close with a webhook set: delete it first, as Telegram asks to")
    bot.launched_ms = 0
    return True


def log_out(request: Request) -> bool:
    """Leave this server for another: its webhook and what waits are forgotten, and it takes no calls for a while."""
    bot = request.bot
    bot.updates.clear()
    bot.webhook = None
    bot.launched_ms = 0
    bot.logged_out_until_ms = request.world.clock.now_ms() + BAR_MS
    return True


METHODS = {"close": handler(close), "logOut": handler(log_out)}
