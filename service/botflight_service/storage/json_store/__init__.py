"""The readable store: plain dictionaries, kept by a journal of JSON Lines. The others are compared with it."""

from botflight_service.storage.json_store.store import JsonStorage

__all__ = ["JsonStorage"]
