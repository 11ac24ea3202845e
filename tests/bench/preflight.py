"""How long the billing preflight takes as a store grows: ten thousand attempts, ten million, on PostgreSQL and SQLite.

`python -m tests.bench.preflight`; the database itself makes the rows. It needs about 10 GB of disk and some minutes.
"""

# ruff: noqa: S608 - what is put together here are constants of this file

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles

import asyncpg
import orjson
from tests.makings import PARTNER
from tests.postgres_server import mistreated_server

from botflight_diagnostics.billing_preflight import billing_preflight
from botflight_diagnostics.mutes import Mutes, PartnerBook
from botflight_service.billing.quotas import day_of
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Storage

BUILD = Path("build/bench")
#: The limits of what is claimed.
MOST_MS = 50.0
FLAT_WITHIN = 2.0
#: Attempts are spread over so long; the last day of them is not vacuumed yet, as in life.
DAYS = 365
DAY_MS = 86_400_000
#: Under way, each with its hold.
OPEN = 100
_CHUNK = 1_000_000
_MEMORY = "SET maintenance_work_mem = '1GB'; SET synchronous_commit = off; SET max_parallel_maintenance_workers = 2"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is in a store."""

    attempts: int
    users: int

    @property
    def last_day(self) -> int:
        """Attempts of the last 24 h."""
        return max(self.attempts // DAYS, 1)


@dataclass(slots=True)
class Measured:
    """What a number of reports took."""

    store: str
    size: Size
    took_ms: list[float] = field(default_factory=list)
    sections_ms: dict[str, list[float]] = field(default_factory=dict)
    last_24h: int = 0
    updated_24h: int = 0

    @property
    def median_ms(self) -> float:
        """Of all reports."""
        return median(self.took_ms)

    def line(self) -> str:
        """A line of the table."""
        p95_ms = quantiles(self.took_ms, n=20)[-1]
        slowest = max(self.sections_ms, key=lambda name: median(self.sections_ms[name]))
        return (
            f"| {self.store} | {self.size.attempts:,} | {self.size.users:,} | {self.last_24h:,} / {self.updated_24h:,} "
            f"| {self.median_ms:.1f} | {p95_ms:.1f} | {max(self.took_ms):.1f} "
            f"| {slowest} {median(self.sections_ms[slowest]):.1f} |"
        )


HEAD = """\
| | attempts | users | last 24 h: attempts / accounts | p50 ms | p95 ms | most ms | slowest section, p50 ms |
|---|---:|---:|---:|---:|---:|---:|---|"""


async def measure(storage: Storage, name: str, size: Size, *, reports: int) -> Measured:
    """Look at a store as the service does, mutes and all, so many times after some to warm up."""
    preflight = billing_preflight(
        storage.probe(PARTNER, day_of=day_of),
        daily_limit=5,
        reference=str,
        mutes=Mutes(PartnerBook(storage, PARTNER)),
    )
    measured = Measured(name, size)
    for number in range(-5, reports):
        began = time.perf_counter()
        report = await preflight.report(fresh=True)
        took_ms = (time.perf_counter() - began) * 1000
        if report.result.value == "FAIL":
            raise RuntimeError(f"the preflight failed: {[judged.finding for judged in report.counted]}")
        if number < 0:
            continue
        measured.took_ms.append(took_ms)
        for section in report.sections:
            measured.sections_ms.setdefault(section.name, []).append(section.latency_ms)
            measured.last_24h = int(str(section.meta.get("last24h", measured.last_24h)))
            measured.updated_24h = int(str(section.meta.get("updated24h", measured.updated_24h)))
    await preflight.close()
    return measured


# -- PostgreSQL

_USERS = f"""
INSERT INTO users (partner, user_id, first_seen_at_ms)
    SELECT '{PARTNER}', number, $2 FROM generate_series(1, $1::BIGINT) AS number
"""
_ACCOUNTS = f"""
INSERT INTO accounts (partner, user_id, kind, balance_hundredths, changed_at_ms)
    SELECT '{PARTNER}', number, kind, 0, $2::BIGINT - {DAYS}::BIGINT * {DAY_MS} + (number % {DAYS - 1}) * {DAY_MS}
    FROM generate_series(1, $1::BIGINT) AS number CROSS JOIN (VALUES ('wallet'), ('held')) AS kinds (kind)
"""
_FREE_DAYS = f"""
INSERT INTO free_days (partner, user_id, day, used)
    SELECT '{PARTNER}', number, $2, 1 + number % 5 FROM generate_series(1, $1::BIGINT) AS number
