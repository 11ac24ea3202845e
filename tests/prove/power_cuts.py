"""Power cuts at random moments under load: what was synced stays, of the rest any part, any sector may be lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from random import Random
from typing import Protocol

from tests.prove.power import Power
from tests.prove.powerless_folder import PowerlessFolder
from tests.prove.powerless_sqlite import PowerlessVfs, powerless
from tests.prove.proof import Proof, Run, none
from tests.prove.purchase import NOW_MS, STEPS, USERS, Purchase, begun_of, lost, wrong_at_the_end

from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage, StorageError
from botflight_service.storage.json_store import JsonStorage

Files = dict[str, bytes]
FILE = "store.db"
#: The cuts of one run: the store that one has left is the one that the next one hits, at its start perhaps.
CUTS = 3
PURCHASES = 3
#: Small enough for the journal to be made part of the snapshot every few purchases.
COMPACT_BYTES = 12_000


async def buy_until_the_cut(storage: Storage, number: int) -> dict[Purchase, int]:
    """Let all users buy side by side; how far each purchase was acknowledged."""
    acknowledged: dict[Purchase, int] = {}

    async def client(user_id: int) -> None:
        one = Purchase(number, user_id, 0)
        for _ in range(PURCHASES):
            for steps, step in enumerate(STEPS, 1):
                try:
                    await step(storage, one)
                except StorageError:
                    return
                acknowledged[one] = steps
            one = one.after()

    await asyncio.gather(*map(client, USERS))
    return acknowledged


class Disk(Protocol):
    """A store on a disk that loses power."""

    def storage(self) -> AbstractContextManager[Storage]:
        """The store, not yet open."""
        ...

    def left(self) -> Files:
        """What is there after the cut."""
        ...


class JsonDisk:
    """The store in JSON on a disk that loses power."""

    def __init__(self, files: Files, power: Power, _: Path) -> None:
        self._folder = PowerlessFolder(power, files)
        self.left = self._folder.left

    def storage(self) -> AbstractContextManager[Storage]:
        """The store, not yet open."""
        return nullcontext(
            JsonStorage(Path("powerless"), clock=lambda: NOW_MS, folder=self._folder, compact_bytes=COMPACT_BYTES)
        )


class SqliteDisk:
    """The embedded store on a disk that loses power."""

    def __init__(self, files: Files, power: Power, folder: Path, *, synchronous: str = "FULL") -> None:
        self._file = folder / FILE
        self._synchronous = synchronous
        put(folder, files)
        self._vfs = PowerlessVfs(power, folder)

    @contextmanager
    def storage(self) -> Iterator[Storage]:
        """The store, not yet open."""
        with powerless(self._vfs, synchronous=self._synchronous):
            yield open_storage(f"sqlite://{self._file}", clock=lambda: NOW_MS)
        self._vfs.unregister()

    def left(self) -> Files:
        """What is there after the cut: the lock and the log's index are not on the disk's account."""
        return {name: content for name, content in self._vfs.left().items() if name in {FILE, f"{FILE}-wal"}}


def put(folder: Path, files: Files) -> None:
    """Make a folder of files."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def cut(make: Callable[[Files, Power, Path], Disk], url: str, *, max_uses: int) -> Run:
    """A run: a store that loses power several times, and is looked at after each."""

    async def run(chance: Random, folder: Path) -> Counter[str]:
        files: Files = {}
        acknowledged: dict[Purchase, int] = {}
        begun: set[Purchase] = set()
        for number in range(CUTS):
            power = Power(chance, after=chance.randint(1, max_uses))
            disk = make(files, power, folder / f"disk {number}")
            with disk.storage() as storage:
                progress = await _until_the_cut(storage, number)
            files = disk.left()
            acknowledged |= progress
            begun |= begun_of(progress, number)
            await _look(url, files, folder / f"left {number}", acknowledged, begun)
        return Counter(cuts=CUTS, acknowledged=sum(acknowledged.values()))

    return run


async def _until_the_cut(storage: Storage, number: int) -> dict[Purchase, int]:
    """Open a store, perhaps, and use it until the power goes; how far each purchase was acknowledged."""
    try:
        await storage.open()
    except StorageError:
        return {}
    acknowledged = await buy_until_the_cut(storage, number)
    with suppress(StorageError):
        await storage.close()
    return acknowledged


async def _look(
    url: str, files: Files, folder: Path, acknowledged: Mapping[Purchase, int], begun: set[Purchase]
) -> None:
    """Raise unless a store that opens what was left has all that was acknowledged, and comes to a sound end."""
    put(folder, files)
    storage = open_storage(url.format(folder), clock=lambda: NOW_MS)
    try:
        await storage.open()
        none(await lost(storage, acknowledged))
        none(await wrong_at_the_end(storage, begun))
    except StorageError as error:
        raise AssertionError(f"what was left is no sound store: {error}") from error
    finally:
        await storage.close()


POWER_CUTS = (
    Proof(
        name="power-json",
        claim="what was acknowledged before a power cut is there, whatever sectors the disk came to",
        run=cut(JsonDisk, "json://{}", max_uses=70),
        runs=400,
    ),
    Proof(
        name="power-sqlite",
        claim="what was acknowledged before a power cut is there, whatever sectors the disk came to",
        run=cut(SqliteDisk, f"sqlite://{{}}/{FILE}", max_uses=700),
        runs=400,
    ),
)
