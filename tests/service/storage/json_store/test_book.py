# ruff: noqa: ASYNC240 - a test may wait for a small file of its own
"""The files of the readable store: snapshots, full disks, what is missing, what is newer, who holds them."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from botflight_service.billing.money import credits
from botflight_service.lock import FileLock
from botflight_service.storage.interface import RecordRefused, SchemaTooNew, StorageUnavailable
from botflight_service.storage.json_store import JsonStorage, lines
from botflight_service.storage.json_store.folder import DiskFolder
from makings import ALICE, NOW_MS, PARTNER, envelope, message, session, work

SNAPSHOT = "snapshot.jsonl"


def store(folder: Path, *, compact_bytes: int = 2_000, disk: DiskFolder | None = None) -> JsonStorage:
    """A store that makes its journal part of the snapshot soon."""
    return JsonStorage(folder, clock=lambda: NOW_MS, compact_bytes=compact_bytes, folder=disk)


async def pay(storage: JsonStorage, *numbers: int) -> None:
    """One payment after the other."""
    for number in numbers:
        await storage.credit_balance_once(PARTNER, ALICE, 1, f"payment {number}")


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[JsonStorage]:
    storage = store(tmp_path)
    await storage.open()
    yield storage
    await storage.close()


async def test_a_long_journal_becomes_a_snapshot(tmp_path: Path, opened: JsonStorage) -> None:
    """Once the journal has its size, all rows are in the snapshot and a new journal goes on from there."""
    await pay(opened, *range(20))

    names = {path.name for path in tmp_path.iterdir()}
    generation = max(int(name.split(".")[1]) for name in names if name.startswith("journal."))
    assert names == {SNAPSHOT, f"journal.{generation}.jsonl", "lock"}
    assert generation > 1
    assert (tmp_path / f"journal.{generation}.jsonl").stat().st_size < 4_000


async def test_a_snapshot_and_its_journal_are_the_store(tmp_path: Path, opened: JsonStorage) -> None:
    """A store that was compacted is found again whole, and gives out no place a second time."""
    await opened.commit(work(session=session(5), messages=(message(),)))
    await opened.accept(envelope(5))
    await pay(opened, *range(20))
    before = [record async for record in opened.export()]
    await opened.close()

    await opened.open()

    assert [record async for record in opened.export()] == before
    (queued,) = (await opened.commit(work(messages=(message("next"),)))).messages
    assert queued.place == 2


async def test_a_place_that_was_pruned_is_not_given_again_after_a_snapshot(opened: JsonStorage) -> None:
    """The snapshot knows how far places were given out, also where their rows are gone."""
    await opened.accept(envelope(5))
    await opened.commit(work(done=None))
    (before,) = await opened.undone(PARTNER)
    await opened._thread.run(lambda book: book.state.updates.set((PARTNER, 5), None))
    await opened._thread.run(lambda book: book.compact())
    await opened.close()
    await opened.open()

    await opened.accept(envelope(6))

    (after,) = await opened.undone(PARTNER)
    assert after.place > before.place


async def test_a_snapshot_with_a_damaged_line_stops_the_start(tmp_path: Path, opened: JsonStorage) -> None:
    """The line is named by its number."""
    await pay(opened, *range(20))
    await opened.close()
    content = (tmp_path / SNAPSHOT).read_bytes().splitlines(keepends=True)
    content[2] = content[2].replace(b"user_id", b"USER_ID", 1)
    (tmp_path / SNAPSHOT).write_bytes(b"".join(content))

    with pytest.raises(StorageUnavailable, match=r"snapshot.jsonl, line 3: .*checksum"):
        await opened.open()


async def test_a_snapshot_that_lacks_lines_stops_the_start(tmp_path: Path, opened: JsonStorage) -> None:
    """A snapshot counts its records: one that was cut off, or lacks a line, is none."""
    await pay(opened, *range(20))
    await opened.close()
    content = (tmp_path / SNAPSHOT).read_bytes().splitlines(keepends=True)
    for shortened in (content[:-1], [*content[:2], *content[3:]]):
        (tmp_path / SNAPSHOT).write_bytes(b"".join(shortened))

        with pytest.raises(StorageUnavailable, match="lines are missing"):
            await opened.open()


@pytest.mark.parametrize("gone", ["journal", "snapshot"])
async def test_a_store_of_which_a_file_is_missing_does_not_begin_anew(
    tmp_path: Path, opened: JsonStorage, gone: str
) -> None:
    """Half a store is not an empty one: what is missing is named, and the rest stays as it is."""
    await pay(opened, *range(20))
    await opened.close()
    next(tmp_path.glob(f"{gone}*")).unlink()

    with pytest.raises(StorageUnavailable, match=r"journal\.\d+\.jsonl is missing"):
        await opened.open()


async def test_an_older_snapshot_does_not_lose_what_came_after_it(tmp_path: Path, opened: JsonStorage) -> None:
    """Where somebody put an old snapshot and journal back beside a newer journal, the start says so."""
    await pay(opened, *range(20))
    await opened.close()
    newer = next(tmp_path.glob("journal.*"))
    (tmp_path / SNAPSHOT).unlink()
    (tmp_path / "journal.1.jsonl").write_bytes(
        lines.encode({"format": lines.FORMAT, "version": lines.VERSION, "generation": 1})
    )

    with pytest.raises(StorageUnavailable, match=f"{newer.name} goes on from a newer snapshot.jsonl"):
        await opened.open()


async def test_a_newer_version_stops_the_start(tmp_path: Path, opened: JsonStorage) -> None:
    """A store that a newer program wrote is not touched; the message names both versions."""
    await opened.close()
    header = {"format": lines.FORMAT, "version": lines.VERSION + 1, "generation": 1}
    (tmp_path / "journal.1.jsonl").write_bytes(lines.encode(header))

    with pytest.raises(SchemaTooNew, match=f"version {lines.VERSION + 1}, this program knows {lines.VERSION}"):
        await opened.open()


async def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path, opened: JsonStorage) -> None:
    """A folder is for one process at a time; the other one learns which has it."""
    with pytest.raises(StorageUnavailable, match=f"is held by process {os.getpid()}"):
        await store(tmp_path).open()


async def test_a_folder_whose_parent_is_missing_is_told(tmp_path: Path) -> None:
    """The folder is made, what is above it is not."""
    with pytest.raises(StorageUnavailable, match=r"nowhere.*No such file or directory"):
        await store(tmp_path / "nowhere" / "store").open()


async def test_a_failed_start_lets_the_next_one_in(tmp_path: Path) -> None:
    """After a start that found damage nothing is held any more."""
    (tmp_path / "journal.1.jsonl").write_bytes(b"dear diary\n")
    with pytest.raises(StorageUnavailable):
        await store(tmp_path).open()

    lock = FileLock(tmp_path / "lock")
    lock.acquire()
    lock.release()


class FailingFolder(DiskFolder):
    """A disk that fails at what it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.fails: dict[str, int] = {}

    def check(self, what: str) -> None:
        if what in self.fails:
            raise OSError(self.fails[what], os.strerror(self.fails[what]))

    def create(self, name: str) -> Any:
        self.check(f"create {name.split('.', maxsplit=1)[0]}")
        return FailingFile(super().create(name), self)

    def append(self, name: str) -> Any:
        return FailingFile(super().append(name), self)

    def rename(self, name: str, to: str) -> None:
        self.check(f"rename {name.split('.', maxsplit=1)[0]}")
        super().rename(name, to)


