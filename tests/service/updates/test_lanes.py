"""Order within a key, side by side across keys, under one limit."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

from botflight_service.updates.lanes import Lanes


async def test_items_of_one_key_run_one_after_the_other_in_order() -> None:
    """The second item of a key begins when the first has ended, not before."""
    told: list[str] = []

    async def run(item: str) -> None:
        told.append(f"{item} begins")
        await asyncio.sleep(0)
        told.append(f"{item} ends")

    lanes = Lanes(run, limit=10)

    lanes.put("chat", "first")
    lanes.put("chat", "second")
    await lanes.idle()

    assert told == ["first begins", "first ends", "second begins", "second ends"]


async def test_a_key_does_not_wait_for_another() -> None:
    """While one chat is held up, another goes on."""
    held, done = asyncio.Event(), asyncio.Event()

    async def run(item: str) -> None:
        if item == "slow":
            await held.wait()
        else:
            done.set()

    lanes = Lanes(run, limit=2)

    lanes.put("a", "slow")
    lanes.put("b", "quick")
    await asyncio.wait_for(done.wait(), 1)

    assert lanes.unfinished == 1
    held.set()
    await lanes.idle()


async def test_no_more_than_the_limit_run_at_once() -> None:
    """However many keys have something to do, the limit holds."""
    active = most = 0

    async def run(_: int) -> None:
        nonlocal active, most
        active += 1
        most = max(most, active)
        await asyncio.sleep(0)
        active -= 1

    lanes = Lanes(run, limit=3)

    for key in range(20):
        lanes.put(str(key), key)
    await lanes.idle()

    assert most == 3


async def test_a_lane_is_forgotten_once_it_is_empty() -> None:
    """Chats that have nothing to do cost nothing."""

    async def run(_: int) -> None:
        await asyncio.sleep(0)

    lanes = Lanes(run, limit=3)

    lanes.put("chat", 1)
    await lanes.idle()

    assert lanes.lanes == 0


async def test_what_does_not_finish_in_time_is_cut_off_and_counted() -> None:
    """A stop ends by its deadline and says how much is left undone."""

    async def run(_: int) -> None:
        await asyncio.Event().wait()

    lanes = Lanes(run, limit=3)
    lanes.put("chat", 1)
    lanes.put("chat", 2)

    left = await lanes.stop(within_s=0.01)

    assert left == 2


async def test_a_defect_of_one_item_does_not_silence_its_lane() -> None:
    """The error is told to the event loop, and the next item runs."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(str(context["exception"])))

    async def run(item: str) -> None:
        if item == "broken":
            raise ValueError("a defect")
        told.append(item)

    lanes = Lanes(run, limit=3)

    lanes.put("chat", "broken")
    lanes.put("chat", "next")
    await asyncio.wait_for(lanes.idle(), 1)

    assert told == ["a defect", "next"]


async def test_what_is_put_in_the_moment_of_the_end_is_run() -> None:
    """Whoever waited until nothing was left may put at once, however few may run."""
    ran = []

    async def run(item: int) -> None:
        await asyncio.sleep(0)
        ran.append(item)

    lanes = Lanes(run, limit=1)

    for item in range(3):
        lanes.put("chat", item)
        await asyncio.wait_for(lanes.idle(), 1)

    assert ran == [0, 1, 2]


async def test_what_runs_inherits_nothing_from_whoever_put_it() -> None:
    """An item of one chat is not told under the ids of another one."""
    whose: ContextVar[str] = ContextVar("whose", default="nobody's")
    seen = []

    async def run(_: int) -> None:
        seen.append(whose.get())

    lanes = Lanes(run, limit=1)
    whose.set("alice's")

    lanes.put("chat", 1)
    await lanes.idle()

    assert seen == ["nobody's"]
