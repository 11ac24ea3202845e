from __future__ import annotations

import asyncio

from botflight_service.storage.interface import Done, Storage
from makings import NOW_MS, envelope, work


async def test_an_update_is_kept_as_it_came(storage: Storage) -> None:
    """Every field of an update comes back as it was accepted, the body byte for byte."""
    update = envelope(5, payload=bytes(range(256)), lane="payment:3", kind="pre_checkout_query")

    await storage.accept(update)

    assert [queued.envelope for queued in await storage.undone(update.partner)] == [update]


async def test_a_repeat_is_told_from_a_new_update(storage: Storage) -> None:
    """Of twenty deliveries of one update at once, one is new."""
    outcomes = await asyncio.gather(*(storage.accept(envelope(5)) for _ in range(20)))

    assert outcomes.count(True) == 1
    assert len(await storage.undone(envelope(5).partner)) == 1


async def test_partners_share_no_update_ids(storage: Storage) -> None:
    """The same update_id of two partners is two updates, and each reads its own."""
    await storage.accept(envelope(5))

    assert await storage.accept(envelope(5, partner="p-other"))
    assert [queued.envelope.partner for queued in await storage.undone("p-other")] == ["p-other"]


async def test_undone_updates_come_in_the_order_of_arrival(storage: Storage) -> None:
    """Arrival counts, not the update_id; pages follow one another by the last place."""
    for update_id in (9, 3, 7):
        await storage.accept(envelope(update_id))

    first = await storage.undone(envelope(9).partner, limit=2)
    second = await storage.undone(envelope(9).partner, after=first[-1].place, limit=2)

    assert [queued.envelope.update_id for queued in (*first, *second)] == [9, 3, 7]


async def test_a_done_update_is_not_replayed_nor_taken_again(storage: Storage) -> None:
    """Once done, an update leaves the list of the undone, and its repeat is still known as one."""
    await storage.accept(envelope(5))

    await storage.commit(work(done=Done(update_id=5, outcome="OK")))

    assert await storage.undone(envelope(5).partner) == []
    assert not await storage.accept(envelope(5))


async def test_places_are_never_given_twice(storage: Storage) -> None:
    """A reader that remembers the last place misses nothing, also after everything was pruned."""
    await storage.accept(envelope(5))
    (before,) = await storage.undone(envelope(5).partner)
    await storage.commit(work(done=Done(update_id=5, outcome="OK")))
    await storage.prune(envelope(5).partner, before_ms=NOW_MS + 1)

    await storage.accept(envelope(6))

    (after,) = await storage.undone(envelope(6).partner)
    assert after.place > before.place
