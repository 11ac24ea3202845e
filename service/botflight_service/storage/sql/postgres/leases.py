"""Leases on PostgreSQL, kept on one connection of their own: who lives, who has which lane, and calls between them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import orjson

from botflight_service.generation.attempts import Attempt
from botflight_service.storage.interface import QueuedMessage, QueuedUpdate, StorageError, StorageUnavailable
from botflight_service.storage.sharing import Claim, Kind, LeaseHolder
from botflight_service.storage.sql.postgres import leasing
from botflight_service.storage.sql.postgres.faults import explained
from botflight_service.storage.sql.postgres.link import Link
from botflight_service.storage.sql.postgres.pool import Pool
from botflight_service.storage.sql.program import Make

T = TypeVar("T")
_Lane = tuple[str, str]

#: How often a replica says that it lives.
BEAT_S = 1.0
#: One that hangs, or that the server does not hear, loses its lanes after so long.
EXPIRY_S = 10.0
#: One whose connection is gone as well (it was killed) loses them after so long.
GONE_S = 3.0
#: Whoever is called answers at once; after so long the call counts as heard, and is found by those who look.
HEARD_LIMIT_S = 0.5
#: Claims, releases and calls that go together.
MAX_AT_ONCE = 500
#: A statement that is not through by then is cut off.
STATEMENT_LIMIT_S = 5.0
#: Before the connection is made anew.
RECONNECT_S = 0.5
#: A claim that finds a lane neither free nor taken is made again so often.
MAX_TRIES = 3
#: How long giving everything back may take.
LEAVE_LIMIT_S = 3.0

_EVERYTHING = frozenset(Kind)
_KINDS = tuple(Kind)


class PostgresLeases:
    """The leases of this process. What waits goes to the server together, in the order: releases, claims, calls."""

    def __init__(self, pool: Pool, *, read: Callable[[Make[Any]], Awaitable[Any]]) -> None:
        self._pool = pool
        self._read = read
        self._replica = uuid4().hex
        self._holders: dict[str, LeaseHolder] = {}
        self._releases: list[_Lane] = []
        self._claims: list[tuple[_Lane, int, asyncio.Future[Claim]]] = []
        self._calls: list[tuple[_Lane, str, asyncio.Future[bool]]] = []
        #: Calls that were made and not answered, by their numbers, and answers of ours to the calls of others.
        self._called: dict[int, asyncio.Future[bool]] = {}
        self._number = count(1)
        self._answers_due: list[tuple[str, int]] = []
        self._poke = False
        self._wake = asyncio.Event()
        self._beating = asyncio.Event()
        self._beat_at_s = self._connected_at_s = -EXPIRY_S
        self._task: asyncio.Task[None] | None = None

    @property
    def sure(self) -> bool:
        """Whether this process was heard so lately that no other can have its lanes."""
        return time.monotonic() - self._beat_at_s < EXPIRY_S - BEAT_S

    async def assured(self) -> None:
        """Wait until it was."""
        while not self.sure:
            self._beating.clear()
            await self._beating.wait()

    async def join(self, partner: str, holder: LeaseHolder) -> None:
        """Begin to be heard. Raises StorageError."""
        self._holders[partner] = holder
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name="leases")
        try:
            await asyncio.wait_for(self.assured(), EXPIRY_S)
        except TimeoutError:
            raise StorageUnavailable(f"{self._pool.name}: it cannot be agreed who works on what: try again") from None

    async def leave(self, partner: str) -> None:
        """Give everything back and tell the others. What fails is left to its expiry."""
        self._holders.pop(partner, None)
        if self._task is None:
            return
        if not self._holders:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            self._fail(StorageUnavailable("the leases were given back"))
        with contextlib.suppress(StorageError, TimeoutError):
            async with asyncio.timeout(LEAVE_LIMIT_S), self._pool.apart(within_s=LEAVE_LIMIT_S) as link:
                await _fetch(link, leasing.LEAVE, self._replica, partner)
                if not self._holders:
                    await _fetch(link, leasing.GO, self._replica)
                await _fetch(link, leasing.POKE)

    async def close(self) -> None:
        """Leave for everybody who did not."""
        for partner in tuple(self._holders):
            await self.leave(partner)

    async def claim(self, partner: str, lane: str) -> Claim:
        """Lease a lane unless another process has it. Raises StorageError."""
        future: asyncio.Future[Claim] = asyncio.get_running_loop().create_future()
        self._claims.append(((partner, lane), 0, future))
        self._wake.set()
        return await future

    def release(self, partner: str, lanes: Sequence[str], *, tell: bool = False) -> None:
        """Give lanes back, before any later claim of them."""
        self._releases += ((partner, lane) for lane in lanes)
        self._poke = self._poke or tell
        self._wake.set()

    async def call(self, partner: str, lane: str, word: str) -> bool:
        """Tell whoever else has a lane; False where nobody has. Raises StorageError."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._calls.append(((partner, lane), word, future))
        self._wake.set()
        done, _ = await asyncio.wait({future}, timeout=STATEMENT_LIMIT_S)
        return future.result() if done else True

    # -- what waits in the store

    async def waiting(self, partner: str, *, after: str, limit: int) -> Mapping[str, frozenset[Kind]]:
        """Lanes that hold something and are ours or nobody's."""
        make = partial(leasing.waiting, partner, self._replica, after=after, limit=limit)
        found: Mapping[str, frozenset[Kind]] = await self._read(make)
        return found

    async def undone(self, partner: str, lane: str, *, limit: int) -> Sequence[QueuedUpdate]:
        """Updates of a lane that are not done."""
        found: Sequence[QueuedUpdate] = await self._read(partial(leasing.undone, partner, lane, limit=limit))
        return found

    async def unsent(self, partner: str, chat_id: int, *, limit: int) -> Sequence[QueuedMessage]:
        """Messages to a chat that are not sent."""
        found: Sequence[QueuedMessage] = await self._read(partial(leasing.unsent, partner, chat_id, limit=limit))
        return found

    async def unsettled(self, partner: str, chat_id: int, *, limit: int) -> Sequence[Attempt]:
        """Attempts of a chat that are not settled."""
        found: Sequence[Attempt] = await self._read(partial(leasing.unsettled, partner, chat_id, limit=limit))
        return found

    # -- on the connection

    async def _keep(self) -> None:
        """Serve what waits on a connection, and on the next one where that breaks, until cancelled."""
        while True:
            try:
                async with self._pool.alone() as link:
                    await self._listen(link)
                    self._connected_at_s = time.monotonic()
                    # Calls may have been missed while nobody listened.
                    self._poked()
                    await self._serve(link)
            except StorageError as error:
                self._fail(error)
            except Exception as error:  # noqa: BLE001 - a defect must not leave those who wait without an answer
                self._fail(StorageError(f"{self._pool.name}: {error}"))
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self, link: Link) -> None:
        raw: Any = link.raw
        with explained(link.name), link.within(STATEMENT_LIMIT_S):
            # Nobody hears of a lease that a crash of the server took back, and none is worth a wait for the disk.
            await raw.execute("SET synchronous_commit = off")
            await raw.add_listener(f"{leasing.CHANNEL}_{self._replica}", self._heard)
            await raw.add_listener(leasing.CHANNEL, self._heard)
        number = await self._beat(link)
        await _fetch(link, leasing.LIVE, number)

    async def _serve(self, link: Link) -> None:
        """Take turns: at every beat, and whenever something waits."""
        while True:
            self._wake.clear()
            if time.monotonic() - self._beat_at_s >= BEAT_S:
                await self._beat(link)
                if time.monotonic() - self._connected_at_s >= GONE_S:
                    await self._bury(link)
            await self._give_back(link)
            await self._ask(link)
            await self._tell(link)
            if not (self._releases or self._claims or self._calls or self._answers_due or self._wake.is_set()):
                due_s = self._beat_at_s + BEAT_S - time.monotonic()
                # Not `wait_for`: before Python 3.12 it loses a cancellation that comes in the moment of the wake.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, due_s)):
                        await self._wake.wait()

    async def _beat(self, link: Link) -> int:
        """Say that we live; our number. Where the others took us for dead, begin anew with nothing."""
        began_s = time.monotonic()
        found = await _fetch(link, leasing.BEAT, self._replica, EXPIRY_S)
        if not found:
            found = await _fetch(link, leasing.REGISTER, self._replica, EXPIRY_S)
            for holder in self._holders.values():
                holder.lost()
        self._beat_at_s = began_s
        self._beating.set()
        return int(found[0][0])

    async def _bury(self, link: Link) -> None:
        """Take the lanes of those who are dead from them.

        Whoever was cut off from the server itself does not judge: the others were as well, and are coming back.
        """
        with explained(link.name), link.within(STATEMENT_LIMIT_S):
            buried = await link.raw.execute(leasing.BURY, self._replica, GONE_S)
            if buried != "DELETE 0":
                await link.raw.execute(leasing.FREE)
                self._poked()

    async def _give_back(self, link: Link) -> None:
        lanes, self._releases = self._releases[:MAX_AT_ONCE], self._releases[MAX_AT_ONCE:]
        if lanes:
            await _fetch(link, leasing.RELEASE, *_columns(lanes), self._replica)
        if self._poke and not self._releases:
            self._poke = False
            await _fetch(link, leasing.POKE)

    async def _ask(self, link: Link) -> None:
        """Claim what is wanted. A lane that is neither free nor taken was given back just now: ask again."""
        if self._releases:
            return
        asked, self._claims = self._claims[:MAX_AT_ONCE], self._claims[MAX_AT_ONCE:]
        if not asked:
            return
        try:
            answers = await self._answers(link, list({lane: None for lane, _, _ in asked}))
        except BaseException:
            self._claims = asked + self._claims
            raise
        for lane, tries, future in asked:
            if lane in answers or tries >= MAX_TRIES:
                _settle(future, result=answers.get(lane, Claim(ours=False)))
            else:
                self._claims.append((lane, tries + 1, future))

    async def _answers(self, link: Link, lanes: Sequence[_Lane]) -> dict[_Lane, Claim]:
        gained = await _fetch(link, leasing.CLAIM, *_columns(lanes), self._replica)
        answers = {
            (partner, lane): Claim(True, frozenset(kind for kind, there in zip(_KINDS, waits, strict=True) if there))
            for partner, lane, *waits in gained
        }
        others = [lane for lane in lanes if lane not in answers]
        if others:
            for partner, lane, replica in await _fetch(link, leasing.OWNERS, *_columns(others)):
                ours = replica == self._replica
                answers[partner, lane] = Claim(ours, _EVERYTHING if ours else frozenset())
        return answers

    async def _tell(self, link: Link) -> None:
        """Answer those who called, then make the calls of our own."""
        due, self._answers_due = self._answers_due[:MAX_AT_ONCE], self._answers_due[MAX_AT_ONCE:]
        if due:
            await _fetch(link, leasing.HEARD, [replica for replica, _ in due], [number for _, number in due])
        calls, self._calls = self._calls[:MAX_AT_ONCE], self._calls[MAX_AT_ONCE:]
        if not calls:
            return
        numbers = [next(self._number) for _ in calls]
        self._called |= {number: future for number, (_, _, future) in zip(numbers, calls, strict=True)}
        try:
            lanes, words = _columns([lane for lane, _, _ in calls]), [word for _, word, _ in calls]
            found = await _fetch(link, leasing.CALL, *lanes, words, numbers, self._replica)
        except BaseException:
            self._calls = calls + self._calls
            raise
        told = {number for number, _ in found}
        for number in numbers:
            if number in told:
                asyncio.get_running_loop().call_later(HEARD_LIMIT_S, self._answered, number)
            else:
                _settle(self._called.pop(number), result=False)

    def _heard(self, _: object, __: int, channel: str, payload: str) -> None:
        """Hand a call on to whom it is for, or an answer to who called."""
        if channel == leasing.CHANNEL:
            self._poked()
            return
        match orjson.loads(payload):
            case [int(number)]:
                self._answered(number)
            case [str(caller), int(number), str(partner), str(lane), str(word)]:
                if partner in self._holders:
                    self._holders[partner].called(lane, word)
                self._answers_due.append((caller, number))
                self._wake.set()

    def _answered(self, number: int) -> None:
        """A call was heard, or it was waited for long enough."""
        future = self._called.pop(number, None)
        if future is not None:
            _settle(future, result=True)

    def _poked(self) -> None:
        for holder in self._holders.values():
            holder.poked()

    def _fail(self, error: StorageError) -> None:
        """Let who waits know that there is no connection. Releases are kept for the next one."""
        waiting: list[asyncio.Future[Any]] = [future for _, _, future in self._claims]
        waiting += (future for _, _, future in self._calls)
        waiting += self._called.values()
        self._claims, self._calls, self._called = [], [], {}
        for future in waiting:
            if not future.done():
                future.set_exception(error)


async def _fetch(link: Link, statement: str, *values: object) -> Sequence[Any]:
    with explained(link.name), link.within(STATEMENT_LIMIT_S):
        return await link.raw.fetch(statement, *values)


def _columns(lanes: Sequence[_Lane]) -> tuple[list[str], list[str]]:
    """The partners and the lanes, each as a list."""
    return [partner for partner, _ in lanes], [lane for _, lane in lanes]


def _settle(future: asyncio.Future[T], *, result: T) -> None:
    if not future.done():
        future.set_result(result)
