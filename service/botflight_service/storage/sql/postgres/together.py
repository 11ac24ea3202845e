"""What many updates write, in one statement: one round trip, one commit and one fsync for all of them.

Like single.py it decides nothing. Where one of the works does not find what it expects, the statement undoes itself and
each is done by itself. Money never goes this way: what is here is of updates that were heard and answered, no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it says nothing of its types

from botflight_service.session import GUARD_MS
from botflight_service.storage.interface import Mark, QueuedMessage, Receipt, SendOutcome, Work
from botflight_service.storage.sql import writes
from botflight_service.storage.sql.postgres.faults import explained
from botflight_service.storage.sql.postgres.link import Link
from botflight_service.storage.sql.program import Program, rows
from botflight_service.storage.sql.rows import message_row, session_row, update_row
from botflight_service.updates.envelope import Envelope

#: Updates, or works, that go in one statement.
MOST: Final = 64

_ACCEPT = """
INSERT INTO updates (partner, update_id, correlation_id, kind, lane, received_at_ms, payload)
SELECT partner, update_id, correlation_id, kind, lane, received_at_ms, payload
FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[], $7::BYTEA[])
    WITH ORDINALITY AS given (partner, update_id, correlation_id, kind, lane, received_at_ms, payload, number)
ORDER BY number
ON CONFLICT (partner, update_id) DO NOTHING
RETURNING partner, update_id
"""
# No user stands in it twice: PostgreSQL changes no row twice in one statement.
_COMMIT = """
WITH done AS (
    UPDATE updates SET done_at_ms = given.at_ms, outcome = given.outcome
    FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::BIGINT[]) AS given (partner, update_id, outcome, at_ms)
    WHERE updates.partner = given.partner AND updates.update_id = given.update_id AND updates.outcome IS NULL
    RETURNING 1
), user_seen AS (
    INSERT INTO users (partner, user_id, first_seen_at_ms)
    SELECT partner, user_id, written_at_ms
    FROM unnest($5::TEXT[], $6::BIGINT[], $8::BIGINT[]) AS given (partner, user_id, written_at_ms)
    ORDER BY partner, user_id
    ON CONFLICT (partner, user_id) DO UPDATE SET blocked_at_ms = NULL WHERE users.blocked_at_ms IS NOT NULL
), session_written AS (
    INSERT INTO sessions (partner, user_id, update_id, written_at_ms, menu_message_id, body)
    SELECT partner, user_id, update_id, written_at_ms, menu_message_id, body
    FROM unnest($5::TEXT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::TEXT[])
        AS given (partner, user_id, update_id, written_at_ms, menu_message_id, body)
    ORDER BY partner, user_id
    ON CONFLICT (partner, user_id) DO UPDATE SET
        update_id = excluded.update_id,
        written_at_ms = excluded.written_at_ms,
        menu_message_id = coalesce(sessions.menu_message_id, excluded.menu_message_id),
        body = excluded.body
    WHERE sessions.update_id <= excluded.update_id OR excluded.written_at_ms - sessions.written_at_ms >= $11
    RETURNING partner, user_id
), queued AS (
    INSERT INTO messages (partner, chat_id, menu_of, task_id, body, created_at_ms)
    SELECT partner, chat_id, menu_of, task_id, body, created_at_ms
    FROM unnest($12::TEXT[], $13::BIGINT[], $14::BIGINT[], $15::TEXT[], $16::TEXT[], $17::BIGINT[])
        WITH ORDINALITY AS given (partner, chat_id, menu_of, task_id, body, created_at_ms, number)
    ORDER BY number RETURNING place
)
SELECT require((SELECT count(*) FROM done) = $18),
    (SELECT array_agg(partner) FROM session_written), (SELECT array_agg(user_id) FROM session_written),
    (SELECT array_agg(place ORDER BY place) FROM queued)
