"""Telegram Stars beyond the way of an update: refunds under way, and the comparison with Telegram's own account."""
