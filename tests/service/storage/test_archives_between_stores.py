from __future__ import annotations

from pathlib import Path

from botflight_service.storage import open_storage
from botflight_service.storage.archive import read_archive, write_archive
from botflight_service.storage.interface import Storage
from makings import ALICE, NOW_MS, PARTNER, TODAY, envelope, task
from purchase import Purchase


def silent(_: int, __: int) -> None:
    """Nobody looks at the progress."""


async def fill(storage: Storage) -> None:
    """Something of everything, with names that languages sort in different ways."""
    for number in range(1, 4):
        await Purchase(number).make(storage)
    for partner in ("a-b", "ab", "B", "Ä"):
        await storage.credit_balance_once(partner, ALICE, 10, f"payment in {partner}")
    await storage.accept(envelope(99, payload=bytes(range(256))))
    await storage.consume_free_generation_once(PARTNER, ALICE, task("one"), day=TODAY, daily_limit=5)
    await storage.consume_free_generation_once(PARTNER, ALICE, task("two"), day=TODAY, daily_limit=5)
    await storage.restore_free_generation_once(PARTNER, ALICE, task("one"))


async def test_a_way_over_every_store_changes_nothing(tmp_path: Path, postgres_url: str) -> None:
    """From SQLite by way of PostgreSQL and JSON back to SQLite: each archive is the one before, byte by byte."""
    first, *others = (f"sqlite://{tmp_path}/first.db", postgres_url, f"json://{tmp_path}/store", "sqlite::memory:")
    storage = open_storage(first, clock=lambda: NOW_MS)
    await storage.open()
    await fill(storage)
    archives = [tmp_path / "0.jsonl"]
    await write_archive(storage, archives[0], silent)
    await storage.close()

    for url in others:
        storage = open_storage(url, clock=lambda: NOW_MS)
        await storage.open()
        await read_archive(storage, archives[-1], silent)
        archives.append(tmp_path / f"{len(archives)}.jsonl")
        await write_archive(storage, archives[-1], silent)
        assert await storage.violations() == []
        await storage.close()

    assert len({archive.read_bytes() for archive in archives}) == 1


async def test_an_imported_store_goes_on_where_the_other_ended(tmp_path: Path, postgres_url: str) -> None:
    """Places and counters follow what was imported: the next purchase is one like any other."""
    source, target = open_storage("sqlite::memory:", clock=lambda: NOW_MS), open_storage(postgres_url, clock=lambda: 0)
    await source.open()
    await fill(source)
    await write_archive(source, tmp_path / "archive.jsonl", silent)
    await source.close()

    await target.open()
    await read_archive(target, tmp_path / "archive.jsonl", silent)
    await Purchase(50).make(target)

    await Purchase(50).check(target)
    assert await target.violations() == []
    assert (await target.probe(PARTNER, day_of=lambda _: TODAY).users()).records == 4
    await target.close()