"""
# Of several menus of one user the last one is the session's.
_MARK_SENT = """
WITH ended AS (
    UPDATE messages SET outcome = 'sent', ended_at_ms = given.at_ms, telegram_message_id = given.message_id
    FROM unnest(?::BIGINT[], ?::BIGINT[], ?::BIGINT[]) AS given (place, at_ms, message_id)
    WHERE messages.partner = ? AND messages.place = given.place AND messages.outcome IS NULL
    RETURNING messages.place, messages.menu_of, messages.task_id, given.message_id
), menus AS (
    SELECT DISTINCT ON (menu_of) menu_of, message_id FROM ended
    WHERE menu_of IS NOT NULL AND message_id IS NOT NULL ORDER BY menu_of, place DESC
), menus_set AS (
    UPDATE sessions SET menu_message_id = menus.message_id
    FROM menus WHERE sessions.partner = ? AND sessions.user_id = menus.menu_of
)
SELECT place, task_id FROM ended WHERE task_id IS NOT NULL
"""


async def accept(link: Link, envelopes: Sequence[Envelope]) -> Sequence[bool]:
    """Keep updates until they are done, in this order; False for each that is there already, or twice among these."""
    with explained(link.name):
        found = await link.raw.fetch(_ACCEPT, *_columns([update_row(envelope) for envelope in envelopes], 7))
    new = {(partner, update_id) for partner, update_id in found}
    return list(_claimed(new, envelopes))


def _claimed(new: set[tuple[str, int]], envelopes: Sequence[Envelope]) -> Iterator[bool]:
    """Each new key is its first bearer's."""
    for envelope in envelopes:
        key = (envelope.partner, envelope.update_id)
        yield key in new
        new.discard(key)


def is_plain(work: Work) -> bool:
    """Tell whether a work ends an update, with a session and messages at the most."""
    return work.done is not None and not (
        work.attempt
        or work.move
        or work.transfers
        or work.free
        or work.restore_free
        or work.payment
        or work.payment_move
        or work.memo
        or work.action
    )


async def commit(link: Link, works: Sequence[Work]) -> Sequence[Receipt] | None:
    """Do plain works, in which no user has two sessions. None where one does not go through: nothing was done then."""
    done = [(work.partner, work.done.update_id, work.done.outcome, work.at_ms) for work in works if work.done]
    sessions = [session_row(work.partner, work.session) for work in works if work.session]
    messages = [message_row(work.partner, message, work.at_ms) for work in works for message in work.messages]
    values = (*_columns(done, 4), *_columns(sessions, 6), GUARD_MS, *_columns(messages, 6), len(works))
    try:
        with explained(link.name):
            ((_, partners, users, places),) = await link.raw.fetch(_COMMIT, *values)
    except (asyncpg.RaiseError, asyncpg.IntegrityConstraintViolationError):
        return None
    written = set(zip(partners or (), users or (), strict=True))
    queued = iter(places or ())
    return [
        Receipt(
            tuple(QueuedMessage(next(queued), message) for message in work.messages),
            session_kept=work.session is None or (work.partner, work.session.user_id) in written,
        )
        for work in works
    ]


def mark(partner: str, marks: Sequence[Mark]) -> Program[None]:
    """Note how messages ended, those that were simply sent all at once."""
    # In the order of their places: two that mark the same messages wait for each other, never both.
    sent = {one.place: one for one in sorted(marks, key=lambda one: one.place) if _is_plain_mark(one)}
    if sent:
        columns = _columns([(one.place, one.at_ms, one.telegram_message_id) for one in sent.values()], 3)
        for place, task_id in (yield from rows(_MARK_SENT, *columns, partner, partner)):
            yield from writes.deliver(partner, task_id, sent[place])
    yield from writes.mark(partner, [one for one in marks if not _is_plain_mark(one)])


def _is_plain_mark(one: Mark) -> bool:
    return one.outcome is SendOutcome.SENT and one.telegram_file_id is None


def _columns(given: Sequence[Sequence[Any]], width: int) -> Sequence[list[Any]]:
    """Rows as a list for each column, of which there are as many where there is no row."""
    return [list(column) for column in zip(*given, strict=True)] if given else [[] for _ in range(width)]
