"""The tables of the embedded store, as migrations that only go forward."""

from __future__ import annotations

import sqlite3

from botflight_service.storage.interface import SchemaTooNew, StorageUnavailable

#: `PRAGMA application_id`: marks a file as ours ("BotF").
APPLICATION_ID = 0x426F7446

# Every count that diagnostics ask for is kept by a trigger (in the same transaction, without a statement of ours)
# or answered by the end of an index. Rows that are finished fall out of the partial indexes.
_FIRST = """
CREATE TABLE counters (
    partner TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (partner, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    partner TEXT NOT NULL,
    user_id INTEGER NOT NULL CHECK (user_id <> 0),
    first_seen_at_ms INTEGER NOT NULL,
    blocked_at_ms INTEGER,
    PRIMARY KEY (partner, user_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER users_counted AFTER INSERT ON users BEGIN
    INSERT INTO counters VALUES (new.partner, 'users', 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
END;

CREATE TABLE sessions (
    partner TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    update_id INTEGER NOT NULL,
    written_at_ms INTEGER NOT NULL,
    menu_message_id INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (partner, user_id),
    FOREIGN KEY (partner, user_id) REFERENCES users (partner, user_id)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a place is never given twice, also when the last rows were pruned.
CREATE TABLE updates (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    partner TEXT NOT NULL,
    update_id INTEGER NOT NULL,
    correlation_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    payload BLOB NOT NULL,
    done_at_ms INTEGER,
    outcome TEXT,
    UNIQUE (partner, update_id),
    CHECK ((done_at_ms IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX updates_undone ON updates (partner, place) WHERE done_at_ms IS NULL;
CREATE INDEX updates_done ON updates (partner, done_at_ms) WHERE done_at_ms IS NOT NULL;

CREATE TABLE attempts (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    partner TEXT NOT NULL,
    task_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    model TEXT NOT NULL,
    inputs TEXT NOT NULL,
    price_hundredths INTEGER NOT NULL CHECK (price_hundredths >= 0),
    funding TEXT NOT NULL,
    state TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    trace_parent TEXT NOT NULL,
    language TEXT NOT NULL,
    screen_message_id INTEGER,
    created_at_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    submitted_at_ms INTEGER,
    job_id TEXT,
    artifact_kind TEXT,
    artifact_reference TEXT,
    artifact_file_name TEXT,
    telegram_file_id TEXT,
    failure TEXT,
    UNIQUE (partner, task_id)
) STRICT;
CREATE INDEX attempts_of_user ON attempts (partner, user_id, place);
CREATE INDEX attempts_by_age ON attempts (partner, created_at_ms);
CREATE INDEX attempts_by_job ON attempts (partner, job_id) WHERE job_id IS NOT NULL;
CREATE INDEX attempts_open ON attempts (partner, state, changed_at_ms)
    WHERE state NOT IN ('delivered', 'failed', 'refunded');

CREATE TRIGGER attempts_counted AFTER INSERT ON attempts BEGIN
    INSERT INTO counters VALUES (new.partner, 'attempts', 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
END;

-- The provider gave one job id to two attempts: task_ids are unique by the key above, job ids are not ours to give.
CREATE TRIGGER attempts_sharing_a_job_inserted AFTER INSERT ON attempts
WHEN new.job_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM attempts WHERE partner = new.partner AND job_id = new.job_id AND place <> new.place
) BEGIN
    INSERT INTO counters VALUES (new.partner, 'duplicate_jobs', 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER attempts_sharing_a_job AFTER UPDATE OF job_id ON attempts
WHEN new.job_id IS NOT NULL AND new.job_id IS NOT old.job_id AND EXISTS (
    SELECT 1 FROM attempts WHERE partner = new.partner AND job_id = new.job_id AND place <> new.place
) BEGIN
    INSERT INTO counters VALUES (new.partner, 'duplicate_jobs', 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
END;

CREATE TABLE transfers (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    partner TEXT NOT NULL,
    transfer_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    debit_kind TEXT NOT NULL,
    debit_user_id INTEGER NOT NULL,
    credit_kind TEXT NOT NULL,
    credit_user_id INTEGER NOT NULL,
    amount_hundredths INTEGER NOT NULL CHECK (amount_hundredths > 0),
    user_id INTEGER NOT NULL CHECK (user_id <> 0),
    task_id TEXT,
    resolves TEXT UNIQUE REFERENCES transfers (transfer_id),
    created_at_ms INTEGER NOT NULL,
    CHECK (debit_user_id IN (0, user_id) AND credit_user_id IN (0, user_id)),
    CHECK (debit_kind <> credit_kind OR debit_user_id <> credit_user_id)
) STRICT;
CREATE UNIQUE INDEX transfers_of_task ON transfers (partner, task_id, kind) WHERE task_id IS NOT NULL;
CREATE INDEX transfers_of_user ON transfers (partner, user_id, place);

CREATE TRIGGER transfers_are_immutable BEFORE UPDATE ON transfers BEGIN
    SELECT raise(ABORT, 'transfers are immutable');
END;
CREATE TRIGGER transfers_are_kept BEFORE DELETE ON transfers BEGIN
    SELECT raise(ABORT, 'transfers are kept for good');
END;

-- The holds that wait for an end: few, whatever the age of the ledger.
CREATE TABLE open_holds (
    partner TEXT NOT NULL,
    task_id TEXT NOT NULL,
    transfer_id TEXT NOT NULL UNIQUE,
    PRIMARY KEY (partner, task_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER holds_opened AFTER INSERT ON transfers WHEN new.kind = 'hold' BEGIN
    INSERT INTO open_holds VALUES (new.partner, new.task_id, new.transfer_id);
END;
CREATE TRIGGER holds_resolved AFTER INSERT ON transfers WHEN new.resolves IS NOT NULL BEGIN
    DELETE FROM open_holds WHERE transfer_id = new.resolves;
END;

CREATE TABLE accounts (
    partner TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    balance_hundredths INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (partner, user_id, kind),
    CHECK ((user_id = 0) = (kind IN ('revenue', 'top_up_clearing', 'adjustments'))),
    CONSTRAINT no_user_below_zero CHECK (user_id = 0 OR balance_hundredths >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_change ON accounts (partner, changed_at_ms) WHERE user_id <> 0;
CREATE INDEX accounts_below_zero ON accounts (partner, user_id) WHERE user_id <> 0 AND balance_hundredths < 0;

CREATE TRIGGER accounts_counted AFTER INSERT ON accounts BEGIN
    INSERT INTO counters VALUES (new.partner, iif(new.user_id = 0, 'house_accounts', 'user_accounts'), 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
    INSERT INTO counters VALUES (new.partner, 'sum_hundredths', new.balance_hundredths)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + excluded.value;
END;
CREATE TRIGGER accounts_summed AFTER UPDATE OF balance_hundredths ON accounts BEGIN
    UPDATE counters SET value = value + new.balance_hundredths - old.balance_hundredths
    WHERE partner = new.partner AND name = 'sum_hundredths';
END;

CREATE TABLE free_deductions (
    partner TEXT NOT NULL,
    task_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    daily_limit INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    restored_at_ms INTEGER,
    PRIMARY KEY (partner, task_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE free_days (
    partner TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (partner, user_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX free_days_by_use ON free_days (partner, day, used);
CREATE TRIGGER free_days_counted AFTER INSERT ON free_days BEGIN
    INSERT INTO counters VALUES (new.partner, 'free_users ' || new.day, 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
END;

CREATE TABLE messages (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    partner TEXT NOT NULL,
    chat_id INTEGER NOT NULL,
    menu_of INTEGER,
    task_id TEXT,
    body TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    outcome TEXT,
    ended_at_ms INTEGER,
    telegram_message_id INTEGER,
    CHECK ((outcome IS NULL) = (ended_at_ms IS NULL))
) STRICT;
CREATE INDEX messages_unsent ON messages (partner, place) WHERE outcome IS NULL;
CREATE INDEX messages_ended ON messages (partner, ended_at_ms) WHERE outcome IS NOT NULL;

-- Where the audit stands (see audit.py), one row a partner.
CREATE TABLE audits (
    partner TEXT PRIMARY KEY,
    next_user_id INTEGER NOT NULL,
    mismatched INTEGER NOT NULL,
    sample TEXT NOT NULL,
    last_ended_at_ms INTEGER,
    last_mismatched INTEGER,
    last_sample TEXT
) STRICT, WITHOUT ROWID;

-- What preflight writes, reads and deletes to see that writing works.
CREATE TABLE nonces (
    nonce TEXT PRIMARY KEY,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
# Payments in Stars, what administrators did, and what the service remembers of itself.
_SECOND = """
CREATE TABLE payments (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    partner TEXT NOT NULL,
    charge_id TEXT NOT NULL,
    user_id INTEGER NOT NULL CHECK (user_id <> 0),
    stars INTEGER NOT NULL CHECK (stars > 0),
    credited_hundredths INTEGER NOT NULL CHECK (credited_hundredths >= 0),
    invoice_payload TEXT NOT NULL,
    language TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('paid', 'refunding', 'refunded')),
    refunds INTEGER NOT NULL CHECK (refunds >= 0),
    taken_hundredths INTEGER NOT NULL CHECK (taken_hundredths BETWEEN 0 AND credited_hundredths),
    paid_at_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    UNIQUE (partner, charge_id)
) STRICT;
CREATE INDEX payments_of_user ON payments (partner, user_id, place);
CREATE INDEX payments_by_state ON payments (partner, state, changed_at_ms);

