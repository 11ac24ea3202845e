"""What many updates write at once goes in a few transactions, and each of them is told the same as if it were alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg

from botflight_service.storage.interface import Done, Storage, Work
from botflight_service.storage.sql.postgres.gathering import Gathering
from makings import ALICE, PARTNER, envelope, message, session, work


def answer(number: int, **changes: object) -> Work:
    """What an update of a user of its own causes: a session and a message."""
    return work(
        **{
            "done": Done(update_id=number, outcome="OK"),
            "session": session(number, user_id=number),
            "messages": (message(f"to {number}", chat_id=number),),
        }
        | changes
    )


async def transactions(url: str, table: str) -> int:
    """How many transactions wrote the rows of a table."""
    connection = await asyncpg.connect(url)
    try:
        found: int = await connection.fetchval(f"SELECT count(DISTINCT xmin::TEXT) FROM botflight.{table}")  # noqa: S608 - a table of ours
    finally:
        await connection.close()
    return found


async def accepted(storage: Storage, numbers: Sequence[int]) -> list[bool]:
    """Have updates accepted at once."""
    return await asyncio.gather(*(storage.accept(envelope(number)) for number in numbers))


async def test_updates_that_come_at_once_are_kept_together_in_their_order(storage: Storage, postgres_url: str) -> None:
    """A hundred updates are a handful of transactions, and they are replayed as they came."""
    numbers = [*range(100, 0, -1)]

    new = await accepted(storage, numbers)

    assert all(new)
    assert await transactions(postgres_url, "updates") <= 5
    assert [queued.envelope.update_id for queued in await storage.undone(PARTNER)] == numbers


async def test_a_repeat_is_told_from_new_ones_that_come_with_it(storage: Storage) -> None:
    """Of an update that comes twice at once, or came before, one is new."""
    await storage.accept(envelope(1))

    new = await accepted(storage, [1, 2, 3, 2])

    assert new == [False, True, True, False]


async def test_works_that_wait_together_share_a_transaction(storage: Storage, postgres_url: str) -> None:
    """A hundred answers are a handful of transactions, and each gets the places of its own messages."""
    numbers = range(1, 101)
    await accepted(storage, numbers)

    receipts = await asyncio.gather(*(storage.commit(answer(number)) for number in numbers))

    assert await transactions(postgres_url, "messages") <= 5
    assert [[queued.message.text for queued in one.messages] for one in receipts] == [[f"to {n}"] for n in numbers]
    unsent = await storage.unsent(PARTNER)
    assert sorted(unsent, key=lambda queued: queued.place) == [one.messages[0] for one in receipts]
    assert await storage.undone(PARTNER) == []
    assert [await storage.session(PARTNER, number) for number in (1, 100)] == [
        session(number, user_id=number) for number in (1, 100)
    ]


async def test_a_repeat_among_works_leaves_the_others_whole(storage: Storage) -> None:
    """A work whose update is done already says so; those that went with it are committed."""
    numbers = range(1, 11)
    await accepted(storage, numbers)
    await storage.commit(answer(5))

    receipts = await asyncio.gather(*(storage.commit(answer(number)) for number in numbers))

    assert [number for number, one in zip(numbers, receipts, strict=True) if one.repeat] == [5]
    assert len(await storage.unsent(PARTNER)) == 10
    assert await storage.undone(PARTNER) == []


async def test_an_older_session_among_works_is_not_kept(storage: Storage) -> None:
    """Whose session a newer update has written is told so, and nobody else is."""
    numbers = range(1, 6)
    await accepted(storage, [*numbers, 50])
    await storage.commit(answer(50, session=session(50, user_id=3)))

    receipts = await asyncio.gather(*(storage.commit(answer(number)) for number in numbers))

    assert [one.session_kept for one in receipts] == [True, True, False, True, True]
    assert await storage.session(PARTNER, 3) == session(50, user_id=3)


async def test_works_of_one_user_at_once_are_all_committed(storage: Storage) -> None:
    """A user who writes in two chats at once has two answers, and the newer session."""
    numbers = range(1, 6)
    await accepted(storage, numbers)

    receipts = await asyncio.gather(
        *(storage.commit(answer(number, session=session(number, user_id=ALICE))) for number in numbers)
    )

    assert len(await storage.unsent(PARTNER)) == len(receipts) == 5
    assert await storage.session(PARTNER, ALICE) == session(5, user_id=ALICE)


async def test_nobody_waits_for_company() -> None:
    """An item that comes alone goes at once, those that come meanwhile go after it, in batches of a bounded size."""
    batches: list[Sequence[int]] = []
    gathering = Gathering[int, int](lambda items: noted(batches, items), most=3)

    results = await asyncio.gather(*(gathering.do(number) for number in range(7)))

    assert results == [number * 2 for number in range(7)]
    assert batches == [[0, 1, 2], [3, 4, 5], [6]]


async def test_an_error_is_that_of_a_whole_batch_and_of_no_other() -> None:
    """Everyone of the batch learns of it; the next batch goes on."""
    batches: list[Sequence[int]] = []

    async def run(items: Sequence[int]) -> Sequence[int]:
        if 0 in items:
            raise ConnectionError("gone")
        return await noted(batches, items)

    gathering = Gathering[int, int](run, most=2)

    results = await asyncio.gather(*(gathering.do(number) for number in range(4)), return_exceptions=True)

    assert [type(result) for result in results[:2]] == [ConnectionError, ConnectionError]
    assert results[2:] == [4, 6]


async def noted(batches: list[Sequence[int]], items: Sequence[int]) -> Sequence[int]:
    """Do a batch."""
    batches.append(items)
    await asyncio.sleep(0)
    return [item * 2 for item in items]
