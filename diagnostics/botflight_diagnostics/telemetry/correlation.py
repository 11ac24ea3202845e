"""Who and what the current task works for, carried by a context variable."""

import hashlib
import hmac
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final
from uuid import UUID

#: Fixed for good: another namespace would break every link between old and new logs.
NAMESPACE: Final = UUID("6f1f0d3a-6f0b-5d0e-9d4b-6b6f74666c74")

_REFERENCE_BYTES: Final = 6
#: Of a UUID: the bits of its version, which is 5, and of its variant (RFC 9562).
_MARKS: Final = (0xF << 76) | (0x3 << 62)
_VERSION_5: Final = (0x5 << 76) | (0x2 << 62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """The ids that every log line of one update carries; `None` where there is nothing to name."""

    correlation_id: UUID
    #: 32 hexadecimal digits; the trace that is open wins over it in a log line.
    trace_id: str | None = None
    update_id: int | None = None
    update_type: str | None = None
    #: Made by `mask`.
    tenant_ref: str | None = None
    #: Made by `UserReferences`.
    user_ref: str | None = None
    handler: str | None = None
    #: What a log line takes over, rendered once per update and not once per line.
    log_fields: dict[str, str | int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fields: dict[str, str | int] = {"correlation_id": str(self.correlation_id)}
        if self.trace_id is not None:
            fields["trace_id"] = self.trace_id
        if self.update_id is not None:
            fields["update_id"] = self.update_id
        if self.update_type is not None:
            fields["update_type"] = self.update_type
        if self.handler is not None:
            fields["handler"] = self.handler
        if self.tenant_ref is not None:
            fields["tenant_ref"] = self.tenant_ref
        if self.user_ref is not None:
            fields["user_ref"] = self.user_ref
        object.__setattr__(self, "log_fields", fields)

    def handled_by(self, handler: str) -> "Correlation":
        """Return the same ids with a handler's name."""
        return Correlation(
            correlation_id=self.correlation_id,
            trace_id=self.trace_id,
            update_id=self.update_id,
            update_type=self.update_type,
            tenant_ref=self.tenant_ref,
            user_ref=self.user_ref,
            handler=handler,
        )


_current: ContextVar[Correlation | None] = ContextVar("botflight_correlation", default=None)


def correlation_id_of(bot_id: int, update_id: int) -> UUID:
    """Name everything that comes of an update, by a UUIDv5; a redelivered update gets the same id."""
    # As `uuid.uuid5`, which imports and checks at each call: 8 us instead of 3.
    digest = sha1(NAMESPACE.bytes + f"{bot_id}:{update_id}".encode(), usedforsecurity=False).digest()
    return UUID(int=(int.from_bytes(digest[:16], "big") & ~_MARKS) | _VERSION_5)


def current() -> Correlation | None:
    """Return the correlation that the running task works under, or None."""
    return _current.get()


class _Bound:
    """A correlation for the time of a block."""

    __slots__ = ("_correlation", "_token")

    def __init__(self, correlation: Correlation) -> None:
        self._correlation = correlation
        self._token: Token[Correlation | None] | None = None

    def __enter__(self) -> Correlation:
        self._token = _current.set(self._correlation)
        return self._correlation

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)


def bind(correlation: Correlation) -> AbstractContextManager[Correlation]:
    """Work under `correlation`; tasks started inside inherit it."""
    return _Bound(correlation)


def bind_handler(handler: str) -> AbstractContextManager[Correlation | None]:
    """Add the handler's name to the current correlation, if there is one."""
    correlation = _current.get()
    return nullcontext() if correlation is None else _Bound(correlation.handled_by(handler))


def mask(name: str) -> str:
    """Show the first character and the last two at most, and never more than half: `p-main01` -> `p***01`."""
    shown = min(2, max(0, len(name) // 2 - 1))
    return f"{name[:1]}***{name[len(name) - shown :] if shown else ''}"


class UserReferences:
    """Names users in signals by a keyed hash: stable, and of no use to those without the key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("user references need a key: without one, anybody can list all ids and their hashes")
        self._key = key[: hashlib.blake2b.MAX_KEY_SIZE] if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else _digest(key)

    def of(self, user_id: int) -> str:
        """Name a user: `u_` and 12 hexadecimal digits."""
        return f"u_{hashlib.blake2b(str(user_id).encode(), key=self._key, digest_size=_REFERENCE_BYTES).hexdigest()}"


def _digest(key: bytes) -> bytes:
    return hmac.digest(b"botflight", key, "sha256")
