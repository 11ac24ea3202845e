"""Where the local provider keeps its jobs and files: in memory, or in a folder that survives a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

#: A record describes one job; it is small, and anything larger in its place is not ours.
_MOST_RECORD_BYTES: Final = 256 * 1024
_RECORD: Final = ".job.json"


class Shelf(Protocol):
    """Keeps files by name, and one record a job. A file's name begins with its job's id and a dot."""

    def records(self) -> Iterator[tuple[Mapping[str, Any], int]]:
        """Every readable record that was kept, with the bytes that its job's files take."""
        ...

    async def record(self, job_id: str) -> Mapping[str, Any] | None:
        """A job's record; None where there is none that can be read."""
        ...

    async def keep_record(self, job_id: str, record: Mapping[str, Any]) -> None:
        """Keep a job's record. Raises OSError."""
        ...

    async def keep(self, name: str, content: bytes) -> None:
        """Keep a file, whole or not at all. Raises OSError."""
        ...

    async def read(self, name: str) -> bytes | None:
        """A file; None where there is none. Raises OSError."""
        ...

    async def drop(self, *names: str) -> None:
        """Let go of files, those that are gone already included."""
        ...

    async def forget(self, job_id: str) -> None:
        """Let go of a job: its record and all its files."""
        ...


class MemoryShelf:
    """Keeps everything for as long as the process lives."""

    def __init__(self) -> None:
        #: By the ids of their jobs, then by name.
        self._files: dict[str, dict[str, bytes]] = {}

    def records(self) -> Iterator[tuple[Mapping[str, Any], int]]:
        """There is never a former life to tell of."""
        return iter(())

    async def record(self, job_id: str) -> Mapping[str, Any] | None:
        """There is nobody else to have kept one."""
        del job_id
        return None

    async def keep_record(self, job_id: str, record: Mapping[str, Any]) -> None:
        """Nothing to do: nobody reads it again."""

    async def keep(self, name: str, content: bytes) -> None:
        """Keep a file."""
        self._files.setdefault(_job_of(name), {})[name] = content

    async def read(self, name: str) -> bytes | None:
        """A file, or None."""
        return self._files.get(_job_of(name), {}).get(name)

    async def drop(self, *names: str) -> None:
        """Let go of files."""
        for name in names:
            self._files.get(_job_of(name), {}).pop(name, None)

    async def forget(self, job_id: str) -> None:
        """Let go of a job's files."""
        self._files.pop(job_id, None)


class FolderShelf:
    """Keeps everything in one folder, each file written beside its place and then moved there.

    Nothing is forced to the disk: after a power cut a job may be gone, which a provider's jobs may be at any time.
    Every access runs in a worker thread.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        for torn in folder.glob("*.part"):
            torn.unlink(missing_ok=True)

    def records(self) -> Iterator[tuple[Mapping[str, Any], int]]:
        """Every record that can be read; what cannot is passed over. Blocks: call it before serving."""
        sizes: dict[str, int] = {}
        for path in self._folder.iterdir():
            job_id = _job_of(path.name)
            sizes[job_id] = sizes.get(job_id, 0) + path.stat().st_size
        for path in sorted(self._folder.glob(f"*{_RECORD}")):
            record = _read_record(path)
            if record is not None:
                yield record, sizes[_job_of(path.name)]

    async def record(self, job_id: str) -> Mapping[str, Any] | None:
        """A job's record, where its id is one that may stand in a name."""
        path = self._folder / f"{job_id}{_RECORD}"
        if not job_id.isalnum() or not await asyncio.to_thread(path.is_file):
            return None
        return await asyncio.to_thread(_read_record, path)

    async def keep_record(self, job_id: str, record: Mapping[str, Any]) -> None:
        """Keep a job's record beside its files."""
        await self.keep(f"{job_id}{_RECORD}", json.dumps(record).encode())

    async def keep(self, name: str, content: bytes) -> None:
        """Write a file beside its place, then move it there."""
        await asyncio.to_thread(_write, self._folder / name, content)

    async def read(self, name: str) -> bytes | None:
        """A file, or None."""
        return await asyncio.to_thread(_read, self._folder / name)

    async def drop(self, *names: str) -> None:
        """Remove files."""
        for name in names:
            await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    async def forget(self, job_id: str) -> None:
        """Remove a job's files, its record first: what has no record is nobody's."""
        names = await asyncio.to_thread(lambda: [path.name for path in self._folder.glob(f"{job_id}.*")])
        await self.drop(f"{job_id}{_RECORD}", *names)


def _job_of(name: str) -> str:
    return name.partition(".")[0]


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _read_record(path: Path) -> Mapping[str, Any] | None:
    if path.stat().st_size > _MOST_RECORD_BYTES:
        return None
    try:
        record = json.loads(path.read_bytes())
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
