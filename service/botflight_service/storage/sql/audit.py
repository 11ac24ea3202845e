"""The invariants of what is stored, recomputed: all at once for a check, or in steps beside the running service."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from botflight_service.storage.sql.program import Program, changed, row, rows

#: A query whose every row breaks an invariant, and the sentence that its columns fill.
_INVARIANTS: tuple[tuple[str, str], ...] = (
    (
        "SELECT partner, sum(balance_hundredths) FROM accounts GROUP BY partner HAVING sum(balance_hundredths) <> 0",
        "the balances of {} sum to {} hundredths, not to zero",
    ),
    (
        """
        SELECT kind, user_id, partner, sum(amount) FROM (
            SELECT partner, user_id, kind, balance_hundredths AS amount FROM accounts
            UNION ALL SELECT partner, debit_user_id, debit_kind, amount_hundredths FROM transfers
            UNION ALL SELECT partner, credit_user_id, credit_kind, -amount_hundredths FROM transfers
        ) AS entries GROUP BY partner, user_id, kind HAVING sum(amount) <> 0
        """,
        "the {} of user {} of {} is {} hundredths off the sum of its entries",
    ),
    (
        "SELECT kind, user_id, partner FROM accounts WHERE user_id <> 0 AND balance_hundredths < 0",
        "the {} of user {} of {} is below zero",
    ),
    (
        """
        SELECT task_id, partner, kind, count(*) FROM transfers WHERE task_id IS NOT NULL
        GROUP BY partner, task_id, kind HAVING count(*) > 1
        """,
        "task {} of {} has its {} {} times",
    ),
    (
        """
        SELECT task_id, partner FROM open_holds LEFT JOIN attempts USING (partner, task_id)
        WHERE state IS NULL OR state NOT IN ('confirmed', 'submitting', 'running', 'unknown')
        """,
        "the hold of task {} of {} outlives its attempt",
    ),
    (
        """
        SELECT transfer_id, partner FROM transfers AS hold WHERE kind = 'hold'
            AND EXISTS (SELECT 1 FROM transfers WHERE resolves = hold.transfer_id)
            = EXISTS (SELECT 1 FROM open_holds WHERE transfer_id = hold.transfer_id)
        """,
        "hold {} of {} is open and resolved, or neither",
    ),
    (
        """
        SELECT user_id, day, partner, sum(used), sum(taken) FROM (
            SELECT partner, user_id, day, used, 0 AS taken FROM free_days
            UNION ALL SELECT partner, user_id, day, 0, 1 FROM free_deductions WHERE restored_at_ms IS NULL
        ) AS uses GROUP BY partner, user_id, day HAVING sum(used) <> sum(taken)
        """,
        "user {} used on {} at {} {} free generations, yet {} are written down",
    ),
    (
        """
        SELECT user_id, day, partner, count(*), max(daily_limit) FROM free_deductions WHERE restored_at_ms IS NULL
        GROUP BY partner, user_id, day HAVING count(*) > max(daily_limit)
        """,
        "user {} has on {} at {} {} free generations of {}",
    ),
    (
        """
        SELECT name, partner, sum(kept), sum(counted) FROM (
            SELECT partner, name, value AS kept, 0 AS counted FROM counters
            WHERE name IN ('users', 'attempts', 'user_accounts', 'sum_hundredths')
            UNION ALL SELECT partner, 'users', 0, count(*) FROM users GROUP BY partner
            UNION ALL SELECT partner, 'attempts', 0, count(*) FROM attempts GROUP BY partner
            UNION ALL SELECT partner, 'user_accounts', 0, count(*) FROM accounts WHERE user_id <> 0 GROUP BY partner
            UNION ALL SELECT partner, 'sum_hundredths', 0, sum(balance_hundredths) FROM accounts GROUP BY partner
        ) AS counts GROUP BY partner, name HAVING sum(kept) <> sum(counted)
        """,
        "the counter {} of {} says {}, counting says {}",
    ),
)
#: No more sentences than these are of use to anybody.
MAX_SENTENCES = 100
_SAMPLE = 5

_POSITION = "SELECT next_user_id, mismatched, sample FROM audits WHERE partner = ?"
_NEXT_USERS = """
SELECT max(user_id), count(*) FROM (
    SELECT DISTINCT user_id FROM accounts WHERE partner = ? AND user_id >= ? ORDER BY user_id LIMIT ?
) AS theirs
"""
_MISMATCHED = """
SELECT user_id FROM (
    SELECT user_id, kind, balance_hundredths AS amount FROM accounts
    WHERE partner = ? AND user_id BETWEEN ? AND ?
    UNION ALL SELECT user_id, debit_kind, amount_hundredths FROM transfers
    WHERE partner = ? AND user_id BETWEEN ? AND ? AND debit_user_id <> 0
    UNION ALL SELECT user_id, credit_kind, -amount_hundredths FROM transfers
    WHERE partner = ? AND user_id BETWEEN ? AND ? AND credit_user_id <> 0
) AS entries GROUP BY user_id, kind HAVING sum(amount) <> 0
"""
_NOTE_STEP = """
INSERT INTO audits (partner, next_user_id, mismatched, sample) VALUES (?, ?, ?, ?)
ON CONFLICT (partner) DO UPDATE SET
    next_user_id = excluded.next_user_id, mismatched = excluded.mismatched, sample = excluded.sample
"""
_NOTE_END = """
UPDATE audits SET last_ended_at_ms = ?, last_mismatched = mismatched, last_sample = sample,
    next_user_id = 1, mismatched = 0, sample = '[]'
WHERE partner = ?
"""


def violations() -> Program[list[str]]:
    """Recompute every invariant over all that is stored; a sentence for each that does not hold, at most 100."""
    sentences: list[str] = []
    for query, sentence in _INVARIANTS:
        found = yield from rows(f"{query} LIMIT {MAX_SENTENCES}")
        sentences += (sentence.format(*broken) for broken in found)
    return sentences[:MAX_SENTENCES]


@dataclass(frozen=True, slots=True)
class Examined:
    """Where a pass of the audit stands."""

    next_user_id: int
    #: Balances that differ from the sum of their entries, so far in this pass.
    mismatched: int
    #: At most five of their users.
    sample: tuple[int, ...]
    #: Whether the pass is complete.
    ended: bool


def examine(partner: str, *, users: int) -> Program[Examined]:
    """Compare the balances of the next so many users with the sums of their entries."""
    stands = yield from row(_POSITION, partner)
    first, mismatched, sample = (stands[0], stands[1], tuple(orjson.loads(stands[2]))) if stands else (1, 0, ())
    ((last, count),) = yield from rows(_NEXT_USERS, partner, first, users)
    if count == 0:
        return Examined(first, mismatched, sample, ended=True)
    found = [user_id for (user_id,) in (yield from rows(_MISMATCHED, *(partner, first, last) * 3))]
    return Examined(
        last + 1, mismatched + len(found), tuple(dict.fromkeys((*sample, *found)))[:_SAMPLE], ended=count < users
    )


def note(partner: str, found: Examined, *, at_ms: int) -> Program[None]:
    """Write down where the pass stands, and its result once it has ended."""
    sample = orjson.dumps(found.sample).decode()
    yield from changed(_NOTE_STEP, partner, found.next_user_id, found.mismatched, sample)
    if found.ended:
        yield from changed(_NOTE_END, at_ms, partner)