"""
_ATTEMPTS = f"""
INSERT INTO attempts (
    partner, task_id, user_id, chat_id, model, inputs, price_hundredths, funding, state, correlation_id, trace_parent,
    language, created_at_ms, changed_at_ms, submitted_at_ms, job_id
)
    SELECT '{PARTNER}', gen_random_uuid()::TEXT, 1 + number % $5::BIGINT, 1 + number % $5::BIGINT, 'text_to_image',
        '{{"prompt":"a red fox in the snow"}}', 1000, 'balance', $6, gen_random_uuid()::TEXT, '', 'en',
        at_ms, at_ms, at_ms, 'job-' || $3 || '-' || number
    FROM generate_series($1::BIGINT, $2::BIGINT) AS number,
        LATERAL (SELECT $3::BIGINT + number * $4::BIGINT / 1000 AS at_ms) AS times
"""
_TOUCHED = f"""
UPDATE accounts SET changed_at_ms = $2::BIGINT - user_id % {DAY_MS} WHERE partner = '{PARTNER}'
    AND user_id IN (SELECT number * $3::BIGINT FROM generate_series(1, $1::BIGINT) AS number)
"""
_SECONDARY = """
SELECT indexdef, 'DROP INDEX botflight.' || indexname FROM pg_indexes
    WHERE schemaname = 'botflight' AND tablename IN ('attempts', 'accounts') AND indexdef NOT LIKE 'CREATE UNIQUE%'
