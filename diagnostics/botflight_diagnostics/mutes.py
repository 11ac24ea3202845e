"""Findings that are known and do not count for a while: each with its end and its reason, gone when it gets worse."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Final, Protocol

from botflight_diagnostics.report import Mute

#: A mute that is forgotten shall not hide a finding for good.
LONGEST_MS: Final = 30 * 24 * 3600 * 1000
MAX_REASON: Final = 500
#: How long the book is waited for.
BOOK_LIMIT_MS: Final = 1000.0
CHANGE_LIMIT_MS: Final = 10_000.0


class MuteRefused(Exception):
    """What was asked for is no mute. `code` is stable, the text says what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class BookFailed(Exception):
    """The book of mutes failed or did not answer; its own error is the cause. Try again once it is well."""


class MuteBook(Protocol):
    """Where mutes are kept: at most one for each code."""

    async def mutes(self) -> Sequence[Mute]:
        """All that are kept, ended ones too."""

    async def keep_mute(self, mute: Mute) -> None:
        """Keep a mute, in the place of the one for its code."""

    async def drop_mute(self, code: str) -> bool:
        """Forget a mute; False where there was none."""


class MutesInMemory:
    """A book that is lost with the process: for services without a store."""

    def __init__(self, mutes: Iterable[Mute] = ()) -> None:
        self._mutes = {mute.code: mute for mute in mutes}

    async def mutes(self) -> Sequence[Mute]:
        """All that are kept."""
        return tuple(self._mutes.values())

    async def keep_mute(self, mute: Mute) -> None:
        """Keep a mute."""
        self._mutes[mute.code] = mute

    async def drop_mute(self, code: str) -> bool:
        """Forget a mute; False where there was none."""
        return self._mutes.pop(code, None) is not None


class PartnerBooks(Protocol):
    """A store in which each partner has a book."""

    async def mutes(self, partner: str) -> Sequence[Mute]:
        """All that are kept."""

    async def keep_mute(self, partner: str, mute: Mute) -> None:
        """Keep a mute."""

    async def drop_mute(self, partner: str, code: str) -> bool:
        """Forget a mute; False where there was none."""


class PartnerBook:
    """The book of one partner."""

    def __init__(self, books: PartnerBooks, partner: str) -> None:
        self._books = books
        self._partner = partner

    async def mutes(self) -> Sequence[Mute]:
        """All that are kept."""
        return await self._books.mutes(self._partner)

    async def keep_mute(self, mute: Mute) -> None:
        """Keep a mute."""
        await self._books.keep_mute(self._partner, mute)

    async def drop_mute(self, code: str) -> bool:
        """Forget a mute; False where there was none."""
        return await self._books.drop_mute(self._partner, code)


class MuteLog(Protocol):
    """Where it is told what became of mutes."""

    def warning(self, event: str, **fields: object) -> object:
        """Write a line."""


class Mutes:
    """The mutes in a book, which may be a store that is frozen: nobody waits for it longer than its limit."""

    def __init__(self, book: MuteBook, *, log: MuteLog | None = None, lifts: bool = True) -> None:
        """`lifts` lets those go whose findings got worse; who only looks leaves them."""
        self._book = book
        self._log = log
        self._lifts = lifts
        self._known: tuple[Mute, ...] = ()
        self._reading: asyncio.Task[Sequence[Mute]] | None = None
        self._lifting: set[asyncio.Task[None]] = set()

    async def read(self) -> tuple[Mute, ...]:
        """Return what the book holds; what it held when it was last read, where it does not answer in time."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._book.mutes())
            # One that fails after nobody waits any more is nobody's error.
            self._reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        # `wait`, because a frozen server holds on to who awaits it: what is late is read by whoever asks next.
        await asyncio.wait({self._reading}, timeout=BOOK_LIMIT_MS / 1000)
        if not self._reading.done():
            self._reading.cancel()
            self._tell_unread(TimeoutError())
        elif self._reading.cancelled():
            self._tell_unread(TimeoutError())
        elif error := self._reading.exception():
            self._tell_unread(error)
        else:
            self._known = tuple(self._reading.result())
        return self._known

    async def keep(self, mute: Mute) -> None:
        """Keep a mute. Raises BookFailed."""
        await _within(self._book.keep_mute(mute))
        self._tell("PREFLIGHT_MUTED", code=mute.code, until_ms=mute.until_ms, up_to=mute.up_to, reason=mute.reason)

    async def drop(self, code: str) -> bool:
        """Forget a mute; False where there was none. Raises BookFailed."""
        dropped: bool = await _within(self._book.drop_mute(code))
        if dropped:
            self._tell("PREFLIGHT_UNMUTED", code=code, reason="ASKED")
        return dropped

    def lift(self, worse: Iterable[Mute]) -> None:
        """Let those go whose findings got worse, in the background: better numbers do not bring them back."""
        for mute in worse if self._lifts else ():
            task = asyncio.create_task(self._lift(mute))
            self._lifting.add(task)
            task.add_done_callback(self._lifting.discard)

    async def close(self) -> None:
        """Cut off what is under way."""
        tasks = {task for task in (self._reading, *self._lifting) if task is not None and not task.done()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=BOOK_LIMIT_MS / 1000)

    async def _lift(self, mute: Mute) -> None:
        try:
            dropped = await _within(self._book.drop_mute(mute.code))
        except BookFailed as error:
            # The next report lifts it again.
            self._tell_unread(error)
            return
        if dropped:
            self._tell("PREFLIGHT_UNMUTED", code=mute.code, reason="WORSE")

    def _tell(self, event: str, **fields: object) -> None:
        if self._log is not None:
            self._log.warning(event, **fields)

    def _tell_unread(self, error: BaseException) -> None:
        if self._log is not None:
            self._log.warning("PREFLIGHT_MUTES_UNREAD", error_type=type(error.__cause__ or error).__name__)


async def _within(change: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever the change gives
    """Await a change of the book, for so long. Raises BookFailed."""
    task = asyncio.ensure_future(change)
    await asyncio.wait({task}, timeout=CHANGE_LIMIT_MS / 1000)
    if not task.done():
        task.cancel()
        raise BookFailed("no answer")
    if error := task.exception():
        raise BookFailed(type(error).__name__) from error
    return task.result()
