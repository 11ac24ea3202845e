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
    except (asyncpg.PostgresError, OSError) as error:
        for kind, advice in _ADVICE:
            if isinstance(error, kind):
                raise StorageUnavailable(f"{name}: {advice}") from error
        if isinstance(error, OSError):
            raise Lost(f"{name}: {error}") from error
        if _passes(error):
            raise StorageError(f"{name}: {error}") from error
        raise


def _passes(error: asyncpg.PostgresError) -> bool:
    """Tell whether a failure is the server's: of its resources, its operators, its system."""
    # Classes of PostgreSQL's appendix A: insufficient resources, limits, not in the right state, operators, system.
    return str(error.sqlstate)[:2] in {"53", "54", "55", "57", "58"}
