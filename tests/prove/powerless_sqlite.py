"""SQLite's own code on a disk that loses power: a VFS that knows what was synced, below the real store."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import apsw
from tests.prove.power import Platter, Power, PowerCut

from botflight_service.storage.sql import connection as store_connection

Names = dict[str, Platter]

_NUMBERS = count()
#: Pages of the log after which it goes into the database: few, so that cuts fall into that as well.
_CHECKPOINT_PAGES = 20


class PowerlessVfs(apsw.VFS):
    """The files of one folder, as a disk that loses power has them; a running process sees them on the real one."""

    def __init__(self, power: Power, folder: Path) -> None:
        self.power = power
        self._durable: Names = {path.name: Platter(path.read_bytes()) for path in folder.iterdir()}
        self._names: Names = dict(self._durable)
        self.vfs_name = f"powerless-{next(_NUMBERS)}"
        super().__init__(self.vfs_name, "")

    def left(self) -> dict[str, bytes]:
        """What is there after the cut. Names that were not synced are there or not."""
        chance = self.power.chance
        names = self._names if chance.random() < 1 / 2 else self._durable
        return {name: platter.left(chance) for name, platter in names.items()}

    def platter(self, name: str) -> Platter:
        """What the disk has of a file; a new one has no name there until the folder is synced."""
        return self._names.setdefault(Path(name).name, Platter())

    def sync_names(self) -> None:
        """Keep the names: SQLite syncs the folder with the first sync of a new journal or log."""
        self._durable = dict(self._names)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - as SQLite names it
        """Open a file."""
        self.power.check()
        file_name = name.filename() if isinstance(name, apsw.URIFilename) else name
        if file_name is None:
            return super().xOpen(name, flags)
        return PowerlessFile(self, str(file_name), name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - as SQLite names and calls it
        """Delete a file."""
        self.power.use()
        super().xDelete(filename, syncdir)
        self._names.pop(Path(filename).name, None)
        if syncdir:
            self.sync_names()


class PowerlessFile(apsw.VFSFile):
    """A file that loses what was not synced."""

    def __init__(self, vfs: PowerlessVfs, file_name: str, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._vfs = vfs
        self._platter = vfs.platter(file_name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - as SQLite names it
        """Write; the power may go before it is in the cache."""
        self._vfs.power.check()
        self._platter.write(offset, bytes(data))
        self._vfs.power.use()
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - as SQLite names it
        """Cut the file to a length."""
        self._vfs.power.check()
        self._platter.cut(newsize)
        self._vfs.power.use()
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002 - as SQLite names and calls it
        """Keep what was written. The real disk is spared: what is on it is thrown away."""
        self._vfs.power.use()
        self._platter.sync()
        self._vfs.sync_names()


class _Cursor:
    """What the store uses of a cursor of the standard library."""

    def __init__(self, rows: Iterable[Any], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class _Connection:
    """What the store uses of a connection of the standard library, over one of apsw's."""

    def __init__(self, file: str, vfs: str) -> None:
        with _translated():
            self._connection = apsw.Connection(file, vfs=vfs)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Cursor:
        with _translated():
            rows = self._connection.execute(statement, values).fetchall()
            return _Cursor(rows, self._connection.changes())

    def executescript(self, script: str) -> None:
        self.execute(script)

    def set_progress_handler(self, handler: Callable[[], bool], steps: int) -> None:
        self._connection.set_progress_handler(handler, steps)

    def close(self) -> None:
        # After a cut nothing can be said any more, not even farewell.
        with contextlib.suppress(apsw.Error, PowerCut):
            self._connection.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Raise what the standard library raises."""
    try:
        yield
    except PowerCut as error:
        raise sqlite3.OperationalError(str(error)) from error
    except apsw.ConstraintError as error:
        raise sqlite3.IntegrityError(str(error)) from error
    except apsw.Error as error:
        raise sqlite3.OperationalError(str(error)) from error


@contextlib.contextmanager
def powerless(vfs: PowerlessVfs, *, synchronous: str = "FULL") -> Iterator[None]:
    """Let stores that are opened meanwhile live on that disk."""

    def connect(file: str, **_: Any) -> _Connection:
        return _Connection(file, vfs.vfs_name)

    durable = store_connection._DURABLE.replace("synchronous = FULL", f"synchronous = {synchronous}")
    with (
        mock.patch.object(store_connection.sqlite3, "connect", connect),
        mock.patch.object(store_connection, "_DURABLE", f"{durable} PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES};"),
    ):
        yield
