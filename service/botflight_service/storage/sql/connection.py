"""A connection to SQLite: how it is opened, what its transactions are, and its errors in words that help."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from botflight_service.storage.batches import Action, Outcome, Raised, Returned, Transaction
from botflight_service.storage.interface import StorageError, StorageUnavailable
from botflight_service.storage.sql.program import Program

T = TypeVar("T")

#: What the private store in memory is called, by SQLite and in storage URLs.
MEMORY = ":memory:"
_STATEMENTS_CACHED = 256
#: Nobody else writes (there is a lock for that); a backup or a shell may hold the file for a moment.
_BUSY_TIMEOUT_MS = 5_000
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
#: Pages of the log (32 MiB) after which it goes into the database. At SQLite's 1,000 that, and its two fsyncs, falls
#: into every third commit of 64 clients: their rate over that of one client was 3.2x, and is 4.2x.
_CHECKPOINT_PAGES = 8_000
#: Steps of SQLite's machine between two looks at whether anybody still waits: some milliseconds.
_STEPS_UNINTERRUPTED = 100_000

# synchronous=FULL: with NORMAL a power cut takes acknowledged commits back (356 of 400 simulated ones did).
# fullfsync: macOS's fsync alone leaves the data in the drive's cache; elsewhere it changes nothing.
_DURABLE = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES};
PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES};
"""
_FULL = "the disk is full: free some space"
_ADVICE: dict[int, str] = {
    sqlite3.SQLITE_FULL: _FULL,
    # An extended code: the index of the log, which lies beside it, found no room.
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_READONLY: "it cannot be written: give this user the right to write it and its directory",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: does its directory exist, and may this user write there?",
    sqlite3.SQLITE_PERM: "it cannot be opened: give this user the right to",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database: name another file in the storage URL",
    sqlite3.SQLITE_CORRUPT: "it is damaged: stop the service, keep a copy of the file, import the last export",
    sqlite3.SQLITE_IOERR: "the disk reports an error: look at the system's log",
    sqlite3.SQLITE_BUSY: "another program holds it: end that program",
}
#: The primary code of an extended one is its lowest byte (sqlite.org/rescode.html).
_PRIMARY_CODE = 0xFF


def connect(file: str, *, writes: bool) -> sqlite3.Connection:
    """Open a store's file for writing or for reading alone. Raises StorageUnavailable, saying what to do."""
    with explained(file):
        connection = sqlite3.connect(file, isolation_level=None, cached_statements=_STATEMENTS_CACHED)
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            connection.executescript(f"{_DURABLE} PRAGMA foreign_keys = ON;" if writes else "PRAGMA query_only = ON;")
        except sqlite3.Error:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def explained(file: str) -> Iterator[None]:
    """Turn SQLite's errors about a file into a StorageError that says what to do."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # A defect of ours: trying again would not help.
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        advice = _ADVICE.get(code) or _ADVICE.get(code & _PRIMARY_CODE)
        if advice is not None:
            raise StorageUnavailable(f"{file}: {advice}") from error
        raise StorageError(f"{file}: {error}") from error


def execute(connection: sqlite3.Connection, program: Program[T]) -> T:
    """Run a program inside the transaction of whoever calls; what it ends with."""
    answer: object = None
    while True:
        try:
            step = program.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        cursor = connection.execute(step.statement, step.values)
        answer = cursor.rowcount if step.counts else cursor.fetchall()


def interruptible(connection: sqlite3.Connection, given_up: Callable[[], bool]) -> None:
    """End what a connection runs once it is given up."""
    # sqlite3_interrupt would miss a statement that is about to begin; this is asked from within each.
    connection.set_progress_handler(given_up, _STEPS_UNINTERRUPTED)


def writing(file: str) -> Transaction[sqlite3.Connection]:
    """Make the transaction in which actions write: one commit for all; one that fails undoes its own part alone.

    Few fail, so there are no savepoints at first: they were a third of the statements of an update. Where one fails,
    all is undone, and the others run anew with savepoints: an action may run twice, and counts once.
    """

    def transaction(
        connection: sqlite3.Connection, actions: Sequence[Action[sqlite3.Connection, Any]]
    ) -> Sequence[Outcome]:
        with explained(file):
            try:
                connection.execute("BEGIN IMMEDIATE")
                outcomes = _until_one_fails(connection, actions, file)
                if outcomes and isinstance(outcomes[-1], Raised):
                    _undo(connection, outcomes[-1])
                    connection.execute("BEGIN IMMEDIATE")
                    failed = len(outcomes) - 1
                    before = [_apart(connection, action, file) for action in actions[:failed]]
                    after = [_apart(connection, action, file) for action in actions[failed + 1 :]]
                    outcomes = [*before, outcomes[failed], *after]
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return outcomes

    return transaction


def _until_one_fails(
    connection: sqlite3.Connection, actions: Sequence[Action[sqlite3.Connection, Any]], file: str
) -> list[Outcome]:
    """Run actions in their order, none after one that failed."""
    outcomes: list[Outcome] = []
    for action in actions:
        outcomes.append(_outcome(connection, action, file))
        if isinstance(outcomes[-1], Raised):
            break
    return outcomes


def _undo(connection: sqlite3.Connection, failure: Raised) -> None:
    """Undo a batch. Raises where SQLite did so by itself (as on a full disk): then nobody's work was kept."""
    if not connection.in_transaction:
        raise failure.error
    connection.execute("ROLLBACK")


def reading(file: str) -> Transaction[sqlite3.Connection]:
    """Make the transaction in which actions read: all of them see the store as of one commit."""

    def transaction(
        connection: sqlite3.Connection, actions: Sequence[Action[sqlite3.Connection, Any]]
    ) -> Sequence[Outcome]:
        with explained(file):
            connection.execute("BEGIN")
            try:
                return [_outcome(connection, action, file) for action in actions]
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    return transaction


def staying(file: str) -> Transaction[sqlite3.Connection]:
    """Make a transaction that goes on from batch to batch: all that is ever read is as of one commit."""

    def transaction(
        connection: sqlite3.Connection, actions: Sequence[Action[sqlite3.Connection, Any]]
    ) -> Sequence[Outcome]:
        if not connection.in_transaction:
            with explained(file):
                connection.execute("BEGIN")
        return [_outcome(connection, action, file) for action in actions]

    return transaction


def _apart(connection: sqlite3.Connection, action: Action[sqlite3.Connection, Any], file: str) -> Outcome:
    """Run an action in a savepoint, so that its failure leaves its neighbours' work as it is.

    Raises where SQLite gave the whole transaction up (as on a full disk): then nothing of the batch was kept.
    """
    connection.execute("SAVEPOINT work")
    outcome = _outcome(connection, action, file)
    if isinstance(outcome, Raised):
        if not connection.in_transaction:
            raise outcome.error
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")
    return outcome


def _outcome(connection: sqlite3.Connection, action: Action[sqlite3.Connection, Any], file: str) -> Outcome:
    """Run an action and keep how it ended."""
    try:
        with explained(file):
            return Returned(action(connection))
    except Exception as error:  # noqa: BLE001 - its caller gets it; the others of the batch go on
        return Raised(error)
