"""The journal after a power cut: cut off, or torn, at every byte of what was written last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from botflight_service.billing.money import credits
from botflight_service.storage.interface import StorageUnavailable
from botflight_service.storage.json_store import JsonStorage
from botflight_service.storage.json_store.book import Book
from botflight_service.storage.json_store.folder import DiskFolder
from botflight_service.storage.json_store.state import State
from makings import ALICE, NOW_MS, PARTNER

JOURNAL = "journal.1.jsonl"

Damage = Callable[[bytes], bytes]


async def journal(folder: Path) -> bytes:
    """A journal with three payments, each acknowledged before the next, that was never closed."""
    storage = JsonStorage(folder, clock=lambda: NOW_MS)
    await storage.open()
    for number in range(3):
        await storage.credit_balance_once(PARTNER, ALICE, 1, f"payment {number}")
    content = (folder / JOURNAL).read_bytes()
    await storage.close()
    return content


def state_of(folder: Path, content: bytes) -> State:
    """What a store makes of a journal."""
    (folder / JOURNAL).write_bytes(content)
    book = Book(DiskFolder(folder))
    book.close()
    return book.state


def payments(folder: Path, content: bytes) -> int:
    """How many payments a store finds in a journal."""
    return len(state_of(folder, content).transfers.rows)


@pytest.fixture
async def lines(tmp_path: Path) -> list[bytes]:
    """The header and three entries."""
    return (await journal(tmp_path)).splitlines(keepends=True)


def test_a_journal_cut_off_anywhere_in_its_last_line_has_those_before(tmp_path: Path, lines: list[bytes]) -> None:
    """Whatever is missing of the last line: it is as if it had not been written, and the others are whole."""
    before = b"".join(lines[:-1])

    found = {payments(tmp_path, before + lines[-1][:length]) for length in range(len(lines[-1]))}

    assert found == {2}
    assert payments(tmp_path, b"".join(lines)) == 3


@pytest.mark.parametrize("rest", [b"\x00", b"\xff", b"\n", b"x"], ids=repr)
def test_a_journal_torn_anywhere_in_its_last_line_has_those_before(
    tmp_path: Path, lines: list[bytes], rest: bytes
) -> None:
    """A disk that had made the file longer and did not come to write it leaves something else there."""
    before, last = b"".join(lines[:-1]), lines[-1]

    found = {
        payments(tmp_path, before + last[:length] + rest * (len(last) - length)) for length in range(len(last) - 1)
    }

    assert found == {2}


def test_two_lines_of_one_write_may_be_torn_in_the_first(tmp_path: Path, lines: list[bytes]) -> None:
    """The sectors of one write come in any order: none of its lines was acknowledged, so the torn one stops nothing."""
    book = Book(DiskFolder(tmp_path))
    size = book._journal.size_bytes
    book._journal.append([[{"table": "nonces", "nonce": name, "created_at_ms": 1}] for name in ("one", "two")])
    written = bytearray((tmp_path / JOURNAL).read_bytes())

    for position in range(size, written.index(b"\n", size) + 1):
        torn = written[:position] + b"\x00" + written[position + 1 :]
        assert len(state_of(tmp_path, bytes(torn)).nonces.rows) == 0


def test_what_follows_a_torn_line_is_written_after_what_was_whole(tmp_path: Path, lines: list[bytes]) -> None:
    """The torn line is cut off before the next one is written: the start after that finds a sound journal."""
    (tmp_path / JOURNAL).write_bytes(b"".join(lines)[:-5])
    for nonce in ("one", "two"):
        book = Book(DiskFolder(tmp_path))
        book._journal.append([[{"table": "nonces", "nonce": nonce, "created_at_ms": 1}]])
        book._journal.close()

    assert len(Book(DiskFolder(tmp_path)).state.nonces.rows) == 2


@pytest.mark.parametrize("number", [2, 3])
def test_damage_to_what_was_acknowledged_stops_the_start(tmp_path: Path, lines: list[bytes], number: int) -> None:
    """A line that others follow was acknowledged: any byte of it that differs is told, with the line's number."""
    line = lines[number - 1]
    for position in range(len(line)):
        damaged = [*lines]
        damaged[number - 1] = line[:position] + bytes([line[position] ^ 1]) + line[position + 1 :]

        with pytest.raises(StorageUnavailable, match=rf"{JOURNAL}, line {number}: "):
            state_of(tmp_path, b"".join(damaged))


def test_a_missing_line_stops_the_start(tmp_path: Path, lines: list[bytes]) -> None:
    """A line that somebody took out is missed by the one after it."""
    del lines[2]

    with pytest.raises(StorageUnavailable, match=rf"{JOURNAL}, line 3: entry 2 is missing before it"):
        state_of(tmp_path, b"".join(lines))


def test_a_damaged_header_stops_the_start(tmp_path: Path, lines: list[bytes]) -> None:
    """A journal has its name once its first line is durable: damage there is none that a power cut did."""
    with pytest.raises(StorageUnavailable, match=rf"{JOURNAL}, line 1: "):
        state_of(tmp_path, b"".join(lines)[4:])


async def test_after_a_clean_end_damage_to_the_last_line_is_found(tmp_path: Path) -> None:
    """A store that was closed says so in its journal: its last entry is known to have been acknowledged."""
    await journal(tmp_path)
    closed = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)
    closed[-2] = closed[-2].replace(b"payment", b"PAYMENT").replace(b"hundredths", b"hundredtHs")

    with pytest.raises(StorageUnavailable, match=rf"{JOURNAL}, line 4: "):
        state_of(tmp_path, b"".join(closed))


async def test_a_damaged_store_is_left_as_it_is(tmp_path: Path) -> None:
    """What cannot be read is not written to, and the next try says the same."""
    content = await journal(tmp_path)
    damaged = content.replace(b"hundredths", b"hundredtHs", 1)
    (tmp_path / JOURNAL).write_bytes(damaged)
    storage = JsonStorage(tmp_path, clock=lambda: NOW_MS)

    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="line 2"):
            await storage.open()

    assert (tmp_path / JOURNAL).read_bytes() == damaged


async def test_the_balance_is_what_the_journal_says(tmp_path: Path) -> None:
    """A store that was never closed is found again as it was."""
    content = await journal(tmp_path)
    (tmp_path / JOURNAL).write_bytes(content)
    storage = JsonStorage(tmp_path, clock=lambda: NOW_MS)

    await storage.open()

    assert (await storage.balance(PARTNER, ALICE)).available == credits(3)
    assert await storage.violations() == []
    await storage.close()
