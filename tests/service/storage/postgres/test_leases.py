"""Leases between replicas: one holder a lane, calls that are heard, and lanes taken from the dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from botflight_service.generation.attempts import AttemptState
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.sharing import Kind
from botflight_service.storage.sql.postgres import PostgresStorage, leases
from makings import ALICE, BOB, NOW_MS, PARTNER, attempt, envelope, message, move, work

LANE = f"chat:{ALICE}"
#: Longer than anything here takes; in real seconds.
PATIENCE_S = 10.0


@dataclass
class Holder:
    """Whoever holds leases, and what it was told."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    pokes: int = 0
    losses: int = 0

    def called(self, lane: str, word: str) -> None:
        self.calls.append((lane, word))

    def poked(self) -> None:
        self.pokes += 1

    def lost(self) -> None:
        self.losses += 1


@dataclass
class Replica:
    """A store, and its holder."""

    storage: PostgresStorage
    holder: Holder

    async def claims(self, lane: str = LANE) -> bool:
        """Whether it gets a lane."""
        return (await self.storage.leases.claim(PARTNER, lane)).ours

    async def dies(self) -> None:
        """End as by kill -9: nothing is given back, the connections are gone."""
        task = self.storage.leases._task
        assert task is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.storage.leases._task = None
        self.storage.leases._holders.clear()


@pytest.fixture
async def join(postgres_url: str) -> AsyncIterator[Callable[[], object]]:
    """Makes replicas of one store."""
    made: list[PostgresStorage] = []

    async def another() -> Replica:
        storage, holder = PostgresStorage(postgres_url, clock=lambda: NOW_MS), Holder()
        made.append(storage)
        await storage.open()
        await storage.leases.join(PARTNER, holder)
        return Replica(storage, holder)

    yield another
    for storage in made:
        await storage.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Death is noticed sooner than in life."""
    monkeypatch.setattr(leases, "BEAT_S", 0.05)
    monkeypatch.setattr(leases, "GONE_S", 0.3)
    monkeypatch.setattr(leases, "EXPIRY_S", 1.0)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - another process's doing, seen by looking
            await asyncio.sleep(0.01)


async def eventually(replica: Replica, lane: str = LANE) -> None:
    """Wait until a replica gets a lane."""
    async with asyncio.timeout(PATIENCE_S):
        while not await replica.claims(lane):  # noqa: ASYNC110 - another process's doing, seen by looking
            await asyncio.sleep(0.02)


async def test_a_lane_has_one_holder(join) -> None:
    """Of many who ask at once one gets it, and again whenever it asks."""
    replicas = [await join() for _ in range(3)]

    got = await asyncio.gather(*(replica.claims() for replica in replicas for _ in range(10)))

    assert sorted(got) == [False] * 20 + [True] * 10


async def test_a_lane_given_back_can_be_had(join) -> None:
    """A release is done before any later claim, of this replica's as well."""
    one, other = await join(), await join()
    await one.claims()

    one.storage.leases.release(PARTNER, [LANE])
    again = await one.claims()
    one.storage.leases.release(PARTNER, [LANE])
    await eventually(other)

    assert again
    assert not await one.claims()


async def test_a_claim_tells_what_waits(join) -> None:
    """An update, a message and an attempt of the chat, and nothing of other chats."""
    replica = await join()
    await replica.storage.accept(envelope(1))
    await replica.storage.commit(work(attempt=attempt()))
    await replica.storage.commit(work(messages=(message(chat_id=BOB),)))

    mine = await replica.storage.leases.claim(PARTNER, LANE)
    his = await replica.storage.leases.claim(PARTNER, f"chat:{BOB}")

    assert mine.waiting == {Kind.UPDATES, Kind.ATTEMPTS}
    assert his.waiting == {Kind.MESSAGES}


async def test_what_waits_and_nobody_else_has_is_found(join) -> None:
    """Lanes that are free or one's own; not those that another replica works on, nor those that are empty."""
    one, other = await join(), await join()
    for number, lane in enumerate(("chat:1", "chat:2", "chat:3", "payment:4"), 1):
        await one.storage.accept(envelope(number, lane=lane))
    await one.claims("chat:2")
    await other.claims("chat:3")

    found = await one.storage.leases.waiting(PARTNER, after="", limit=10)
    rest = await one.storage.leases.waiting(PARTNER, after="chat:1", limit=1)

    assert found == {lane: {Kind.UPDATES} for lane in ("chat:1", "chat:2", "payment:4")}
    assert list(rest) == ["chat:2"]


