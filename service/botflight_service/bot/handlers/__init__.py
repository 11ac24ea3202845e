"""What the bot can do: each feature turns a visit into a reply, and nothing has happened by then."""

from botflight_service.bot.handlers.router import Features, Reads

__all__ = ["Features", "Reads"]
