"""The plain statements of the SQL stores, `?` for each value in order; databases with ON CONFLICT run them."""

# ruff: noqa: S608 - what is put together here are constants of this file

from __future__ import annotations

# -- the inbox

ACCEPT = """
INSERT INTO updates (partner, update_id, correlation_id, kind, lane, received_at_ms, payload)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (partner, update_id) DO NOTHING
"""
UNDONE = """
SELECT place, partner, update_id, correlation_id, kind, lane, received_at_ms, payload
FROM updates WHERE partner = ? AND place > ? AND done_at_ms IS NULL ORDER BY place LIMIT ?
"""
# Whether an update is done is asked of its outcome: asked of done_at_ms, PostgreSQL likes to find it among all undone
# ones, by the small index of those, and the longer the queue the longer each takes.
IS_DONE = "SELECT 1 FROM updates WHERE partner = ? AND update_id = ? AND outcome IS NOT NULL"
SET_DONE = """
UPDATE updates SET done_at_ms = ?, outcome = ? WHERE partner = ? AND update_id = ? AND outcome IS NULL
"""
PRUNE_UPDATES = """
DELETE FROM updates WHERE place IN (
    SELECT place FROM updates WHERE partner = ? AND done_at_ms IS NOT NULL AND done_at_ms < ?
    ORDER BY done_at_ms LIMIT ?
)
"""

# -- users and sessions

SEE_USER = """
INSERT INTO users (partner, user_id, first_seen_at_ms) VALUES (?, ?, ?)
ON CONFLICT (partner, user_id) DO UPDATE SET blocked_at_ms = NULL WHERE users.blocked_at_ms IS NOT NULL
"""
HAS_USER = "SELECT 1 FROM users WHERE partner = ? AND user_id = ?"
USER = "SELECT user_id, first_seen_at_ms, blocked_at_ms FROM users WHERE partner = ? AND user_id = ?"
REACHABLE = """
SELECT user_id FROM users WHERE partner = ? AND user_id > ? AND blocked_at_ms IS NULL ORDER BY user_id LIMIT ?
"""
BLOCK_USER = "UPDATE users SET blocked_at_ms = ? WHERE partner = ? AND user_id = ? AND blocked_at_ms IS NULL"
SESSION = "SELECT body, menu_message_id FROM sessions WHERE partner = ? AND user_id = ?"
# The menu is the outbox's to change: a handler that read the session before the menu was sent must not undo it.
# The guard is `sessions.overrides`; the last value is the age from which an older update_id may override.
WRITE_SESSION = """
INSERT INTO sessions (partner, user_id, update_id, written_at_ms, menu_message_id, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (partner, user_id) DO UPDATE SET
    update_id = excluded.update_id,
    written_at_ms = excluded.written_at_ms,
    menu_message_id = coalesce(sessions.menu_message_id, excluded.menu_message_id),
    body = excluded.body
WHERE sessions.update_id <= excluded.update_id OR excluded.written_at_ms - sessions.written_at_ms >= ?
"""
SET_MENU = "UPDATE sessions SET menu_message_id = ? WHERE partner = ? AND user_id = ?"

# -- attempts

