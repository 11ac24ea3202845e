"""The chat page: people talk with a bot by hand, and a developer sees what happens behind it."""

from botflight_harness.web.page import chat_app, chat_page

__all__ = ["chat_app", "chat_page"]
