"""A broadcast: what is sent to everybody, how far it has come, and whoever takes the next step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from html import escape
from typing import Protocol, Self
from uuid import UUID, uuid5

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.bot import keyboards
from botflight_service.bot.texts import Texts
from botflight_service.memo import Memo
from botflight_service.message import OutgoingMessage
from botflight_service.storage.interface import MemoChanged, QueuedMessage, Storage, StorageError, Work

#: The memo that a broadcast is, and how long its text may be: escaped it stays under Telegram's 4096.
MEMO = "broadcast"
MAX_CHARACTERS = 3000
#: So many people at a time, and a pause after each: 15 a second, half of what Telegram takes, the rest is for others.
PAGE = 15
PAUSE_S = 1.0
#: While so many messages wait to be sent (a 429 is being waited out, say) no more are queued.
MAX_WAITING = 60
#: How often is looked whether there is one; an administrator's word in this process makes it sooner.
LOOK_S = 5.0
_CORRELATIONS = UUID("6f1e6c1e-4f0c-5d0e-9a53-0f2c5a1d7b30")


class BroadcastState(StrEnum):
    """Where a broadcast stands."""

    NONE = "none"
    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """What the memo says."""

    state: BroadcastState = BroadcastState.NONE
    text: str = ""
    #: Who is told of its end, in which language.
    admin_id: int = 0
    language: str = "en"
    #: The last user whose message is queued; they are gone through in order of their ids.
    after: int = 0
    #: How many messages were queued.
    queued: int = 0

    @classmethod
    def of(cls, memo: Memo) -> Self:
        """Read a memo."""
        return cls(**{**memo.body, "state": BroadcastState(memo.body.get("state", BroadcastState.NONE))})

    def over(self, memo: Memo) -> Memo:
        """The memo that says so, over the one that was read."""
        return replace(memo, body=asdict(self))


class Messenger(Protocol):
    """Sends what was committed."""

    @property
    def waiting(self) -> int:
        """Messages that are not sent yet."""
        ...

    def put(self, messages: Sequence[QueuedMessage]) -> None:
        """Take committed messages on."""
        ...


class Broadcaster:
    """Queues a broadcast, some people at a time: their messages and how far it has come are one commit.

    So nobody is left out and nobody is queued twice, whatever crashes in between and however many replicas there are.
    Sending is the outbox's: a 429 is waited out, who blocked the bot is left out of the next one.
    """

    def __init__(
        self,
        *,
        partner: str,
        storage: Storage,
        messenger: Messenger,
        texts: Texts,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._partner = partner
        self._storage = storage
        self._messenger = messenger
        self._texts = texts
        self._log = telemetry.logs.logger("broadcast")
        self._clock_ms = clock_ms
        self._sleep = sleep
        self._poked = asyncio.Event()

    def changed(self, memo: Memo) -> None:
        """Look at once: an administrator has spoken."""
        if memo.name == MEMO:
            self._poked.set()

    async def run(self) -> None:
        """Take one step after the other, until cancelled."""
        while True:
            try:
                while await self.step():
                    await self._sleep(PAUSE_S)
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._poked.wait()
            except TimeoutError:
                continue
            self._poked.clear()

    async def step(self) -> bool:
        """Queue the next messages; False where there is no broadcast under way. Raises StorageError."""
        memo = await self._storage.memo(self._partner, MEMO)
        found = Broadcast.of(memo)
        if found.state is not BroadcastState.RUNNING:
            return False
        if self._messenger.waiting >= MAX_WAITING:
            return True
        users = await self._storage.reachable(self._partner, after=found.after, limit=PAGE)
        if users:
            reached = replace(found, after=users[-1], queued=found.queued + len(users))
            messages = tuple([await self._to(user_id, memo, found) for user_id in users])
        else:
            reached = replace(found, state=BroadcastState.ENDED)
            messages = (self._ended(memo, found),)
        work = Work(partner=self._partner, at_ms=self._clock_ms(), memo=reached.over(memo), messages=messages)
        try:
            receipt = await self._storage.commit(work)
        except MemoChanged:
            return True  # Another replica took this step, or an administrator stopped it.
        self._messenger.put(receipt.messages)
        self._log.info("BROADCAST_STEP", state=reached.state, queued=reached.queued)
        return True

    async def _to(self, user_id: int, memo: Memo, found: Broadcast) -> OutgoingMessage:
        session = await self._storage.session(self._partner, user_id)
        language = self._texts.speak((session.language if session else None) or found.language)
        # In a private chat the chat's id is the user's.
        return self._message(user_id, escape(found.text), language.code, memo)

    def _ended(self, memo: Memo, found: Broadcast) -> OutgoingMessage:
        language = self._texts.speak(found.language)
        return self._message(
            found.admin_id, language.html("admin.broadcast.ended", queued=found.queued), found.language, memo
        )

    def _message(self, chat_id: int, text: str, code: str, memo: Memo) -> OutgoingMessage:
        return OutgoingMessage(
            chat_id=chat_id,
            text=text,
            keyboard=keyboards.to_new_menu(self._texts.speak(code)),
            correlation_id=uuid5(_CORRELATIONS, f"{self._partner}\n{memo.version}\n{chat_id}"),
        )