_ATTEMPT_COLUMNS = """
partner, task_id, user_id, chat_id, model, inputs, price_hundredths, funding, state, correlation_id, trace_parent,
language, screen_message_id, created_at_ms, changed_at_ms, submitted_at_ms, job_id, artifact_kind, artifact_reference,
artifact_file_name, telegram_file_id, failure
"""
INSERT_ATTEMPT = f"""
INSERT INTO attempts ({_ATTEMPT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (partner, task_id) DO NOTHING
"""
ATTEMPT = f"SELECT {_ATTEMPT_COLUMNS} FROM attempts WHERE partner = ? AND task_id = ?"
ATTEMPT_STATE = "SELECT state FROM attempts WHERE partner = ? AND task_id = ?"
# One place for each state there is; callers fill up with repeats.
_IN_STATES = "partner = ? AND state IN (?, ?, ?, ?, ?, ?, ?, ?)"
ATTEMPTS_IN = f"SELECT {_ATTEMPT_COLUMNS} FROM attempts WHERE {_IN_STATES} ORDER BY changed_at_ms, place LIMIT ?"
# The last condition, in the words of the partial index, lets the planner use it.
ATTEMPTS_OPEN_IN = f"""
SELECT {_ATTEMPT_COLUMNS} FROM attempts
WHERE {_IN_STATES} AND state NOT IN ('delivered', 'failed', 'refunded') ORDER BY changed_at_ms, place LIMIT ?
"""
ATTEMPTS_OF = f"""
SELECT {_ATTEMPT_COLUMNS} FROM attempts WHERE partner = ? AND correlation_id = ? ORDER BY place LIMIT ?
"""
HISTORY = f"""
SELECT {_ATTEMPT_COLUMNS} FROM attempts WHERE partner = ? AND user_id = ? ORDER BY place DESC LIMIT ? OFFSET ?
"""
MOVE = """
UPDATE attempts SET state = ?, changed_at_ms = ?, submitted_at_ms = coalesce(?, submitted_at_ms),
    job_id = coalesce(?, job_id), failure = coalesce(?, failure)
WHERE partner = ? AND task_id = ?
"""
SET_ARTIFACT = """
UPDATE attempts SET artifact_kind = ?, artifact_reference = ?, artifact_file_name = ?, telegram_file_id = ?
WHERE partner = ? AND task_id = ?
"""
SET_FILE_ID = """
UPDATE attempts SET telegram_file_id = ? WHERE partner = ? AND task_id = ? AND artifact_kind IS NOT NULL
"""

# -- money

_TRANSFER_COLUMNS = """
partner, transfer_id, kind, debit_kind, debit_user_id, credit_kind, credit_user_id, amount_hundredths, user_id,
task_id, resolves, created_at_ms
"""
INSERT_TRANSFER = f"INSERT INTO transfers ({_TRANSFER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
TRANSFERS_OF_TASK = f"SELECT {_TRANSFER_COLUMNS} FROM transfers WHERE partner = ? AND task_id = ?"
TRANSFERS_UNDER = f"SELECT {_TRANSFER_COLUMNS} FROM transfers WHERE partner = ? AND transfer_id = ?"
# No row changes where the balance does not hold the amount.
TAKE_FROM_USER = """
UPDATE accounts SET balance_hundredths = balance_hundredths - ?, changed_at_ms = ?
WHERE partner = ? AND user_id = ? AND kind = ? AND balance_hundredths >= ?
"""
ADD_TO_ACCOUNT = """
INSERT INTO accounts (partner, user_id, kind, balance_hundredths, changed_at_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (partner, user_id, kind) DO UPDATE SET
    balance_hundredths = accounts.balance_hundredths + excluded.balance_hundredths,
    changed_at_ms = excluded.changed_at_ms
"""
BALANCES_OF_USER = "SELECT kind, balance_hundredths FROM accounts WHERE partner = ? AND user_id = ?"

# -- free generations

FREE_DEDUCTION = "SELECT user_id, day, restored_at_ms FROM free_deductions WHERE partner = ? AND task_id = ?"
INSERT_FREE_DEDUCTION = """
INSERT INTO free_deductions (partner, task_id, user_id, day, daily_limit, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)
"""
RESTORE_FREE_DEDUCTION = "UPDATE free_deductions SET restored_at_ms = ? WHERE partner = ? AND task_id = ?"
# No row changes where the limit is reached.
USE_FREE_DAY = """
INSERT INTO free_days (partner, user_id, day, used) VALUES (?, ?, ?, 1)
ON CONFLICT (partner, user_id, day) DO UPDATE SET used = free_days.used + 1 WHERE free_days.used < ?
"""
GIVE_BACK_FREE_DAY = "UPDATE free_days SET used = used - 1 WHERE partner = ? AND user_id = ? AND day = ?"
FREE_USED = "SELECT used FROM free_days WHERE partner = ? AND user_id = ? AND day = ?"

# -- payments

