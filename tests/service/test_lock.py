from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from botflight_service.lock import FileLock, LockHeld

HOLDER = """
import sys
from pathlib import Path
from botflight_service.lock import FileLock

lock = FileLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_holder_is_told_who_holds_it(tmp_path: Path) -> None:
    """A lock that is held is refused at once, with the process id of the holder."""
    path = tmp_path / "store.lock"
    first, second = FileLock(path), FileLock(path)
    first.acquire()

    with pytest.raises(LockHeld, match=f"process {os.getpid()}"):
        second.acquire()

    first.release()


def test_a_released_lock_can_be_taken(tmp_path: Path) -> None:
    """After the release another may hold it, and releasing what is not held is nothing."""
    path = tmp_path / "store.lock"
    first, second = FileLock(path), FileLock(path)
    first.acquire()

    first.release()
    first.release()
    second.acquire()

    second.release()


@pytest.mark.parametrize("content", ["", "somebody\n", "9" * 40])
def test_a_file_that_names_nobody_is_no_obstacle(tmp_path: Path, content: str) -> None:
    """What an earlier holder left in the file is overwritten, whatever it is."""
    path = tmp_path / "store.lock"
    path.write_text(content)

    lock = FileLock(path)
    lock.acquire()

    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()


@pytest.mark.process
def test_a_killed_holder_holds_no_more(tmp_path: Path) -> None:
    """The kernel lets go of the lock of a process that was killed: no stale lock is left behind."""
    path = tmp_path / "store.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LockHeld, match=f"process {holder.pid}"):
            FileLock(path).acquire()

        holder.kill()

    lock = FileLock(path)
    lock.acquire()
    lock.release()
