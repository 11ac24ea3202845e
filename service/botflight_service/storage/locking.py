"""One process at a time for what is kept in files."""

from __future__ import annotations

import os
from pathlib import Path

from botflight_service.lock import FileLock, LockHeld
from botflight_service.storage.interface import StorageUnavailable


def acquire(lock: FileLock, name: str) -> None:
    """Take the lock on a store's file or folder. Raises StorageUnavailable, saying who holds it or what to do."""
    directory = Path(name).parent
    try:
        lock.acquire()
    except LockHeld as held:
        raise StorageUnavailable(
            f"{name} is held by {held.holder}: end it first, a file is for one process at a time"
        ) from held
    except FileNotFoundError as error:
        raise StorageUnavailable(f"{name}: the directory {directory} is missing: create it") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno is not None else str(error)
        raise StorageUnavailable(
            f"{name}: {directory} cannot be written ({reason}): give this user the right to, or free some space"
        ) from error
