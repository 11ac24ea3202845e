"""One holder at a time: a lock on a file, with the holder's process id in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_MODE = 0o600
_MAX_CONTENT_BYTES = 32


class LockHeld(Exception):
    """Somebody else holds the lock."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is held by {holder}")
        #: Who holds it, in words: `process 4711`, or `another process` where it left no id.
        self.holder = holder


class FileLock:
    """An advisory lock (flock) that the kernel lets go of when the process ends, however it ends.

    The file stays behind: removing it would let two processes each hold a lock on a file of that name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise LockHeld at once. Raises OSError where the file cannot be made or written."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = _holder(os.pread(descriptor, _MAX_CONTENT_BYTES, 0))
            os.close(descriptor)
            raise LockHeld(self._path, holder) from None
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock; nothing happens where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _holder(content: bytes) -> str:
    """Name the holder by what it wrote into the file."""
    written = content.strip()
    return f"process {written.decode()}" if written.isdigit() else "another process"