_PAYMENT_COLUMNS = """
charge_id, user_id, stars, credited_hundredths, invoice_payload, language, state, refunds, taken_hundredths,
paid_at_ms, changed_at_ms
"""
INSERT_PAYMENT = f"""
INSERT INTO payments (partner, {_PAYMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (partner, charge_id) DO NOTHING
"""
# No row changes unless the payment stands as it was read: in its state, and before or after as many refunds.
MOVE_PAYMENT = """
UPDATE payments SET state = ?, refunds = ?, taken_hundredths = ?, changed_at_ms = ?
WHERE partner = ? AND charge_id = ? AND state = ? AND refunds = ?
"""
PAYMENT = f"SELECT {_PAYMENT_COLUMNS} FROM payments WHERE partner = ? AND charge_id = ?"
PAYMENTS_OF = f"""
SELECT {_PAYMENT_COLUMNS} FROM payments WHERE partner = ? AND user_id = ? ORDER BY place DESC LIMIT ?
"""
PAYMENTS_IN = f"""
SELECT {_PAYMENT_COLUMNS} FROM payments WHERE partner = ? AND state = ? ORDER BY changed_at_ms, place LIMIT ?
"""

# -- what the service and its administrators remember

MEMO = "SELECT name, version, body, changed_at_ms FROM memos WHERE partner = ? AND name = ?"
INSERT_MEMO = """
INSERT INTO memos (partner, name, version, body, changed_at_ms) VALUES (?, ?, 1, ?, ?)
ON CONFLICT (partner, name) DO NOTHING
"""
CHANGE_MEMO = """
UPDATE memos SET version = version + 1, body = ?, changed_at_ms = ? WHERE partner = ? AND name = ? AND version = ?
"""
_ACTION_COLUMNS = "admin_id, action, subject, outcome, correlation_id, at_ms"
INSERT_ACTION = f"INSERT INTO admin_actions (partner, {_ACTION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
ACTIONS = f"SELECT {_ACTION_COLUMNS} FROM admin_actions WHERE partner = ? ORDER BY place DESC LIMIT ?"

# -- the outbox

INSERT_MESSAGE = """
INSERT INTO messages (partner, chat_id, menu_of, task_id, body, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)
RETURNING place
"""
UNSENT = "SELECT place, body FROM messages WHERE partner = ? AND place > ? AND outcome IS NULL ORDER BY place LIMIT ?"
END_MESSAGE = """
UPDATE messages SET outcome = ?, ended_at_ms = ?, telegram_message_id = ?
WHERE partner = ? AND place = ? AND outcome IS NULL RETURNING chat_id, menu_of, task_id
"""
PRUNE_MESSAGES = """
DELETE FROM messages WHERE place IN (
    SELECT place FROM messages WHERE partner = ? AND outcome IS NOT NULL AND ended_at_ms < ?
    ORDER BY ended_at_ms LIMIT ?
)
"""

# -- preflight

COUNTER = "SELECT value FROM counters WHERE partner = ? AND name = ?"
#: Names of hours are of one length, and so in the order of the hours.
COUNTED_AFTER = "SELECT coalesce(sum(value), 0) FROM counters WHERE partner = ? AND name > ? AND name < ?"
FORGET_HOURS = "DELETE FROM counters WHERE partner = ? AND name > ? AND name < ?"
PARTNERS = "SELECT partner, value FROM counters WHERE name = 'users' ORDER BY value DESC, partner"
WRITE_NONCE = "INSERT INTO nonces (nonce, created_at_ms) VALUES (?, ?) ON CONFLICT (nonce) DO NOTHING"
HAS_NONCE = "SELECT 1 FROM nonces WHERE nonce = ?"
DELETE_NONCE = "DELETE FROM nonces WHERE nonce = ?"
FORGET_NONCES = "DELETE FROM nonces WHERE created_at_ms < ?"

# -- mutes

MUTES = "SELECT code, until_ms, up_to, reason, set_at_ms FROM mutes WHERE partner = ? ORDER BY code"
KEEP_MUTE = """
INSERT INTO mutes (partner, code, until_ms, up_to, reason, set_at_ms) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (partner, code) DO UPDATE SET
    until_ms = excluded.until_ms, up_to = excluded.up_to, reason = excluded.reason, set_at_ms = excluded.set_at_ms
"""
DROP_MUTE = "DELETE FROM mutes WHERE partner = ? AND code = ?"
FORGET_MUTES = "DELETE FROM mutes WHERE partner = ? AND until_ms <= ?"
