"""The journal: a line for each thing that was done, durable before anybody is told that it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botflight_service.storage.interface import SchemaTooNew, StorageUnavailable
from botflight_service.storage.json_store import lines
from botflight_service.storage.json_store.folder import File, Folder

#: Does what one line says. Raises ValueError where it cannot.
Apply = Callable[[Sequence[Mapping[str, Any]]], None]


class Journal:
    """A journal that grows. Each line has a number, and the number of the last line that was durable before it."""

    def __init__(self, file: File, *, size_bytes: int, number: int, version: int = lines.VERSION) -> None:
        self._file = file
        self._number = number
        self.size_bytes = size_bytes
        #: Of its format.
        self.version = version

    def append(self, entries: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        """Write a line for each entry, all durable once this returns.

        Raises OSError, and then nothing is there; Unsure where that cannot be known.
        """
        durable = self._number
        content = b"".join(
            lines.encode({"number": number, "durable": durable, "changes": entry})
            for number, entry in enumerate(entries, durable + 1)
        )
        try:
            self._file.write(content)
        except OSError:
            self._take_back()
            raise
        self._sync()
        self._number += len(entries)
        self.size_bytes += len(content)

    def end(self) -> None:
        """Say that all was durable, so that damage to the last line shows."""
        self.append([()])

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _take_back(self) -> None:
        """Remove what a write left half done."""
        try:
            self._file.cut(self.size_bytes)
        except OSError as error:
            raise Unsure("what was half written could not be taken back") from error

    def _sync(self) -> None:
        """Make durable what was written."""
        try:
            self._file.sync()
        except OSError as error:
            # After a failed fsync the kernel may count lost pages as written: nobody knows what is there.
            raise Unsure("what was written could not be made durable") from error


class Unsure(Exception):
    """Nobody can know whether the last lines are durable: the store has to be opened anew."""


def create(folder: Folder, name: str, *, generation: int) -> Journal:
    """Begin a journal. It appears under its name once its first line is durable. Raises OSError."""
    unfinished = f"{name}.unfinished"
    header = lines.encode({"format": lines.FORMAT, "version": lines.VERSION, "generation": generation})
    file = folder.create(unfinished)
    file.write(header)
    file.sync()
    folder.rename(unfinished, name)
    folder.sync()
    return Journal(file, size_bytes=len(header), number=0)


def replay(folder: Folder, name: str, *, generation: int, apply: Apply) -> Journal:
    """Do all that a journal says, cut off what was torn at its end, and go on with it.

    Raises StorageUnavailable, with the number of the line, where it is damaged otherwise; SchemaTooNew; OSError.
    """
    reading = _Reading(f"{folder.name}/{name}", generation, apply)
    for line in folder.lines(name):
        reading.take(line)
    reading.end()
    file = folder.append(name)
    if reading.torn is not None:
        file.cut(reading.size_bytes)
    # What a killed process wrote may not be durable yet, and whoever repeats it is told that it was done.
    file.sync()
    return Journal(file, size_bytes=reading.size_bytes, number=reading.number, version=reading.version)


def check_header(where: str, fields: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The first line of a file of ours. Raises SchemaTooNew, or StorageUnavailable."""
    if fields is None:
        raise damaged(where, 1, "it is not as it was written")
    if fields.get("format") != lines.FORMAT:
        raise damaged(where, 1, f"this is no {lines.FORMAT}")
    if fields["version"] > lines.VERSION:
        raise SchemaTooNew(
            f"{where} has version {fields['version']}, this program knows {lines.VERSION}: "
            "start the version of botflight that wrote it, or a newer one"
        )
    return fields


def damaged(where: str, number: int, reason: str) -> StorageUnavailable:
    """The error of a line that nobody can make up for."""
    return StorageUnavailable(
        f"{where}, line {number}: {reason}. Keep a copy of the folder, and import the last export into a new one"
    )


@dataclass(slots=True)
class _Reading:
    """How far a journal was read, and where it was torn."""

    where: str
    generation: int
    apply: Apply
    size_bytes: int = 0
    number: int = 0
    lines_read: int = 0
    version: int = lines.VERSION
    #: The first line that is not as it was written.
    torn: int | None = None

    def take(self, line: bytes) -> None:
        """Do what the next line says; after a torn one, only see that it was never acknowledged."""
        self.lines_read += 1
        fields = lines.decode(line)
        if self.lines_read == 1:
            self._check_generation(check_header(self.where, fields))
        elif fields is None:
            self.torn = self.torn or self.lines_read
            # Where it is the end of the line that is damaged, the next one hides behind it.
            for hidden in lines.hidden_in(line):
                self._check_lost(hidden)
            return
        elif self.torn is not None:
            self._check_lost(fields)
            return
        else:
            self._apply(fields)
        self.size_bytes += len(line)

    def end(self) -> None:
        """Raise unless there was a first line at least."""
        if self.lines_read == 0:
            raise damaged(self.where, 1, "it is missing")

    def _check_generation(self, header: Mapping[str, Any]) -> None:
        if header.get("generation") != self.generation:
            raise damaged(self.where, 1, f"it belongs to generation {header.get('generation')}")
        self.version = header["version"]

    def _check_lost(self, fields: Mapping[str, Any]) -> None:
        """Raise where the torn line was durable before this one: then somebody was told of it, and it is gone."""
        if fields["durable"] > self.number:
            assert self.torn is not None
            raise damaged(self.where, self.torn, "it is not as it was written (its checksum differs)")

    def _apply(self, fields: Mapping[str, Any]) -> None:
        if fields["number"] != self.number + 1:
            raise damaged(self.where, self.lines_read, f"entry {self.number + 1} is missing before it")
        try:
            self.apply(fields["changes"])
        except (KeyError, ValueError) as error:
            raise damaged(self.where, self.lines_read, f"it cannot be done: {error}") from error
        self.number += 1
