from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from botflight_service.billing.money import credits
from botflight_service.storage.interface import Storage, StorageUnavailable
from botflight_service.storage.sql.connection import connect
from botflight_service.storage.sql.sqlite import SqliteStorage
from makings import ALICE, PARTNER, message, session, work

#: Opens a store twice on a disk of its own, of half a megabyte: first while there is room, then while there is none.
OPENING_WHEN_FULL = """
import asyncio, pathlib, subprocess, sys
from botflight_service.storage import open_storage

async def main(folder):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], check=True)
    for is_full in (False, True):
        if is_full:
            try:
                pathlib.Path(folder, "ballast").write_bytes(bytes(1024 * 1024))
            except OSError:
                pass
        store = open_storage(f"sqlite:{folder}/store.db", clock=lambda: 0)
        try:
            await store.open()
        except Exception as error:
            print(error)
        await store.close()

asyncio.run(main(sys.argv[1]))
"""


async def test_a_full_disk_is_told_and_over_once_there_is_space(file_storage: Storage) -> None:
    """What does not fit is refused whole, with what to do; afterwards the same store goes on."""
    assert isinstance(file_storage, SqliteStorage)
    await file_storage.credit_balance_once(PARTNER, ALICE, 10, "a payment")
    # SQLite answers a limit on its pages as it answers a full disk.
    await file_storage._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1"))
    too_much = work(session=session(5), messages=(message("x" * 4_000),) * 500)

    with pytest.raises(StorageUnavailable, match=r"store.db: the disk is full: free some space"):
        await file_storage.commit(too_much)

    await file_storage._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1000000"))
    assert await file_storage.unsent(PARTNER) == []
    assert (await file_storage.balance(PARTNER, ALICE)).available == credits(10)
    assert len((await file_storage.commit(too_much)).messages) == 500
    assert await file_storage.violations() == []


def test_a_store_that_is_opened_on_a_full_disk_says_so(tmp_path: Path) -> None:
    """SQLite's own words for it are a "disk I/O error": whoever reads them would look for a broken disk."""
    apart = ["unshare", "--map-root-user", "--mount"]
    able = (
        shutil.which("unshare") and subprocess.run([*apart, "true"], check=False, capture_output=True).returncode == 0
    )
    if not able:
        pytest.skip("a disk of its own needs a mount namespace")

    command = [*apart, sys.executable, "-c", OPENING_WHEN_FULL, str(tmp_path)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)

    assert ended.stdout == f"{tmp_path}/store.db: the disk is full: free some space\n"


def test_a_commit_is_synced_before_it_is_acknowledged(tmp_path: Path) -> None:
    """With `synchronous` below FULL a power cut takes acknowledged commits back."""
    connection = connect(f"{tmp_path}/store.db", writes=True)

    settings = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    ]

    assert settings == ["wal", 2, 1]
    connection.close()


async def test_a_cancelled_caller_does_not_undo_what_is_under_way(storage: Storage) -> None:
    """Whoever stops waiting leaves the work to be committed, whole, and the store as usable as before."""
    paying = asyncio.create_task(storage.credit_balance_once(PARTNER, ALICE, 10, "a payment"))
    await asyncio.sleep(0)

    paying.cancel()
    await asyncio.wait([paying])

    assert paying.cancelled()
    assert not await storage.credit_balance_once(PARTNER, ALICE, 10, "a payment")
    assert (await storage.balance(PARTNER, ALICE)).available == credits(10)


async def test_closing_waits_for_what_was_handed_over(file_storage: Storage) -> None:
    """Works that were on their way when the store was closed are committed, and their callers learn it."""
    paying = [
        asyncio.create_task(file_storage.credit_balance_once(PARTNER, ALICE, 1, f"payment {number}"))
        for number in range(50)
    ]
    await asyncio.sleep(0)

    await file_storage.close()

    assert await asyncio.gather(*paying) == [True] * 50
    await file_storage.open()
    assert (await file_storage.balance(PARTNER, ALICE)).available == credits(50)
