"""The sessions of users who were here lately, at hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace

from botflight_service.session import Session, overrides


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

    def at_hand(self, user_id: int) -> Session | None:
        """The session of a user where it is in memory: for whoever cannot wait for the store."""
        return self._sessions.get(user_id)

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
