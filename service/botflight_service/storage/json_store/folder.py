"""The few things that the store does to its folder, so that a test can put a disk in its place that loses power."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class File(Protocol):
    """A file that grows at its end."""

    def write(self, content: bytes) -> None:
        """Append; it may be lost until `sync`."""
        ...

    def sync(self) -> None:
        """Return once what was written survives a power cut."""
        ...

    def cut(self, length: int) -> None:
        """Forget what is beyond this many bytes."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Folder(Protocol):
    """A folder of files. Names that were made, changed or removed may be lost until `sync`. Raises OSError."""

    @property
    def name(self) -> str:
        """What errors call it."""
        ...

    def names(self) -> set[str]:
        """What is in it."""
        ...

    def lines(self, name: str) -> Iterator[bytes]:
        """A file's lines, the last one perhaps without its end."""
        ...

    def create(self, name: str) -> File:
        """A new file; one of that name is emptied."""
        ...

    def append(self, name: str) -> File:
        """A file that is there, to be written at its end."""
        ...

    def rename(self, name: str, to: str) -> None:
        """Give a file another name, in the place of the file that had it."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file."""
        ...

    def sync(self) -> None:
        """Return once the names survive a power cut."""
        ...


class DiskFolder:
    """A folder on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = str(path)

    def names(self) -> set[str]:
        """What is in it."""
        return {path.name for path in self._path.iterdir()}

    def lines(self, name: str) -> Iterator[bytes]:
        """A file's lines."""
        with (self._path / name).open("rb") as file:
            yield from file

    def create(self, name: str) -> File:
        """A new file, for this user alone."""
        return _DiskFile(os.open(self._path / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS, _MODE))

    def append(self, name: str) -> File:
        """A file to be written at its end."""
        return _DiskFile(os.open(self._path / name, os.O_WRONLY | _FLAGS))

    def rename(self, name: str, to: str) -> None:
        """Give a file another name."""
        (self._path / name).replace(self._path / to)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self._path / name).unlink()

    def sync(self) -> None:
        """Make the names durable."""
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, for this user alone, unless it is there. Raises OSError, also where its parent is missing."""
    if not path.is_dir():
        path.mkdir(mode=0o700)
        DiskFolder(path.parent).sync()


_MODE = 0o600
_FLAGS = os.O_APPEND | os.O_CLOEXEC


class _DiskFile:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        _sync(self._descriptor)

    def cut(self, length: int) -> None:
        os.ftruncate(self._descriptor, length)

    def close(self) -> None:
        os.close(self._descriptor)


def _sync(descriptor: int) -> None:
    """Make a file durable."""
    # macOS's fsync alone leaves the data in the drive's cache.
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, full)
            return
    os.fsync(descriptor)
