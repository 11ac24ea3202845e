"""Telegram, simulated so well that a bot cannot tell."""

__version__ = "0.1.0"
