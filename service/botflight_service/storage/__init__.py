"""What is durable, and the one way to it."""

from botflight_service.storage.open import open_storage

__all__ = ["open_storage"]
