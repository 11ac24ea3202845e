"""The state with the files that keep it: read at the start, written before anybody is told."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from botflight_service.storage.batches import Action, Outcome, Raised, Returned
from botflight_service.storage.interface import StorageUnavailable
from botflight_service.storage.json_store import journal, lines, snapshot
from botflight_service.storage.json_store.folder import Folder
from botflight_service.storage.json_store.journal import Journal, Unsure
from botflight_service.storage.json_store.state import State, written
from botflight_service.storage.locking import nothing_there

#: A journal is not made part of the snapshot before it has this size, and that of the snapshot.
COMPACT_BYTES = 16 * 1024 * 1024
_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EACCES: "it cannot be written: give this user the right to",
    errno.EROFS: "it cannot be written: the file system is read-only",
    errno.EIO: "the disk reports an error: look at the system's log",
}


class Book:
    """What one thread owns: the state, its journal, and the folder of both."""

    def __init__(self, folder: Folder, *, compact_bytes: int = COMPACT_BYTES, migrate: bool = True) -> None:
        """Read the folder, which nobody else uses. Raises StorageUnavailable or SchemaTooNew.

        Files of an older version are written anew where `migrate` says so, and read as they are where it does not.
        """
        self.state = State()
        self._folder = folder
        self._compact_bytes = compact_bytes
        self._snapshot_bytes = 0
        self._generation = 1
        self._wrote = False
        self._unsure: Unsure | None = None
        with explained(folder.name):
            self._journal = self._read(begin=migrate)
        self._compact_at_bytes = self._threshold()
        if migrate and self.version < lines.VERSION:
            with explained(folder.name):
                self.compact()

    @property
    def version(self) -> int:
        """Of the format of the files."""
        return self._journal.version

    def run(self, actions: Sequence[Action[Book, Any]]) -> list[Outcome]:
        """Run actions one after the other, and make durable what they changed; a failed one undoes its part alone.

        Raises StorageUnavailable where nothing of any of them was kept.
        """
        if self._unsure is not None:
            raise StorageUnavailable(f"{self._folder.name}: {self._unsure}: start anew") from self._unsure
        if self._journal.size_bytes > self._compact_at_bytes:
            self._try_to_compact()
        self.state.changes.clear()
        entries: list[Sequence[Mapping[str, Any]]] = []
        outcomes = [self._apart(action, entries) for action in actions]
        if entries:
            self._append(entries)
        return outcomes

    def close(self) -> None:
        """Let go of the files."""
        if self._wrote and self._unsure is None:
            # Nothing depends on this line: it lets the next start find damage to the one before.
            with contextlib.suppress(OSError, Unsure):
                self._journal.end()
        self._journal.close()

    def compact(self) -> None:
        """Write all rows into a new snapshot, and begin a new journal. Raises OSError, and then all is as it was."""
        generation = self._generation + 1
        name = _journal_name(generation)
        try:
            size_bytes = snapshot.write(self._folder, self.state, generation=generation)
            successor = journal.create(self._folder, name, generation=generation)
        except OSError:
            snapshot.abandon(self._folder)
            raise
        try:
            snapshot.publish(self._folder)
        except OSError as error:
            successor.close()
            self._unsure = Unsure("the new snapshot may be there, or not")
            raise StorageUnavailable(f"{self._folder.name}: {self._unsure}: start anew") from error
        self._journal.close()
        self._journal, self._generation, self._snapshot_bytes = successor, generation, size_bytes
        self._compact_at_bytes = self._threshold()
        self._tidy()

    def _apart(self, action: Action[Book, Any], entries: list[Sequence[Mapping[str, Any]]]) -> Outcome:
        """Run an action; what it changed becomes an entry, or is undone."""
        changes = self.state.changes
        before = len(changes)
        try:
            outcome = Returned(action(self))
            entry = list(written(changes[before:]))
        except Exception as error:  # noqa: BLE001 - its caller gets it; the others of the batch go on
            self.state.undo(changes[before:])
            del changes[before:]
            return Raised(error)
        if entry:
            entries.append(entry)
        return outcome

    def _append(self, entries: list[Sequence[Mapping[str, Any]]]) -> None:
        """Make entries durable, or undo them all."""
        try:
            self._journal.append(entries)
        except Unsure as unsure:
            self._unsure = unsure
            self.state.undo(self.state.changes)
            raise StorageUnavailable(f"{self._folder.name}: {unsure}: start anew") from unsure
        except OSError as error:
            self.state.undo(self.state.changes)
            raise _explanation(self._folder.name, error) from error
        self._wrote = True

    def _try_to_compact(self) -> None:
        """Compact; where that fails the journal goes on growing, and it is tried again when it has doubled."""
        try:
            self.compact()
        except OSError:
            self._compact_at_bytes = 2 * self._journal.size_bytes

    def _threshold(self) -> int:
        return max(self._compact_bytes, self._snapshot_bytes)

    def _read(self, *, begin: bool) -> Journal:
        """Read the snapshot, if there is one, and do what its journal says; `begin` a store where there is none."""
        names = self._folder.names()
        if snapshot.NAME in names:
            self._generation, self._snapshot_bytes = snapshot.read(self._folder, self.state)
        name = _journal_name(self._generation)
        if name not in names:
            return self._begin(names, begin=begin)
        found = journal.replay(self._folder, name, generation=self._generation, apply=self._apply)
        self._check_order(names)
        self._tidy()
        self._folder.sync()
        return found

    def _check_order(self, names: set[str]) -> None:
        """Raise where a journal was used that goes on from a snapshot newer than the one that is here."""
        for generation in filter(None, map(_generation_of, names)):
            name = _journal_name(generation)
            if generation > self._generation and len(list(islice(self._folder.lines(name), 2))) > 1:
                raise StorageUnavailable(
                    f"{self._folder.name}: {name} goes on from a newer {snapshot.NAME} than the one here: "
                    "put that one back, or import the last export into a new folder"
                )

    def _begin(self, names: set[str], *, begin: bool) -> Journal:
        """Begin a store. Raises StorageUnavailable where there was one, and a part of it is gone."""
        if any(name == snapshot.NAME or _generation_of(name) for name in names):
            raise StorageUnavailable(
                f"{self._folder.name}: {_journal_name(self._generation)} is missing: put it back, "
                "or import the last export into a new folder"
            )
        if not begin:
            raise nothing_there(self._folder.name)
        return journal.create(self._folder, _journal_name(self._generation), generation=self._generation)

    def _apply(self, records: Sequence[Mapping[str, Any]]) -> None:
        for record in records:
            self.state.apply(record)

    def _tidy(self) -> None:
        """Remove what a compaction left behind; what cannot be removed now is tried again at the next start."""
        current = {snapshot.NAME, _journal_name(self._generation)}
        with contextlib.suppress(OSError):
            for name in self._folder.names() - current:
                finished = name.removesuffix(".unfinished")
                if _generation_of(finished) or finished == snapshot.NAME:
                    self._folder.remove(name)


@contextlib.contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn the system's errors about a folder into a StorageUnavailable that says what to do."""
    try:
        yield
    except OSError as error:
        raise _explanation(where, error) from error


def _explanation(where: str, error: OSError) -> StorageUnavailable:
    reason = os.strerror(error.errno) if error.errno is not None else str(error)
    return StorageUnavailable(f"{where}: {_ADVICE.get(error.errno or 0, reason)}")


def _journal_name(generation: int) -> str:
    return f"journal.{generation}.jsonl"


def _generation_of(name: str) -> int:
    """The generation of a journal; 0 for another file."""
    prefix, number, *rest = (*name.split("."), "", "")
    return int(number) if prefix == "journal" and number.isdigit() and rest[0] == "jsonl" and not rest[1] else 0