CREATE TABLE admin_actions (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    partner TEXT NOT NULL,
    admin_id INTEGER NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX admin_actions_of_partner ON admin_actions (partner, place);
CREATE TRIGGER admin_actions_are_immutable BEFORE UPDATE ON admin_actions BEGIN
    SELECT raise(ABORT, 'what administrators did is immutable');
END;
CREATE TRIGGER admin_actions_are_kept BEFORE DELETE ON admin_actions BEGIN
    SELECT raise(ABORT, 'what administrators did is kept for good');
END;

CREATE TABLE memos (
    partner TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    body TEXT NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (partner, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_correlation ON attempts (partner, correlation_id);
"""

# Findings of the preflights that do not count for a while.
_MUTES = """
CREATE TABLE mutes (
    partner TEXT NOT NULL,
    code TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    up_to INTEGER NOT NULL,
    reason TEXT NOT NULL,
    set_at_ms INTEGER NOT NULL,
    PRIMARY KEY (partner, code)
) STRICT, WITHOUT ROWID;
"""

# What happened within 24 h is asked every 30 s: it is counted by hours (of `printf('%010d', at_ms / 3600000)`), so that
# the answer costs the same on a busy day. Hours that nobody asks for any more are pruned.
# The index on users below zero has a second column that is asked for: without it the planner takes the primary key,
# and reads all accounts of the partner.
_HOURS = """
DROP INDEX accounts_below_zero;
CREATE INDEX accounts_below_zero ON accounts (partner, balance_hundredths)
    WHERE user_id <> 0 AND balance_hundredths < 0;

CREATE TRIGGER attempts_counted_by_hour AFTER INSERT ON attempts BEGIN
    INSERT INTO counters VALUES (new.partner, 'attempts_of_hour ' || printf('%010d', new.created_at_ms / 3600000), 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER accounts_counted_by_hour AFTER INSERT ON accounts WHEN new.user_id <> 0 BEGIN
    INSERT INTO counters VALUES (new.partner, 'accounts_of_hour ' || printf('%010d', new.changed_at_ms / 3600000), 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER accounts_moved_to_an_hour AFTER UPDATE OF changed_at_ms ON accounts
WHEN new.user_id <> 0 AND new.changed_at_ms / 3600000 <> old.changed_at_ms / 3600000 BEGIN
    INSERT INTO counters VALUES (new.partner, 'accounts_of_hour ' || printf('%010d', new.changed_at_ms / 3600000), 1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value + 1;
    INSERT INTO counters VALUES (old.partner, 'accounts_of_hour ' || printf('%010d', old.changed_at_ms / 3600000), -1)
    ON CONFLICT (partner, name) DO UPDATE SET value = value - 1;
END;
INSERT INTO counters
    SELECT partner, 'attempts_of_hour ' || printf('%010d', created_at_ms / 3600000) AS name, count(*)
    FROM attempts GROUP BY 1, 2;
INSERT INTO counters
    SELECT partner, 'accounts_of_hour ' || printf('%010d', changed_at_ms / 3600000) AS name, count(*)
    FROM accounts WHERE user_id <> 0 GROUP BY 1, 2;
"""

#: Step n makes version n + 1 out of version n. A step that was released is never changed.
MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND, _MUTES, _HOURS)

#: The version that this program writes.
SCHEMA_VERSION = len(MIGRATIONS)


def schema_version(connection: sqlite3.Connection) -> int:
    """Read the version of a store; 0 for a new one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection, *, name: str) -> None:
    """Bring a store, called `name` in errors, to SCHEMA_VERSION; each step is one transaction.

    Raises SchemaTooNew where a newer program wrote it, StorageUnavailable where it is the database of something else.
    """
    version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(
            f"{name} has schema version {version}, this program knows {SCHEMA_VERSION}: "
            "start the version of botflight that wrote it, or a newer one"
        )
    check_ours(connection, name=name)
    for step in range(version, SCHEMA_VERSION):
        # executescript ends an open transaction of its own accord, so the transaction is part of the script.
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[step]}"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {step + 1}; COMMIT;"
        )


def check_ours(connection: sqlite3.Connection, *, name: str) -> None:
    """Raise StorageUnavailable where another program filled the database."""
    version = schema_version(connection)
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    new = application == 0 and version == 0 and tables == 0
    if application != APPLICATION_ID and not new:
        raise StorageUnavailable(f"{name} is a database of another program: name another file in the storage URL")
