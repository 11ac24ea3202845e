"""What the bot remembers of a conversation with one user; an older update never overrides a newer one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from botflight_service.billing.money import Credits
from botflight_service.generation.attempts import Funding


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the confirm screen promised: nothing is taken unless it still holds."""

    task_id: UUID
    price: Credits
    funding: Funding


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A generation in the making."""

    #: A key of the catalogue.
    model: str
    #: Answers so far, by input name.
    inputs: Mapping[str, str] = field(default_factory=dict)
    #: The input that is awaited; None once all are there.
    step: str | None = None
    #: Set once the confirm screen was drawn.
    offer: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The conversation with one user, as of one update."""

    user_id: int
    #: The update that wrote this.
    update_id: int
    written_at_ms: int
    #: The language that the user chose; None follows Telegram's.
    language: str | None = None
    #: The message that holds the menu; set by the outbox once it was sent.
    menu_message_id: int | None = None
    draft: Draft | None = None


#: After an idle week Telegram may start its ids anew: an older session no longer counts as newer.
GUARD_MS = 24 * 60 * 60 * 1000


def overrides(new: Session, old: Session) -> bool:
    """Whether `new` may take the place of `old`: never when an earlier update wrote it, unless `old` is a day old."""
    return new.update_id >= old.update_id or new.written_at_ms - old.written_at_ms >= GUARD_MS


class SessionCache:
    """The sessions of users who were here lately; the store has the rest."""

    def __init__(self, load: Callable[[int], Awaitable[Session | None]], *, max_sessions: int = 10_000) -> None:
        self._load = load
        self._max_sessions = max_sessions
        self._sessions: OrderedDict[int, Session] = OrderedDict()

    async def get(self, user_id: int) -> Session | None:
        """The session of a user, read from the store where it is not at hand."""
        session = self._sessions.get(user_id)
        if session is None:
            session = await self._load(user_id)
            if session is not None:
                self.put(session)
            return session
        self._sessions.move_to_end(user_id)
        return session

    def put(self, session: Session) -> bool:
        """Keep a session; False where a newer update has written it already."""
        known = self._sessions.get(session.user_id)
        if known is not None and not overrides(session, known):
            return False
        self._sessions[session.user_id] = session
        self._sessions.move_to_end(session.user_id)
        if len(self._sessions) > self._max_sessions:
            self._sessions.popitem(last=False)
        return True

    def menu_sent(self, user_id: int, message_id: int) -> None:
        """Remember which message holds a user's menu now; the outbox makes the same durable."""
        session = self._sessions.get(user_id)
        if session is not None:
            self._sessions[user_id] = replace(session, menu_message_id=message_id)

    def forget(self, user_id: int) -> None:
        """Read this user's session from the store the next time."""
        self._sessions.pop(user_id, None)
