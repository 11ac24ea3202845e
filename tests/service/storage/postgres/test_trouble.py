from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from botflight_diagnostics import billing_preflight as billing_preflight_module
from botflight_diagnostics.billing_preflight import STORAGE_RW_TIMEOUT_S, billing_preflight
from botflight_diagnostics.mutes import Mutes, PartnerBook
from botflight_diagnostics.preflight import SECTION_DEADLINE_MS, Preflight
from botflight_diagnostics.report import Report
from botflight_service.storage.interface import Storage
from botflight_service.storage.sql.postgres import PostgresStorage, spares, store
from botflight_service.storage.sql.postgres.spares import MAX_SPARES
from makings import NOW_MS, PARTNER, TODAY
from postgres_server import OwnServer, Server

#: What a deadline may be passed by.
GRACE_S = 0.1
DEADLINE_S = SECTION_DEADLINE_MS / 1000


def preflight_of(storage: Storage) -> Preflight:
    """The billing preflight of a store, with the mutes that it keeps."""
    probe = storage.probe(PARTNER, day_of=lambda _: TODAY)
    return billing_preflight(probe, daily_limit=5, reference=str, mutes=Mutes(PartnerBook(storage, PARTNER)))


async def looked(preflight: Preflight) -> tuple[dict[str, str], list[str], float]:
    """A report that is made now: statuses by section, codes, and after how many seconds."""
    began = time.perf_counter()
    report: Report = await preflight.report(fresh=True)
    took_s = time.perf_counter() - began
    codes = sorted({judged.spec.code for judged in report.counted})
    return {section.name: section.status.value for section in report.sections}, codes, took_s


async def test_a_pool_that_is_used_up_is_a_finding_and_holds_nothing_up(postgres_url: str) -> None:
    """Every kept connection is lent: preflight has its own, says so at once, and is well when they are back."""
    storage = PostgresStorage(postgres_url, clock=lambda: NOW_MS, pool_size=2)
    await storage.open()
    preflight = preflight_of(storage)

    async with storage._pool.lend(within_s=5), storage._pool.lend(within_s=5):
        statuses, codes, took_s = await looked(preflight)
    after = await looked(preflight)
    await storage.close()

    assert codes == ["BPF_DB_POOL_EXHAUSTED"]
    assert {name for name, status in statuses.items() if status != "OK"} == {"db"}
    assert took_s < DEADLINE_S
    assert after[1] == []


async def test_a_table_that_another_session_locks_costs_its_section_alone(
    postgres_url: str, storage: PostgresStorage
) -> None:
    """Who locks a table makes its question late, at its deadline; the neighbours answer, and then all is well."""
    preflight = preflight_of(storage)
    other = await asyncpg.connect(postgres_url, server_settings={"search_path": "botflight"})

    async with other.transaction():
        await other.execute("LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE")
        statuses, codes, took_s = await looked(preflight)
    await other.close()
    after = await looked(preflight)

    assert codes == ["BPF_QUERY_TIMEOUT"]
    assert {name for name, status in statuses.items() if status != "OK"} == {"attempts"}
    assert took_s < DEADLINE_S + GRACE_S
    assert after[1] == []


async def test_locked_scratch_rows_and_mutes_end_at_their_deadlines(
    postgres_url: str, storage: PostgresStorage
) -> None:
    """What cannot be written is found within its two seconds; mutes that cannot be read hold nobody up."""
    preflight = preflight_of(storage)
    other = await asyncpg.connect(postgres_url, server_settings={"search_path": "botflight"})

    async with other.transaction():
        await other.execute("LOCK TABLE nonces, mutes IN ACCESS EXCLUSIVE MODE")
        statuses, codes, took_s = await looked(preflight)
    await other.close()
    await asyncio.sleep(0)
    after = await looked(preflight)

    assert codes == ["BPF_STORAGE_WRITE_FAILED"]
    assert {name for name, status in statuses.items() if status != "OK"} == {"storage_rw"}
    assert took_s < STORAGE_RW_TIMEOUT_S + GRACE_S
    assert after[1] == []


@pytest.mark.process
async def test_a_server_that_is_gone_is_unreachable_and_then_back(server: OwnServer) -> None:
    """The finding comes at once, the rest is skipped; a server that is started again is found well."""
    async with server.database() as url:
        storage = PostgresStorage(url, clock=lambda: NOW_MS)
        await storage.open()
        preflight = preflight_of(storage)
        await asyncio.to_thread(server.stop)

        statuses, codes, took_s = await looked(preflight)
        await asyncio.to_thread(server.restart)
        after = await looked(preflight)
        await storage.close()

    assert (codes, statuses["users"]) == (["BPF_DB_UNREACHABLE"], "SKIPPED")
    assert took_s < DEADLINE_S
    assert after[1] == []