class FailingFile:
    def __init__(self, file: Any, folder: FailingFolder) -> None:
        self._file = file
        self._folder = folder
        self.close = file.close

    def write(self, content: bytes) -> None:
        if "write" in self._folder.fails:
            self._file.write(content[: len(content) // 2])
        self._folder.check("write")
        self._file.write(content)

    def sync(self) -> None:
        self._folder.check("sync")
        self._file.sync()

    def cut(self, length: int) -> None:
        self._folder.check("cut")
        self._file.cut(length)


@pytest.fixture
async def disk(tmp_path: Path) -> FailingFolder:
    return FailingFolder(tmp_path)


@pytest.fixture
async def failing(tmp_path: Path, disk: FailingFolder) -> AsyncIterator[JsonStorage]:
    """A store with one payment, on a disk that may fail."""
    storage = store(tmp_path, disk=disk)
    await storage.open()
    await pay(storage, 1)
    yield storage
    disk.fails.clear()
    await storage.close()


async def balance_after_restart(tmp_path: Path, storage: JsonStorage) -> object:
    """What a new start finds."""
    await storage.close()
    again = store(tmp_path)
    await again.open()
    try:
        return (await again.balance(PARTNER, ALICE)).available
    finally:
        await again.close()


async def test_a_full_disk_keeps_nothing_and_passes(tmp_path: Path, failing: JsonStorage, disk: FailingFolder) -> None:
    """While the disk is full works are refused and nothing of them stays; once there is room the store goes on."""
    disk.fails["write"] = errno.ENOSPC
    with pytest.raises(StorageUnavailable, match="the disk is full: free some space"):
        await pay(failing, 2)
    assert (await failing.balance(PARTNER, ALICE)).available == credits(1)

    disk.fails.clear()
    await pay(failing, 3)

    assert await balance_after_restart(tmp_path, failing) == credits(2)


@pytest.mark.parametrize("fails", [{"sync": errno.EIO}, {"write": errno.ENOSPC, "cut": errno.EIO}])
async def test_where_nobody_can_know_the_store_asks_for_a_new_start(
    failing: JsonStorage, disk: FailingFolder, fails: dict[str, int]
) -> None:
    """After a failed fsync nobody can tell what is durable: nothing is done any more, not even once it is well."""
    disk.fails |= fails
    with pytest.raises(StorageUnavailable, match="start anew"):
        await pay(failing, 2)
    disk.fails.clear()

    with pytest.raises(StorageUnavailable, match="start anew"):
        await pay(failing, 3)


@pytest.mark.parametrize("what", ["create snapshot", "create journal", "rename journal"])
async def test_a_snapshot_that_cannot_be_written_stops_nothing(
    tmp_path: Path, failing: JsonStorage, disk: FailingFolder, what: str
) -> None:
    """The journal goes on growing, and all is found again."""
    disk.fails[what] = errno.ENOSPC
    await pay(failing, *range(2, 40))

    assert not (tmp_path / SNAPSHOT).exists()
    assert await balance_after_restart(tmp_path, failing) == credits(39)


async def test_a_snapshot_that_may_be_there_or_not_asks_for_a_new_start(
    tmp_path: Path, failing: JsonStorage, disk: FailingFolder
) -> None:
    """Where giving the new snapshot its name failed, what was acknowledged is found by the next start."""
    disk.fails["rename snapshot"] = errno.EIO
    with pytest.raises(StorageUnavailable, match="start anew"):
        await pay(failing, *range(2, 40))
    disk.fails.clear()

    again = store(tmp_path)
    await failing.close()
    await again.open()
    paid = (await again.balance(PARTNER, ALICE)).available.hundredths // 100
    last = await again.credit_balance_once(PARTNER, ALICE, 1, f"payment {paid}")
    await again.close()

    assert paid > 1
    assert last is False


async def test_what_is_not_ours_stays_in_the_folder(tmp_path: Path) -> None:
    """What a compaction left behind goes at the next start; the files of others do not."""
    for name in ("snapshot.jsonl.unfinished", "journal.7.jsonl.unfinished", "backup.jsonl.unfinished"):
        (tmp_path / name).touch()
    opened = store(tmp_path)

    await opened.open()
    await opened.close()
    await opened.open()
    await opened.close()

    assert {path.name for path in tmp_path.iterdir()} == {"lock", "journal.1.jsonl", "backup.jsonl.unfinished"}


async def test_records_whose_places_do_not_grow_are_refused(tmp_path: Path) -> None:
    """Two updates cannot have one place: order within a chat is that of the places."""
    filled, empty = store(tmp_path / "filled"), store(tmp_path / "empty")
    await filled.open()
    await empty.open()
    for update_id in (5, 6):
        await filled.accept(envelope(update_id))

    async def forged() -> AsyncIterator[Any]:
        async for record in filled.export():
            yield {**record, "place": 1}

    with pytest.raises(RecordRefused, match="record 2: its place in updates"):
        await empty.load(forged())

    await filled.close()
    await empty.close()
