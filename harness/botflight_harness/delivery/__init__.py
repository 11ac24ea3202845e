"""How updates travel to a bot: in the official server's order, again when they were not taken."""

from botflight_harness.delivery.courier import Courier, Outcome, Post, Undelivered

__all__ = ["Courier", "Outcome", "Post", "Undelivered"]
