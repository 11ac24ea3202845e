"""Who may look: signed in by the token, remembered by a cookie that is not the token."""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from botflight_diagnostics.telemetry.clock import Clock

#: A page that is not looked at for so long asks for the token again.
IDLE_S: Final = 3600
#: So does one that is.
LONGEST_S: Final = 12 * 3600

#: Sessions that were signed out are remembered until they would have ended; the oldest are forgotten first.
MAX_ENDED: Final = 1000

_PURPOSE: Final = b"botflight console: sessions"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has shown the token; times in seconds since 1970."""

    name: str
    signed_in_s: int
    expires_s: int

    def __str__(self) -> str:
        """Write what is signed."""
        return f"{self.name}.{self.signed_in_s}.{self.expires_s}"


class Sessions:
    """Signs cookies with a key made from the token: another token, and none of them is good any more.

    Nothing is kept of a session but its end, so a restart signs nobody out.
    """

    def __init__(self, token: str, *, clock: Clock) -> None:
        self._token = token.encode()
        self._key = hmac.digest(self._token, _PURPOSE, "sha256")
        self._clock = clock
        #: Sessions that were signed out; a dictionary, for its order.
        self._ended: dict[str, None] = {}

    def is_token(self, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(given.encode(), self._token)

    def open(self) -> str:
        """Begin a session; the value of its cookie."""
        now_s = self._now_s
        return self._signed(Session(secrets.token_hex(8), now_s, now_s + IDLE_S))

    def of(self, cookie: str) -> Session | None:
        """Return the session of a cookie, or None for one that is not ours, or is over."""
        told, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(told).encode()):
            return None
        name, signed_in_s, expires_s = told.split(".")
        session = Session(name, int(signed_in_s), int(expires_s))
        return session if self._now_s < session.expires_s and name not in self._ended else None

    def renewed(self, session: Session) -> str | None:
        """Return a new cookie for a session that is in use, once half its time is over and as long as it may be."""
        now_s = self._now_s
        expires_s = min(now_s + IDLE_S, session.signed_in_s + LONGEST_S)
        if session.expires_s - now_s > IDLE_S / 2 or expires_s <= session.expires_s:
            return None
        return self._signed(Session(session.name, session.signed_in_s, expires_s))

    def close(self, session: Session) -> None:
        """End a session: its cookie is good no more, wherever a copy of it is."""
        self._ended[session.name] = None
        if len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]

    @property
    def _now_s(self) -> int:
        return self._clock.time_ns() // 1_000_000_000

    def _signed(self, session: Session) -> str:
        return f"{session}.{self._signature(str(session))}"

    def _signature(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), sha256).hexdigest()
