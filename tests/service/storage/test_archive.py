# ruff: noqa: ASYNC240 - a test may wait for a small file of its own

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.memo import Memo
from botflight_service.storage import open_storage
from botflight_service.storage.archive import ArchiveDamaged, read_archive, write_archive
from botflight_service.storage.interface import Balance, Done, Mark, SendOutcome, Storage, StorageUnavailable
from makings import (
    ALICE,
    BOB,
    NOW_MS,
    PARTNER,
    TODAY,
    action,
    attempt,
    envelope,
    message,
    mute,
    payment,
    picture,
    session,
    task,
    work,
)


def quietly(done: int, total: int) -> None:
    """No progress to show."""


async def fill(storage: Storage) -> None:
    """Something in every table, some of it finished and some not."""
    for update_id in (5, 6):
        await storage.accept(envelope(update_id, payload=bytes(range(256))))
    await storage.commit(work(done=Done(update_id=5, outcome="OK"), session=session(5, language="ru")))
    await storage.credit_balance_once(PARTNER, ALICE, 30, "a payment")
    await storage.credit_balance_once("p-other", BOB, 1, "a payment")
    for number in range(2):
        await storage.hold_balance_once(PARTNER, ALICE, 10, task(number))
        await storage.commit(work(attempt=attempt(number)))
    await storage.charge_balance_once(PARTNER, ALICE, 10, task(0))
    await storage.commit(work(attempt=attempt("free", state=AttemptState.SUCCEEDED, artifact=picture())))
    await storage.consume_free_generation_once(PARTNER, ALICE, task("free"), day=TODAY, daily_limit=5)
    await storage.consume_free_generation_once(PARTNER, ALICE, task("back"), day=TODAY, daily_limit=5)
    await storage.restore_free_generation_once(PARTNER, ALICE, task("back"))
    await storage.commit(work(payment=payment(), action=action(), memo=Memo(name="a memo", body={"on": True})))
    queued = (await storage.commit(work(messages=(message("Привет"), message("later"))))).messages
    await storage.mark(PARTNER, [Mark(place=queued[0].place, outcome=SendOutcome.SENT, at_ms=NOW_MS)])
    await storage.keep_mute(PARTNER, mute())


async def records(storage: Storage) -> list[Mapping[str, Any]]:
    return [record async for record in storage.export()]


@pytest.fixture
async def archive(storage: Storage, tmp_path: Path) -> Path:
    """The archive of a filled store."""
    await fill(storage)
    await write_archive(storage, tmp_path / "archive.jsonl", quietly)
    return tmp_path / "archive.jsonl"


@pytest.fixture
async def empty() -> Any:
    """Another store, empty."""
    opened = open_storage("sqlite::memory:", clock=lambda: NOW_MS)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_round_trip_changes_nothing(storage: Storage, archive: Path, empty: Storage) -> None:
    """What was exported and imported is record for record what it was, and works on as it did."""
    await read_archive(empty, archive, quietly)

    assert await records(empty) == await records(storage)
    assert await empty.balance(PARTNER, ALICE) == Balance(credits(10), credits(10))
    assert await empty.undone(PARTNER) == await storage.undone(PARTNER)
    assert await empty.unsent(PARTNER) == await storage.unsent(PARTNER)
    assert await empty.mutes(PARTNER) == (mute(),)
    assert await empty.release_hold_once(PARTNER, ALICE, task(1))
    assert not await empty.charge_balance_once(PARTNER, ALICE, 10, task(0))
    assert await empty.violations() == []


async def test_an_archive_is_json_lines_between_a_header_and_a_digest(archive: Path) -> None:
    """Every line is a JSON object: what it is, the records, and how many there were with their digest."""
    lines = [orjson.loads(line) for line in archive.read_bytes().splitlines()]

    assert lines[0] == {"format": "botflight-archive", "version": 1}
    assert {line["table"] for line in lines[1:-1]} >= {"users", "transfers", "messages"}
    assert lines[-1]["records"] == len(lines) - 2
    assert len(lines[-1]["sha256"]) == 64


async def test_progress_comes_to_its_end(storage: Storage, archive: Path, empty: Storage, tmp_path: Path) -> None:
    """Export counts records, import counts bytes; both end where all is done."""
    seen: list[tuple[int, int]] = []

    written = await write_archive(storage, tmp_path / "again.jsonl", lambda done, total: seen.append((done, total)))
    read = await read_archive(empty, archive, lambda done, total: seen.append((done, total)))

    assert written == read
    assert seen == [(written, written), (archive.stat().st_size, archive.stat().st_size)]


async def test_a_store_that_is_not_empty_is_left_alone(storage: Storage, archive: Path) -> None:
    """Importing over what is there is refused, and nothing changes."""
    before = await records(storage)

    with pytest.raises(StorageUnavailable, match="not empty"):
        await read_archive(storage, archive, quietly)

    assert await records(storage) == before


