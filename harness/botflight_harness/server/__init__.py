"""The simulated Telegram over HTTP, for a bot in any language."""