async def test_what_waits_of_a_chat_is_read_in_order(join) -> None:
    """Updates, messages and attempts of one chat, each in the order in which they came."""
    replica = await join()
    for number in (3, 1, 2):
        await replica.storage.accept(envelope(number))
    await replica.storage.accept(envelope(4, lane="chat:99"))
    await replica.storage.commit(work(messages=(message("first"), message("second"), message(chat_id=BOB))))
    await replica.storage.commit(work(attempt=attempt("open")))
    await replica.storage.commit(work(attempt=attempt("over")))
    await replica.storage.commit(move(AttemptState.CONFIRMED, AttemptState.FAILED, "over"))

    updates = await replica.storage.leases.undone(PARTNER, LANE, limit=9)
    messages = await replica.storage.leases.unsent(PARTNER, ALICE, limit=9)
    attempts = await replica.storage.leases.unsettled(PARTNER, ALICE, limit=9)

    assert [queued.envelope.update_id for queued in updates] == [3, 1, 2]
    assert [queued.message.text for queued in messages] == ["first", "second"]
    assert [one.task_id for one in attempts] == [attempt("open").task_id]


async def test_whoever_has_a_lane_hears_the_call(join) -> None:
    """The caller goes on once the call was heard; where nobody has the lane it is told so."""
    one, other = await join(), await join()
    await one.claims()

    heard = await other.storage.leases.call(PARTNER, LANE, "updates")
    nobody = await other.storage.leases.call(PARTNER, "chat:99", "updates")

    assert one.holder.calls == [(LANE, "updates")]
    assert (heard, nobody) == (True, False)


async def test_who_leaves_gives_everything_back_and_says_so(join) -> None:
    """The others need not look: they are poked, and get the lanes at once."""
    one, other = await join(), await join()
    await one.claims()
    pokes = other.holder.pokes

    await one.storage.leases.leave(PARTNER)
    got = await other.claims()
    await until(lambda: other.holder.pokes > pokes)

    assert got


async def test_the_lanes_of_the_dead_are_free_soon(join, hurried) -> None:
    """A killed process has no connection any more: it is not waited for as long as one that hangs."""
    one, other = await join(), await join()
    await one.claims()

    await one.dies()
    began_s = asyncio.get_running_loop().time()
    await eventually(other)

    assert asyncio.get_running_loop().time() - began_s < leases.EXPIRY_S


async def test_who_hangs_loses_its_lanes_and_is_told(join, hurried, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was silent for too long and its connection still stands: when it comes back it begins with nothing."""
    one, other = await join(), await join()
    await one.claims()
    hang = asyncio.Event()

    async def hangs(_: object) -> int:
        await hang.wait()
        return 0

    beat = one.storage.leases._beat
    monkeypatch.setattr(one.storage.leases, "_beat", hangs)
    await eventually(other)
    losses = one.holder.losses
    monkeypatch.setattr(one.storage.leases, "_beat", beat)
    hang.set()
    await until(lambda: one.holder.losses > losses)

    assert not one.storage.leases.sure or not await one.claims()
    assert await other.claims()


async def test_claims_fail_where_there_is_no_server(join, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever: whoever asks is told that the store is away."""
    replica = await join()

    def away() -> object:
        raise StorageUnavailable("away")

    monkeypatch.setattr(replica.storage._pool, "alone", away)
    await cut(replica)

    with pytest.raises(StorageError):
        await asyncio.wait_for(claimed_for_ever(replica), PATIENCE_S)


async def claimed_for_ever(replica: Replica) -> None:
    while True:
        await replica.claims()


async def cut(replica: Replica) -> None:
    """Let the server end the session that the leases are kept on."""
    async with replica.storage._pool.apart(within_s=PATIENCE_S) as link:
        await link.value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


async def test_a_connection_that_breaks_is_made_anew_and_the_lanes_stay(join) -> None:
    """A blink of the network takes nothing away."""
    one, other = await join(), await join()
    await one.claims()

    await cut(one)
    pokes = one.holder.pokes
    await until(lambda: one.holder.pokes > pokes)

    assert not await other.claims()
    assert await one.claims()
    assert (one.holder.losses, other.holder.losses) == (1, 1)