def flip(lines: list[bytes]) -> int:
    """One digit of one balance, still perfect JSON."""
    number = next(number for number, line in enumerate(lines) if b'"balance_hundredths":1000' in line)
    lines[number] = lines[number].replace(b"1000", b"9000")
    return number + 1


def garble(lines: list[bytes]) -> int:
    lines[4] = b"\x00" * len(lines[4]) + b"\n"
    return 5


def drop(lines: list[bytes]) -> int:
    del lines[6]
    return len(lines)


def swap(lines: list[bytes]) -> int:
    lines[2], lines[3] = lines[3], lines[2]
    return len(lines)


def cut_off(lines: list[bytes]) -> int:
    del lines[-3:]
    return len(lines) + 1


def tear(lines: list[bytes]) -> int:
    del lines[8:]
    lines[7] = lines[7][:-9]
    return 8


def go_on(lines: list[bytes]) -> int:
    lines.append(b"{}\n")
    return len(lines) - 1


def other_format(lines: list[bytes]) -> int:
    lines[0] = b'{"format":"a diary"}\n'
    return 1


def newer(lines: list[bytes]) -> int:
    lines[0] = b'{"format":"botflight-archive","version":2}\n'
    return 1


def empty_file(lines: list[bytes]) -> int:
    lines.clear()
    return 1


@pytest.mark.parametrize(
    "damage",
    [flip, garble, drop, swap, cut_off, tear, go_on, other_format, newer, empty_file],
    ids=lambda d: d.__name__,
)
async def test_a_damaged_line_is_named_and_nothing_is_imported(archive: Path, empty: Storage, damage: Any) -> None:
    """Whatever happened to the file: the line is given by its number, and the store stays empty."""
    lines = archive.read_bytes().splitlines(keepends=True)
    number = damage(lines)
    archive.write_bytes(b"".join(lines))

    with pytest.raises(ArchiveDamaged, match=rf"archive.jsonl, line {number}: "):
        await read_archive(empty, archive, quietly)

    assert await records(empty) == []
    assert not await empty.has_user(PARTNER, ALICE)


async def test_records_that_contradict_each_other_are_refused(storage: Storage, empty: Storage) -> None:
    """A balance that is not the sum of its entries is not imported, however sound its line is."""
    await fill(storage)

    async def forged() -> Any:
        async for record in storage.export():
            wrong = record["table"] == "accounts" and record["user_id"] == ALICE
            yield {**record, "balance_hundredths": 5} if wrong else record

    with pytest.raises(Exception, match="contradict each other"):
        await empty.load(forged())

    assert await records(empty) == []


@pytest.mark.parametrize(
    "record",
    [
        {"table": "recipes"},
        {"table": "users"},
        {"partner": PARTNER},
        {"table": "users", "partner": PARTNER, "user_id": "x", "first_seen_at_ms": 1, "blocked_at_ms": None},
        {"table": "users", "partner": PARTNER, "user_id": 2**64, "first_seen_at_ms": 1, "blocked_at_ms": None},
    ],
)
async def test_a_record_that_fits_nowhere_is_numbered(empty: Storage, record: Mapping[str, Any]) -> None:
    """The first record that no table takes is named, and those before it are not kept."""
    good = {"table": "users", "partner": PARTNER, "user_id": 1, "first_seen_at_ms": 1, "blocked_at_ms": None}

    async def given() -> Any:
        for one in (good, record):
            yield one

    with pytest.raises(Exception, match="record 2: "):
        await empty.load(given())

    assert await records(empty) == []


async def test_an_import_that_is_cancelled_keeps_nothing(storage: Storage, empty: Storage) -> None:
    """Half an import, given up, leaves the store empty and usable."""
    await fill(storage)
    first_seen = asyncio.Event()

    async def endless() -> Any:
        async for record in storage.export():
            yield record
        first_seen.set()
        await asyncio.sleep(3600)

    importing = asyncio.create_task(empty.load(endless()))
    await first_seen.wait()

    importing.cancel()
    await asyncio.wait([importing])

    assert importing.cancelled()
    assert await records(empty) == []


async def test_a_missing_archive_is_told(empty: Storage, tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(StorageUnavailable, match=r"nowhere.jsonl: No such file"):
        await read_archive(empty, tmp_path / "nowhere.jsonl", quietly)


async def test_an_archive_that_cannot_be_written_is_told(storage: Storage, tmp_path: Path) -> None:
    """A directory that is not there is named, and nothing is left behind."""
    with pytest.raises(StorageUnavailable, match="No such file"):
        await write_archive(storage, tmp_path / "nowhere" / "archive.jsonl", quietly)


async def test_an_export_that_fails_leaves_the_earlier_archive(
    storage: Storage, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of before is replaced by a whole one or not at all."""
    before = archive.read_bytes()

    async def fail() -> Any:
        yield {"table": "users"}
        raise StorageUnavailable("the disk is gone")

    monkeypatch.setattr(storage, "export", fail)

    with pytest.raises(StorageUnavailable, match="gone"):
        await write_archive(storage, archive, quietly)

    assert archive.read_bytes() == before
    assert list(archive.parent.glob("*.unfinished")) == []
