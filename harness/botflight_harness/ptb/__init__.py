"""python-telegram-bot applications on a simulated Telegram. Nothing else of the harness imports `telegram`."""

from botflight_harness.ptb.harness import PTBHarness
from botflight_harness.ptb.program import application_of
from botflight_harness.ptb.transport import TelegramRequest

__all__ = ["PTBHarness", "TelegramRequest", "application_of"]
