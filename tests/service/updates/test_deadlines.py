"""One limit for many blocks: what takes too long is cut off, and nothing else is."""

from __future__ import annotations

import asyncio

import pytest

from botflight_service.updates.deadlines import Deadlines


async def test_what_takes_too_long_is_cut_off_as_a_time_out() -> None:
    """The block ends, its task goes on."""
    deadlines = Deadlines(0.01)

    with pytest.raises(TimeoutError), deadlines.one():
        await asyncio.Event().wait()

    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_each_has_its_own_time() -> None:
    """Of many that wait side by side those that are due are cut off, in the order in which they began."""
    deadlines, ended = Deadlines(0.02), []

    async def wait(name: str) -> None:
        try:
            with deadlines.one():
                await asyncio.Event().wait()
        except TimeoutError:
            ended.append(name)

    first = asyncio.create_task(wait("first"))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(wait("second"))
    await asyncio.gather(first, second)

    assert ended == ["first", "second"]


async def test_what_ends_in_time_leaves_nothing_behind() -> None:
    """A timer that is due later finds nothing to cut off, and is not set again."""
    deadlines = Deadlines(0.01)
    for _ in range(3):
        with deadlines.one():
            await asyncio.sleep(0)

    await asyncio.sleep(0.03)

    assert deadlines._timer is None


async def test_who_is_cancelled_is_cancelled_and_not_late() -> None:
    """A stop that comes while the block runs is no time-out."""
    deadlines = Deadlines(60.0)

    async def wait() -> None:
        with deadlines.one():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_is_its_own() -> None:
    """What a block raises in time comes out as it is."""
    with pytest.raises(LookupError), Deadlines(60.0).one():
        raise LookupError
