"""The store on a PostgreSQL server, which several processes share."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from botflight_diagnostics.billing_probe import BillingProbe, DatabaseFacts
from botflight_service.storage.interface import AttemptExists, AttemptMoved, Mark, Receipt, Work
from botflight_service.storage.sql import writes
from botflight_service.storage.sql.postgres import records, recovery, single, together
from botflight_service.storage.sql.postgres.faults import Contended, Lost
from botflight_service.storage.sql.postgres.gathering import Gathering
from botflight_service.storage.sql.postgres.leases import PostgresLeases
from botflight_service.storage.sql.postgres.link import ONE_SNAPSHOT, Link
from botflight_service.storage.sql.postgres.pool import POOL_SIZE, Pool
from botflight_service.storage.sql.postgres.schema import SCHEMA_VERSION, schema_version
from botflight_service.storage.sql.postgres.schema import migrate as bring_up_to_date
from botflight_service.storage.sql.probe import SqlProbe
from botflight_service.storage.sql.program import Make
from botflight_service.storage.sql.store import SqlStorage
from botflight_service.updates.envelope import Envelope

T = TypeVar("T")

#: A transaction that is not through by then is cut off.
CALL_LIMIT_S = 10.0
#: For what reads or writes everything: audits, exports, imports, migrations.
LONG_LIMIT_S = 3600.0
#: Before each next try after the connection was lost: a server that is started again is back within these.
LOST_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0)
#: Before each next try after two transactions were in each other's way.
CONTENDED_PAUSES_S = (0.0, 0.005, 0.01, 0.02, 0.05)
#: Updates remembered because the end of their commit was never heard.
MAX_UNCERTAIN = 10_000


class PostgresStorage(SqlStorage):
    """A `Storage` on a PostgreSQL server.

    Every work is one transaction. One that was in another's way, or whose connection was lost, is done again a bounded
    number of times: all of it carries ids, so that doing it twice is doing it once.
    """

    system = "postgresql"

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], int],
        pool_size: int = POOL_SIZE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(clock=clock)
        self._pool = Pool(url, size=pool_size)
        self._sleep = sleep
        self._uncertain: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._under_way: set[asyncio.Future[Any]] = set()
        self._acceptances = Gathering(self._accept_together, most=together.MOST)
        self._plain_works = Gathering(self._commit_together, most=together.MOST)
        #: Which of the processes that share the store works on which lane.
        self.leases = PostgresLeases(self._pool, read=self._read)

    async def open(self, *, migrate: bool = True) -> None:
        """Connect and migrate. Raises StorageUnavailable or SchemaTooNew."""
        await self._pool.open()
        if not migrate:
            return
        try:
            async with self._pool.lend(within_s=LONG_LIMIT_S) as link:
                await bring_up_to_date(link)
        except BaseException:
            await self._pool.close()
            raise

    async def close(self) -> None:
        """Let what is under way be committed, give the leases back, then let go of the server."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=CALL_LIMIT_S)
        await self.leases.close()
        await self._pool.close()

    async def accept(self, envelope: Envelope) -> bool:
        """Keep an update until it is done; False for a repeat.

        An update that is there, but by a commit of ours whose end was never heard, is no repeat: nobody has it in hand.
        """
        key, doubts = (envelope.partner, envelope.update_id), _Doubts()
        try:
            new = await self._to_the_end(partial(self._acceptances.do, envelope), doubts)
        except Lost as lost:
            self._doubt(key, lost)
            raise
        return self._doubted(key) or doubts.any or new

    async def commit(self, work: Work) -> Receipt:
        """Make all of the work durable, or none."""
        key = (work.partner, work.done.update_id) if work.done is not None else None
        doubts = _Doubts()
        try:
            receipt = await self._to_the_end(partial(self._committed, work), doubts)
        except (AttemptExists, AttemptMoved):
            if not doubts.any or not await self._read(partial(recovery.kept, work)):
                raise
            return await self._read(partial(recovery.receipt, work))
        except Lost as lost:
            if key is not None:
                self._doubt(key, lost)
            raise
        if (self._doubted(key) or doubts.any) and receipt.repeat:
            return await self._read(partial(recovery.receipt, work))
        return receipt

    async def mark(self, partner: str, marks: Sequence[Mark]) -> None:
        """Note how messages ended."""
        await self._write(partial(together.mark, partner, marks))

    # -- looking at it from outside

    def probe(self, partner: str, *, day_of: Callable[[int], str]) -> BillingProbe:
        """What preflight asks."""
        return SqlProbe(
            partner,
            day_of=day_of,
            clock=self._clock,
            database=self._facts,
            ask=self._ask,
            write=self._write_apart,
        )

    async def export(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every record as of one commit, in an order in which they can be imported."""
        async with self._pool.apart(within_s=LONG_LIMIT_S) as link, link.transaction(begin=ONE_SNAPSHOT):
            async for record in records.dump(link):
                yield record

    async def load(self, incoming: AsyncIterator[Mapping[str, Any]]) -> int:
        """Fill an empty store, all or nothing; the number of records."""
        async with self._pool.apart(within_s=LONG_LIMIT_S) as link, link.transaction():
            return await records.load(link, incoming)

    # -- running programs

    async def _write(self, make: Make[T]) -> T:
        doubts = _Doubts()
        result = await self._to_the_end(partial(self._transaction, make), doubts)
        if result is False and doubts.any:
            # "It was done before" is said of what this very call did, and did not hear the end of.
            return True  # type: ignore[return-value]  # T is bool here
        return result

    async def _read(self, make: Make[T]) -> T:
        return await self._retried(partial(self._alone, make), _Doubts())

    async def _ask(self, make: Make[T]) -> T:
        async with self._pool.apart(within_s=LONG_LIMIT_S, spare=True) as link:
            return await link.transact(make, begin=ONE_SNAPSHOT)

    async def _write_apart(self, make: Make[T]) -> T:
        """Write on a connection of its own."""
        async with self._pool.apart(within_s=CALL_LIMIT_S, spare=True) as link:
            return await link.transact(make)

    async def _accept_together(self, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """Keep updates, once."""
        async with self._lent() as link:
            return await together.accept(link, envelopes)

    async def _commit_together(self, works: Sequence[Work]) -> Sequence[Receipt | None]:
        """Do plain works once, those of one user one at a time; None for each that is to be done by itself."""
        of_user = {(work.partner, work.session.user_id): work for work in works if work.session is not None}
        chosen = [work for work in works if work.session is None or of_user[work.partner, work.session.user_id] is work]
        if len(chosen) == 1:
            return [None] * len(works)
        async with self._lent() as link:
            receipts = await together.commit(link, chosen)
        if receipts is None:
            return [None] * len(works)
        done = {id(work): receipt for work, receipt in zip(chosen, receipts, strict=True)}
        return [done.get(id(work)) for work in works]

    async def _committed(self, work: Work) -> Receipt:
        """Do a work once: with others where it is plain, in one statement where that goes through, else in steps."""
        receipt = await self._plain_works.do(work) if together.is_plain(work) else None
        if receipt is not None:
            return receipt
        async with self._pool.lend(within_s=CALL_LIMIT_S) as link:
            try:
                receipt = await single.commit(link, work)
            except Lost as lost:
                raise Lost(str(lost), uncertain=True) from lost
            if receipt is not None:
                return receipt
            return await link.transact(partial(writes.commit, work))

    async def _transaction(self, make: Make[T]) -> T:
        """Run a program in a transaction, once."""
        async with self._pool.lend(within_s=CALL_LIMIT_S) as link:
            return await link.transact(make)

    async def _alone(self, make: Make[T]) -> T:
        """Run a program of a single statement, once: it is a transaction by itself."""
        async with self._lent() as link:
            return await link.run(make())

    @contextlib.asynccontextmanager
    async def _lent(self) -> AsyncIterator[Link]:
        """A connection for one statement. Raises Lost: in doubt, for a statement is its own commit."""
        async with self._pool.lend(within_s=CALL_LIMIT_S) as link:
            try:
                yield link
            except Lost as lost:
                raise Lost(str(lost), uncertain=True) from lost

    async def _to_the_end(self, attempt: Callable[[], Awaitable[T]], doubts: _Doubts) -> T:
        """Write, tried again as need be. Whoever stops waiting leaves it to be committed whole."""
        writing = asyncio.ensure_future(self._retried(attempt, doubts))
        self._under_way.add(writing)
        writing.add_done_callback(self._ended)
        return await asyncio.shield(writing)

    def _ended(self, writing: asyncio.Future[Any]) -> None:
        """Forget a write; its error is that of its caller, if there still is one."""
        self._under_way.discard(writing)
        if not writing.cancelled():
            writing.exception()

    async def _retried(self, attempt: Callable[[], Awaitable[T]], doubts: _Doubts) -> T:
        """Try until it is through, or there is no sense in it any more. Raises the last try's Lost or StorageError."""
        lost_pauses, contended_pauses = iter(LOST_PAUSES_S), iter(CONTENDED_PAUSES_S)
        while True:
            try:
                return await attempt()
            except Lost as lost:
                doubts.any = doubts.any or lost.uncertain
                pause = next(lost_pauses, None)
                if pause is None:
                    raise Lost(str(lost), uncertain=doubts.any) from lost
            except Contended:
                pause = next(contended_pauses, None)
                if pause is None:
                    raise
            await self._sleep(pause)

    def _doubt(self, key: tuple[str, int], lost: Lost) -> None:
        """Remember an update whose commit may have happened."""
        if lost.uncertain:
            self._uncertain[key] = None
            while len(self._uncertain) > MAX_UNCERTAIN:
                self._uncertain.popitem(last=False)

    def _doubted(self, key: tuple[str, int] | None) -> bool:
        """Tell whether an earlier call left an update's commit in doubt, and forget it: this one has the answer."""
        if key is None or key not in self._uncertain:
            return False
        del self._uncertain[key]
        return True

    async def _facts(self) -> DatabaseFacts:
        """Ask for the versions, on a connection that is made for this."""
        started = time.perf_counter()
        async with self._pool.apart(within_s=CALL_LIMIT_S) as link:
            version = await link.value("SELECT current_setting('server_version')")
            schema = await schema_version(link)
            lag_ms = await link.value(_REPLICATION_LAG_MS.format(silence=REPLY_EVERY_S))
        return DatabaseFacts(
            version=f"PostgreSQL {str(version).partition(' ')[0]}",
            schema_version=schema,
            expected_schema_version=SCHEMA_VERSION,
            latency_ms=(time.perf_counter() - started) * 1000,
            pool_in_use=self._pool.in_use,
            pool_size=self._pool.size,
            replication_lag_ms=float(lag_ms) if lag_ms is not None else None,
        )


#: A standby says how far it is this often, at the least (`wal_receiver_status_interval`, whose default this is).
REPLY_EVERY_S = 10
#: How far the slowest standby is behind; NULL where there is none, or our user may not see it (pg_monitor may).
#: A standby that has stopped sends no lag any more: then it is what was not replayed, for as long as it is silent.
_REPLICATION_LAG_MS = """
SELECT max(extract(epoch FROM greatest(
    replay_lag,
    CASE WHEN replay_lsn < pg_current_wal_lsn() THEN clock_timestamp() - reply_time - {silence} * interval '1 s' END
)) * 1000) FROM pg_stat_replication
"""


class _Doubts:
    """Whether any try of a call ended in doubt."""

    def __init__(self) -> None:
        self.any = False
