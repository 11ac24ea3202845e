from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from botflight_service.lock import FileLock
from botflight_service.storage import open_storage
from botflight_service.storage.interface import SchemaTooNew, Storage, StorageUnavailable
from botflight_service.storage.sql.schema import SCHEMA_VERSION
from makings import ALICE, NOW_MS, PARTNER, session, work


def store(url: str) -> Storage:
    return open_storage(url, clock=lambda: NOW_MS)


@pytest.mark.parametrize("url", ["sqlite://{}/a%20bot.db", "sqlite:{}/a bot.db", "sqlite:///{}/a bot.db"])
async def test_a_url_names_a_file(tmp_path: Path, url: str) -> None:
    """With two or three slashes or none, percent-encoded or not: the file is the one that was meant."""
    opened = store(url.format(tmp_path))

    await opened.open()
    await opened.close()

    assert (tmp_path / "a bot.db").exists()


async def test_a_relative_url_names_a_file_beside_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sqlite:bot.db` is a file where the program was started."""
    monkeypatch.chdir(tmp_path)
    opened = store("sqlite:bot.db")

    await opened.open()
    await opened.close()

    assert (tmp_path / "bot.db").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://localhost/bot", "names no store"),
        ("bot.db", "names no store"),
        ("", "names no store"),
        ("sqlite:", "names no file"),
        ("json:", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite://bot.db", "three of them"),
    ],
)
def test_a_url_of_no_store_says_what_to_write(url: str, words: str) -> None:
    """What cannot be opened is told apart, and each message shows URLs that can."""
    with pytest.raises(StorageUnavailable, match=rf"{words}.*sqlite:///var"):
        store(url)


async def test_a_store_is_found_again(tmp_path: Path) -> None:
    """What was committed is there after closing and opening, in the same object or a new one."""
    first = store(f"sqlite://{tmp_path}/store.db")
    await first.open()
    await first.commit(work(session=session(5)))
    await first.close()

    for opened in (first, store(f"sqlite://{tmp_path}/store.db")):
        await opened.open()
        assert await opened.session(PARTNER, ALICE) == session(5)
        await opened.close()


async def test_a_second_process_is_told_who_holds_the_file(file_storage: Storage, tmp_path: Path) -> None:
    """A file is for one process at a time; the other one learns which has it."""
    second = store(f"sqlite://{tmp_path}/store.db")

    with pytest.raises(StorageUnavailable, match=f"store.db is held by process {os.getpid()}"):
        await second.open()

    assert await file_storage.has_user(PARTNER, ALICE) is False


async def test_a_closed_store_lets_the_next_one_in(tmp_path: Path) -> None:
    """After closing, also after a failed start, nothing is held any more."""
    (tmp_path / "store.db").write_bytes(b"no database" * 100)
    with pytest.raises(StorageUnavailable):
        await store(f"sqlite://{tmp_path}/store.db").open()
    (tmp_path / "store.db").unlink()

    second = store(f"sqlite://{tmp_path}/store.db")

    await second.open()
    await second.close()


@pytest.mark.parametrize("used", ["before open", "after close"])
async def test_a_store_that_is_not_open_says_so(tmp_path: Path, used: str) -> None:
    """Using a store before it is opened or after it was closed is an error, not a wait."""
    opened = store(f"sqlite://{tmp_path}/store.db")
    if used == "after close":
        await opened.open()
        await opened.close()

    with pytest.raises(StorageUnavailable, match="closed"):
        await opened.commit(work())
    with pytest.raises(StorageUnavailable, match="closed"):
        await opened.balance(PARTNER, ALICE)


async def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    """A second close finds nothing to do."""
    opened = store(f"sqlite://{tmp_path}/store.db")
    await opened.open()

    await opened.close()
    await opened.close()


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    """The message says which directory is to be made."""
    with pytest.raises(StorageUnavailable, match=f"the directory {tmp_path}/nowhere is missing: create it"):
        await store(f"sqlite://{tmp_path}/nowhere/store.db").open()


async def test_a_file_in_place_of_the_directory_is_told(tmp_path: Path) -> None:
    """A path that leads through a file cannot be written, and the message says why."""
    (tmp_path / "file").touch()

    with pytest.raises(StorageUnavailable, match="Not a directory"):
        await store(f"sqlite://{tmp_path}/file/store.db").open()


async def test_an_unwritable_directory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this user may not write, the message asks for the right to."""

    def refuse(_: FileLock) -> None:
        raise PermissionError(errno.EACCES, "as the system refuses everybody but root")

    monkeypatch.setattr(FileLock, "acquire", refuse)

    with pytest.raises(StorageUnavailable, match=r"cannot be written \(Permission denied\): give this user the right"):
        await store(f"sqlite://{tmp_path}/store.db").open()


async def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """A file of another kind is refused and stays as it is."""
    (tmp_path / "store.db").write_bytes(b"dear diary, " * 100)

    with pytest.raises(StorageUnavailable, match="no SQLite database: name another file"):
        await store(f"sqlite://{tmp_path}/store.db").open()

    assert (tmp_path / "store.db").read_bytes() == b"dear diary, " * 100


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """Somebody else's tables are refused, and none of ours is put beside them."""
    with sqlite3.connect(tmp_path / "store.db") as theirs:
        theirs.execute("CREATE TABLE recipes (name TEXT)")
    theirs.close()

    with pytest.raises(StorageUnavailable, match="database of another program"):
        await store(f"sqlite://{tmp_path}/store.db").open()

    with sqlite3.connect(tmp_path / "store.db") as theirs:
        assert theirs.execute("SELECT name FROM sqlite_schema").fetchall() == [("recipes",)]
    theirs.close()


async def test_a_newer_schema_stops_the_start(tmp_path: Path) -> None:
    """A store that a newer program wrote is not touched; the message names both versions."""
    first = store(f"sqlite://{tmp_path}/store.db")
    await first.open()
    await first.close()
    with sqlite3.connect(tmp_path / "store.db") as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()

    with pytest.raises(SchemaTooNew, match=f"version {SCHEMA_VERSION + 1}, this program knows {SCHEMA_VERSION}"):
        await first.open()
