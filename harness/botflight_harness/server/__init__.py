"""The simulated Telegram over HTTP, for a bot in any language."""

from botflight_harness.server.api import BotApi, application, bot_api
from botflight_harness.server.listening import Address, ListenError, PortBusyError, StartupFailedError, serving

__all__ = [
    "Address",
    "BotApi",
    "ListenError",
    "PortBusyError",
    "StartupFailedError",
    "application",
    "bot_api",
    "serving",
]
