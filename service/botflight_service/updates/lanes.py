"""Order within a key, side by side across keys, under one limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """Runs what is put into it: items of one key one after the other, different keys side by side.

    At most `limit` items run at a time; how many may wait is the business of whoever puts (`unfinished` tells). A key
    with more to do goes to the end of the line after each item. What runs has a context of its own: it inherits nothing
    from whoever put it.
    `run` is to deal with its own failures: what it raises all the same goes to the event loop's exception handler, and
    the lane goes on with the next item.
    """

    def __init__(self, run: Callable[[Item], Awaitable[None]], *, limit: int) -> None:
        self._run = run
        #: How many more may drive.
        self._places = limit
        self._lanes: dict[str, deque[Item]] = {}
        #: Keys that have something to do, and that no driver is at.
        self._ready: deque[str] = deque()
        self._drivers: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = asyncio.Event()
        #: Items that were put and have not ended.
        self.unfinished = 0

    @property
    def lanes(self) -> int:
        """How many keys have something to do."""
        return len(self._lanes)

    def heads(self) -> Iterator[Item]:
        """The item of each lane that is in hand or next."""
        return (lane[0] for lane in self._lanes.values() if lane)

    def put(self, key: str, item: Item) -> None:
        """Queue an item behind the others of its key."""
        self.unfinished += 1
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append(item)
            return
        self._idle.clear()
        self._lanes[key] = deque((item,))
        self._ready.append(key)
        if self._places:
            self._places -= 1
            driver = asyncio.get_running_loop().create_task(self._drive(), context=Context())
            self._drivers.add(driver)
            driver.add_done_callback(self._drivers.discard)

    def of(self, key: str) -> Sequence[Item]:
        """What waits behind the item of a key that is in hand."""
        return tuple(self._lanes.get(key, ()))[1:]

    def busy(self, key: str) -> bool:
        """Whether a key has something to do."""
        return key in self._lanes

    def follow(self, key: str, items: Sequence[Item]) -> None:
        """Let these items, in their order, be all that waits behind the one in hand, whose own run asks for it."""
        lane = self._lanes[key]
        self.unfinished += len(items) + 1 - len(lane)
        head = lane[0]
        lane.clear()
        lane.extend((head, *items))

    def drop(self, key: str) -> None:
        """Forget what waits behind the item that is in hand."""
        lane = self._lanes.get(key)
        while lane is not None and len(lane) > 1:
            lane.pop()
            self.unfinished -= 1

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        await self._idle.wait()

    async def below(self, number: int) -> None:
        """Wait until fewer than so many items are waiting or in hand."""
        while self.unfinished >= number:
            self._ended.clear()
            await self._ended.wait()

    async def stop(self, *, within_s: float) -> int:
        """Let what was put finish within a deadline, then cancel the rest; how many items were left."""
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            for driver in tuple(self._drivers):
                driver.cancel()
            await asyncio.gather(*self._drivers, return_exceptions=True)
        return self.unfinished

    async def _drive(self) -> None:
        """Work on whatever key is ready. One driver serves many: a task for each would cost as much as some items."""
        while self._ready:
            key = self._ready.popleft()
            lane = self._lanes[key]
            try:
                await self._run(lane[0])
            except Exception as error:  # noqa: BLE001 - a defect of one item must not silence a whole chat
                context = {"message": f"an item of lane {key} failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
            lane.popleft()
            self.unfinished -= 1
            self._ended.set()
            if lane:
                self._ready.append(key)
                continue
            del self._lanes[key]
            if not self._lanes:
                self._idle.set()
        # At once, and not when the task is seen to have ended: what is put in between needs a driver.
        self._places += 1