"""


async def fill_postgres(url: str, size: Size, *, now_ms: int, say: Callable[[str], None]) -> None:
    """Make the rows; what would be slow row by row is taken off and put back on."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "botflight"}, command_timeout=7200)
    await connection.execute(_MEMORY)
    secondary = await connection.fetch(_SECONDARY)
    for _, drop in secondary:
        await connection.execute(drop)
    unique = "attempts_partner_task_id_key"
    await connection.execute(f"ALTER TABLE attempts DROP CONSTRAINT {unique}")
    # Every job has an id of its own, and to look for its like without an index takes for ever.
    await connection.execute("ALTER TABLE attempts DISABLE TRIGGER attempts_sharing_a_job_inserted")
    await connection.execute(_USERS, size.users, now_ms - DAYS * DAY_MS)
    await connection.execute(_ACCOUNTS, size.users, now_ms)
    await connection.execute(_FREE_DAYS, max(size.users // 20, 1), day_of(now_ms))
    old = size.attempts - size.last_day - OPEN
    # In thousandths of a millisecond, so that ten million fit between two days.
    step = (DAYS - 1) * DAY_MS * 1000 // old
    for first in range(1, old + 1, _CHUNK):
        last = min(first + _CHUNK - 1, old)
        await connection.execute(_ATTEMPTS, first, last, now_ms - DAYS * DAY_MS, step, size.users, "delivered")
        say(f"{last:,} attempts")
    await connection.execute(f"ALTER TABLE attempts ADD CONSTRAINT {unique} UNIQUE (partner, task_id)")
    for create, _ in secondary:
        await connection.execute(create)
        say(create.partition(" ON ")[0])
    await connection.execute("ALTER TABLE attempts ENABLE TRIGGER attempts_sharing_a_job_inserted")
    await connection.execute("VACUUM (ANALYZE)")
    # The last day comes after the vacuum: a big table is not vacuumed every day.
    step = DAY_MS * 1000 // (size.last_day + 1)
    recent = ("delivered", 1, size.last_day, now_ms - DAY_MS, step)
    for state, first, last, since_ms, each in (recent, ("running", 1, OPEN, now_ms - OPEN, 1000)):
        await connection.execute(_ATTEMPTS, first, last, since_ms, each, size.users, state)
    touched = min(size.last_day, size.users)
    await connection.execute(_TOUCHED, touched, now_ms, max(size.users // touched, 1))
    await connection.execute("CHECKPOINT")
    await connection.close()


@contextlib.asynccontextmanager
async def postgres_store(folder: Path, size: Size, *, say: Callable[[str], None]) -> AsyncIterator[Storage]:
    """A store on a server of its own, filled."""
    with mistreated_server(folder / "data") as server:
        await server.run("ALTER SYSTEM SET max_wal_size = '8GB'")
        await server.run("SELECT pg_reload_conf()")
        async with server.database() as url:
            await fill_postgres(url, size, now_ms=_now_ms(), say=say)
            async with _opened(url) as storage:
                yield storage


# -- SQLite


_SERIES = "WITH RECURSIVE series (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series WHERE number < :many)"
_SQLITE_USERS = f"""
{_SERIES} INSERT INTO users (partner, user_id, first_seen_at_ms) SELECT '{PARTNER}', number, :since_ms FROM series
"""
_SQLITE_ACCOUNTS = f"""
{_SERIES} INSERT INTO accounts (partner, user_id, kind, balance_hundredths, changed_at_ms)
    SELECT '{PARTNER}', number, :kind, 0, iif(
        number % :touched = 0, :now_ms - number % 1000, :since_ms + (number % {DAYS - 1}) * {DAY_MS}
    ) FROM series
"""
_SQLITE_FREE_DAYS = f"""
{_SERIES} INSERT INTO free_days (partner, user_id, day, used)
    SELECT '{PARTNER}', number, :day, 1 + number % 5 FROM series
"""
_SQLITE_ATTEMPTS = f"""
{_SERIES} INSERT INTO attempts (
    partner, task_id, user_id, chat_id, model, inputs, price_hundredths, funding, state, correlation_id, trace_parent,
    language, created_at_ms, changed_at_ms, submitted_at_ms, job_id
)
    SELECT '{PARTNER}', lower(hex(randomblob(16))), 1 + number % :users, 1 + number % :users, 'text_to_image',
        '{{"prompt":"a red fox in the snow"}}', 1000, 'balance', :state, lower(hex(randomblob(16))), '', 'en',
        :since_ms + number * :step / 1000, :since_ms + number * :step / 1000, :since_ms + number * :step / 1000,
        'job-' || :state || '-' || number
    FROM series
"""


def fill_sqlite(file: Path, size: Size, *, now_ms: int) -> None:
    """Make the rows of a store that was made before."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
    connection.execute("BEGIN")
    given = {"now_ms": now_ms, "since_ms": now_ms - DAYS * DAY_MS, "users": size.users, "day": day_of(now_ms)}
    touched = max(size.users // size.last_day, 1)
    connection.execute(_SQLITE_USERS, given | {"many": size.users})
    for kind in ("wallet", "held"):
        connection.execute(_SQLITE_ACCOUNTS, given | {"many": size.users, "kind": kind, "touched": touched})
    connection.execute(_SQLITE_FREE_DAYS, given | {"many": max(size.users // 20, 1)})
    step = DAYS * DAY_MS * 1000 // size.attempts
    connection.execute(_SQLITE_ATTEMPTS, given | {"many": size.attempts - OPEN, "state": "delivered", "step": step})
    under_way = {"many": OPEN, "state": "running", "since_ms": now_ms - OPEN, "step": 1000}
    connection.execute(_SQLITE_ATTEMPTS, given | under_way)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@contextlib.asynccontextmanager
async def sqlite_store(folder: Path, size: Size, *, say: Callable[[str], None]) -> AsyncIterator[Storage]:
    """A store in a file, filled."""
    file = folder / "store.sqlite"
    async with _opened(f"sqlite:{file}"):
        pass
    await asyncio.to_thread(fill_sqlite, file, size, now_ms=_now_ms())
    say(f"{size.attempts:,} attempts")
    async with _opened(f"sqlite:{file}") as storage:
        yield storage


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Storage]:
    storage = open_storage(url, clock=_now_ms)
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


# -- the command

STORES = {"postgresql": postgres_store, "sqlite": sqlite_store}


async def run(store: str, size: Size, *, reports: int, say: Callable[[str], None]) -> Measured:
    """Fill a store and measure."""
    # Not below a folder of the caller's, which the server's user may not enter.
    with tempfile.TemporaryDirectory(prefix="botflight-bench-") as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - before anything is measured
        async with STORES[store](Path(folder), size, say=say) as storage:
            return await measure(storage, store, size, reports=reports)


def broken(small: Measured, large: Measured) -> Iterator[str]:
    """What of the claim does not hold."""
    if large.median_ms > MOST_MS:
        yield f"{large.store}: {large.median_ms:.1f} ms at {large.size.attempts:,} attempts, over {MOST_MS:g} ms"
    if large.median_ms > FLAT_WITHIN * small.median_ms:
        ratio = large.median_ms / small.median_ms
        yield f"{large.store}: {ratio:.1f} times its time at {small.size.attempts:,} attempts, over {FLAT_WITHIN:g}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 where the claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.preflight", description=__doc__)
    parser.add_argument("--store", choices=sorted(STORES), help="only this one")
    parser.add_argument("--attempts", type=int, help="how many are many (10,000,000; 1,000,000 on SQLite)")
    parser.add_argument("--reports", type=int, default=50, help="how many are measured")
    options = parser.parse_args(arguments)
    found: list[str] = []
    lines, told = [HEAD], []
    for store in [options.store] if options.store else ["postgresql", "sqlite"]:
        most = options.attempts or (10_000_000 if store == "postgresql" else 1_000_000)
        sizes = [Size(10_000, 1_000), Size(most, most // 10)]
        pair = [asyncio.run(run(store, size, reports=options.reports, say=_say)) for size in sizes]
        lines += [one.line() for one in pair]
        told += [{**asdict(one), "p50_ms": one.median_ms} for one in pair]
        found += broken(*pair)
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "preflight.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    sys.stdout.write("\n".join([*lines, "", *found]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
