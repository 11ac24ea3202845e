"""A store as a file: JSON Lines between a header and a digest, so that what is damaged is found and named."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from botflight_service.storage.interface import RecordRefused, Storage, StorageError, StorageUnavailable

#: What the header says, and the only version there is so far.
FORMAT = "botflight-archive"
VERSION = 1

_CHUNK = 500
#: A line holds one record; the largest are updates, whose bodies are at most 1 MiB.
_MAX_LINE_BYTES = 8 * 1024 * 1024

#: Told how far the work has come: how much is done, and of how much (0 while that is not known).
Progress = Callable[[int, int], None]


class ArchiveDamaged(StorageError):
    """The file is no archive, or not the one that was written; nothing of it was imported."""


async def write_archive(storage: Storage, path: Path, progress: Progress) -> int:
    """Write all that a store holds, as of one commit, to a file that appears once it is whole; the number of records.

    `progress` counts records. Raises StorageError where the store fails, StorageUnavailable where the file does.
    """
    writing = _Writing(path)
    chunk: list[Mapping[str, Any]] = []
    try:
        async for record in storage.export():
            chunk.append(record)
            if len(chunk) == _CHUNK:
                await asyncio.to_thread(writing.add, chunk)
                progress(writing.records, 0)
                chunk = []
        await asyncio.to_thread(writing.add, chunk)
        await asyncio.to_thread(writing.finish)
    except OSError as error:
        raise _unusable(path, error) from error
    finally:
        writing.abandon()
    progress(writing.records, writing.records)
    return writing.records


async def read_archive(storage: Storage, path: Path, progress: Progress) -> int:
    """Fill an empty store from an archive, all or nothing; the number of records.

    `progress` counts bytes. Raises ArchiveDamaged with the number of the line, StorageUnavailable where the file
    cannot be read or the store is not empty, StorageError where the records contradict each other.
    """
    reading = _Reading(path)
    try:
        return await storage.load(_records(reading, progress))
    except RecordRefused as refused:
        # Records begin on the second line.
        raise ArchiveDamaged(f"{path}, line {refused.number + 1}: {refused.reason}") from refused
    except OSError as error:
        raise _unusable(path, error) from error
    finally:
        reading.close()


async def _records(reading: _Reading, progress: Progress) -> AsyncIterator[Mapping[str, Any]]:
    """The records of an archive; whoever takes them all knows that the digest was right."""
    while chunk := await asyncio.to_thread(reading.next_chunk):
        for record in chunk:
            yield record
        progress(reading.bytes_read, reading.size_bytes)


def _unusable(path: Path, error: OSError) -> StorageUnavailable:
    """The error of an archive that cannot be read or written at all."""
    reason = os.strerror(error.errno) if error.errno is not None else str(error)
    return StorageUnavailable(f"{path}: {reason}")


class _Writing:
    """An archive in the making, beside the place where it is to appear."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path.with_name(f"{path.name}.unfinished")
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self.records = 0

    def add(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write records; the first call writes the header before them."""
        if self._file is None:
            self._file = self._unfinished.open("wb")
            self._write({"format": FORMAT, "version": VERSION})
        for record in records:
            self._write({"crc32": _checksum(record), **record})
        self.records += len(records)

    def finish(self) -> None:
        """Write the digest, make the file durable and give it its name."""
        self.add(())
        assert self._file is not None
        self._write({"records": self.records, "sha256": self._digest.hexdigest()})
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._unfinished.replace(self._path)
        _sync_directory(self._path.parent)

    def abandon(self) -> None:
        """Remove what is unfinished; nothing happens where the file has its name."""
        if self._file is not None:
            self._file.close()
            self._unfinished.unlink(missing_ok=True)

    def _write(self, line: Mapping[str, Any]) -> None:
        """Write a line, and count it into the digest."""
        assert self._file is not None
        encoded = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        self._digest.update(encoded)
        self._file.write(encoded)


class _Reading:
    """An archive that is read from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records = self._read()
        self._number = 0
        self.bytes_read = 0
        self.size_bytes = 0

    def next_chunk(self) -> list[Mapping[str, Any]]:
        """The next records; none once the digest was found to be right. Raises ArchiveDamaged."""
        return list(islice(self._records, _CHUNK))

    def close(self) -> None:
        """Let go of the file."""
        # A reader that was cancelled may still be at work on its thread: the file goes with it.
        with contextlib.suppress(ValueError):
            self._records.close()

    def _read(self) -> Generator[Mapping[str, Any], None, None]:
        """Every record, once its line was found to be sound."""
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            self.size_bytes = os.fstat(file.fileno()).st_size
            while line := file.readline(_MAX_LINE_BYTES):
                self._number += 1
                self.bytes_read += len(line)
                fields = self._parse(line)
                if self._number == 1:
                    self._check_header(fields)
                elif "sha256" in fields:
                    self._check_end(fields, digest.hexdigest(), rest=file.read(1))
                    return
                else:
                    yield self._check_record(fields)
                digest.update(line)
        self._number += 1
        raise self._damaged("the end is missing: the file was cut off")

    def _parse(self, line: bytes) -> dict[str, Any]:
        """The JSON object of a line."""
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self._damaged(f"it is no JSON ({error})") from error
        if not isinstance(fields, dict) or not line.endswith(b"\n"):
            raise self._damaged("it is no JSON object, or it was cut off")
        return fields

    def _check_header(self, fields: Mapping[str, Any]) -> None:
        """Raise unless this is an archive that can be read."""
        if fields.get("format") != FORMAT:
            raise self._damaged(f"this is no {FORMAT}")
        if fields.get("version") != VERSION:
            raise self._damaged(f"a newer version of botflight wrote this: it is version {fields.get('version')}")

    def _check_record(self, fields: dict[str, Any]) -> Mapping[str, Any]:
        """The record of a line, unless its checksum is wrong."""
        checksum = fields.pop("crc32", None)
        if checksum != _checksum(fields):
            raise self._damaged("it is not as it was written (its checksum differs)")
        return fields

    def _check_end(self, fields: Mapping[str, Any], digest: str, *, rest: bytes) -> None:
        """Raise unless all lines are there, in their order, and nothing more."""
        records = self._number - 2
        if fields.get("records") != records:
            raise self._damaged(f"lines are missing: {fields.get('records')} records were written, {records} are here")
        if fields["sha256"] != digest:
            raise self._damaged("lines were changed or moved: the digest differs")
        if rest:
            raise self._damaged("the archive ends here, yet more follows")

    def _damaged(self, reason: str) -> ArchiveDamaged:
        """The error of the current line."""
        return ArchiveDamaged(f"{self._path}, line {self._number}: {reason}")


def _checksum(record: Mapping[str, Any]) -> int:
    """What tells one damaged line from the others, which the digest of all cannot."""
    return zlib.crc32(orjson.dumps(record))


def _sync_directory(directory: Path) -> None:
    """Make a file's new name durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
