"""What goes wrong between us and PostgreSQL, sorted by what to do about it, in words that help."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import asyncpg  # type: ignore[import-untyped]  # it says nothing of its types

from botflight_service.storage.interface import StorageError, StorageUnavailable


class Contended(StorageError):
    """Two transactions were in each other's way and this one was undone: begun again, it sees what the other did."""


class Lost(StorageError):
    """The connection broke. Whether the transaction was committed is told by `uncertain`."""

    def __init__(self, text: str, *, uncertain: bool = False) -> None:
        super().__init__(text)
        #: True where the commit had been asked for: it may have happened.
        self.uncertain = uncertain


#: The other transaction's rows are seen by the next try, which then knows what to refuse.
_CONTENDED = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
)
#: The server went away, is about to, or is not there yet; the client's own words for a connection that is closed.
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    ConnectionError,
    FileNotFoundError,
    TimeoutError,
)
#: What asyncpg asks of a connection's protocol: one that is cut between preparing a statement and running it has none.
_OF_PROTOCOL = frozenset({"prepare", "bind_execute", "query", "copy_in", "close_statement"})
_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (asyncpg.DiskFullError, "its disk is full: free some space"),
    (asyncpg.ReadOnlySQLTransactionError, "it takes no writes: name the primary server in the storage URL"),
    (asyncpg.InvalidCatalogNameError, "there is no such database: create it (createdb)"),
    (asyncpg.InvalidAuthorizationSpecificationError, "it refuses the user or the password of the storage URL"),
    (asyncpg.InsufficientPrivilegeError, "the user may not do that: let it own the database, or grant it CREATE there"),
    (asyncpg.UndefinedTableError, "tables of ours are missing: import the last export into a new database"),
)


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn errors of the database called `name` into a StorageError that says what to do, or whether to try again.

    What is left is a defect of ours, as a statement that PostgreSQL does not understand is.
    """
    try:
        yield
    except (asyncpg.DataError, asyncpg.ClientConfigurationError):
        raise  # Interface errors as well, yet the connection is as it was.
    except _CONTENDED as error:
        raise Contended(f"{name}: {error}") from error
    except _LOST as error:
        raise Lost(f"{name}: {error or type(error).__name__}") from error
    except AttributeError as error:
        if error.obj is not None or error.name not in _OF_PROTOCOL:
            raise
        raise Lost(f"{name}: the connection was cut") from error
    except (asyncpg.PostgresError, OSError) as error:
        told = _told(error, name)
        if told is None:
            raise
        raise told from error


def _told(error: asyncpg.PostgresError | OSError, name: str) -> StorageError | None:
    """What to say of an error of the server or the system; None for a defect of ours."""
    for kind, advice in _ADVICE:
        if isinstance(error, kind):
            return StorageUnavailable(f"{name}: {advice}")
    if isinstance(error, OSError):
        return Lost(f"{name}: {error}")
    return StorageError(f"{name}: {error}") if _passes(error) else None


def _passes(error: asyncpg.PostgresError) -> bool:
    """Tell whether a failure is the server's: of its resources, its operators, its system."""
    # Classes of PostgreSQL's appendix A: insufficient resources, limits, not in the right state, operators, system.
    return str(error.sqlstate)[:2] in {"53", "54", "55", "57", "58"}
