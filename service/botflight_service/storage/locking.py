"""One process at a time for what is kept in files; and what to say where there is nothing to lock."""

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


def nothing_there(name: str) -> StorageUnavailable:
    """The error of a store that is only to be looked at, and is not there."""
    return StorageUnavailable(f"{name}: there is no store: `botflight storage migrate` makes one")