@contextlib.contextmanager
def small_disk(folder: Path, *, mib: int) -> Iterator[Callable[[bool], None]]:
    """Mount a disk that is soon full on a folder; gives what fills it (True) and frees it again (False).

    Skips the test where nothing may be mounted.
    """
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    ballast = folder / "ballast"

    def fill(full: bool) -> None:  # noqa: FBT001 - full or not is all there is
        ballast.unlink(missing_ok=True)
        if full:
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))

    try:
        yield fill
    finally:
        subprocess.run(["/bin/umount", "-l", str(folder)], check=True)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the server's user may reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="botflight-disk-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "disk").mkdir(mode=0o700)
        yield Path(folder) / "disk"


@contextlib.asynccontextmanager
async def database_on(server: Server, place: Path, user: Any) -> AsyncIterator[str]:
    """A database whose tables lie in a folder; its URL."""
    tables = place / "tables"
    tables.mkdir(exist_ok=True)
    if user is not None:
        import pwd  # noqa: PLC0415 - not on every system

        owner = pwd.getpwnam(user)
        os.chown(tables, owner.pw_uid, owner.pw_gid)
    name = f"botflight_test_{uuid4().hex}"
    await server.run(f"CREATE TABLESPACE {name} LOCATION '{tables}'")
    await server.run(f"CREATE DATABASE {name} TABLESPACE {name} TEMPLATE botflight_template STRATEGY file_copy")
    try:
        yield server.url_of(name)
    finally:
        await server.run(f"DROP DATABASE {name} WITH (FORCE)")
        await server.run(f"DROP TABLESPACE {name}")


@pytest.mark.process
async def test_a_full_disk_is_found_and_mended_by_room(server: OwnServer, place: Path) -> None:
    """Nothing can be written: that is the finding, with what to do; with room again all is well."""
    with small_disk(place, mib=24) as fill:
        async with database_on(server, place, server.handle.system_user) as url:
            storage = PostgresStorage(url, clock=lambda: NOW_MS)
            await storage.open()
            preflight = preflight_of(storage)
            fill(True)
            statuses, codes, took_s = await looked(preflight)
            fill(False)
            after = await looked(preflight)
            await storage.close()

    assert codes == ["BPF_STORAGE_WRITE_FAILED"]
    assert {name for name, status in statuses.items() if status != "OK"} == {"storage_rw"}
    assert took_s < STORAGE_RW_TIMEOUT_S + GRACE_S
    assert after[1] == []


async def test_questions_leave_their_connections_for_the_next_ones(storage: PostgresStorage) -> None:
    """A second preflight makes no connection but that of `db`, which shows that one can be made; close leaves none."""
    preflight = preflight_of(storage)
    await looked(preflight)
    kept = [raw for _, raw in storage._pool._spares._kept]

    await looked(preflight)
    again = [raw for _, raw in storage._pool._spares._kept]
    await storage.close()

    assert 1 <= len(kept) <= MAX_SPARES
    assert set(again) >= set(kept)
    assert all(raw.is_closed() for raw in again)


async def test_a_connection_that_was_left_too_long_is_not_taken(
    storage: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What something on the way may have forgotten is hung up on, and a new one made."""
    preflight = preflight_of(storage)
    await looked(preflight)
    old = [raw for _, raw in storage._pool._spares._kept]
    monkeypatch.setattr(spares, "SPARE_S", 0)

    _, codes, _ = await looked(preflight)

    assert (codes, all(raw.is_closed() for raw in old)) == ([], True)


@pytest.mark.process
async def test_a_standby_that_has_stopped_is_behind_and_catches_up(
    server: OwnServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real standby: no lag while it follows, a finding while it is frozen, and none once it goes on."""
    monkeypatch.setattr(store, "REPLY_EVERY_S", 0)
    monkeypatch.setattr(billing_preflight_module, "REPLICATION_LAG_MS", 500)
    if server.handle.system_user is not None:
        shutil.chown(place, server.handle.system_user)
    async with server.database() as url:
        storage = PostgresStorage(url, clock=lambda: NOW_MS)
        await storage.open()
        preflight = preflight_of(storage)
        with server.standby(place) as pid:
            following = await until(preflight, [])
            with server.frozen(pid):
                await storage.credit_balance_once(PARTNER, 1, 10, "a payment")
                behind = await until(preflight, ["BPF_DB_REPLICATION_LAG"])
            caught_up = await until(preflight, [])
        await storage.close()

    assert (following, behind, caught_up) == ([], ["BPF_DB_REPLICATION_LAG"], [])


async def until(preflight: Preflight, codes: list[str]) -> list[str]:
    """Look again and again until nothing but this is found; what was found in the end."""
    async with asyncio.timeout(10):
        while (found := (await looked(preflight))[1]) != codes:  # noqa: ASYNC110 - a database calls nobody
            await asyncio.sleep(0.1)
    return found
