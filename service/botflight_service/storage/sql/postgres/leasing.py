"""The statements of leases: who lives, who has which lane, and what waits of a lane."""

# ruff: noqa: S608 - what is put together here are constants

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from botflight_service.generation.attempts import UNSETTLED, Attempt
from botflight_service.storage.interface import QueuedMessage, QueuedUpdate
from botflight_service.storage.sharing import Kind
from botflight_service.storage.sql import statements
from botflight_service.storage.sql.program import Program, rows
from botflight_service.storage.sql.rows import attempt_of, queued_message, queued_update

#: A replica that lives holds the advisory lock of this class and its number ("BotR").
LIVING: Final = 0x426F7452
#: Where everybody is told that lanes have become free; each replica has a channel of its own beside it.
CHANNEL: Final = "botflight"

BEAT = """
UPDATE replicas SET beat_at = clock_timestamp(), expires_at = clock_timestamp() + $2 * INTERVAL '1 second'
WHERE replica = $1 RETURNING number
"""
REGISTER = """
INSERT INTO replicas (replica, beat_at, expires_at)
VALUES ($1, clock_timestamp(), clock_timestamp() + $2 * INTERVAL '1 second') RETURNING number
"""
LIVE = f"SELECT pg_try_advisory_lock({LIVING}, $1)"
# A process that was killed has no connection any more, and so no lock: it is not waited for as long as one that hangs.
BURY = f"""
DELETE FROM replicas WHERE replica <> $1 AND (
    expires_at < clock_timestamp()
    OR beat_at < clock_timestamp() - $2 * INTERVAL '1 second' AND NOT EXISTS (
        SELECT 1 FROM pg_locks
        WHERE locktype = 'advisory' AND classid = {LIVING} AND objid = replicas.number::BIGINT::OID AND objsubid = 2
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
)
"""
FREE = "DELETE FROM leases WHERE replica NOT IN (SELECT replica FROM replicas)"
_CHAT = "CASE WHEN lane ~ '^chat:-?[0-9]{1,18}$' THEN substr(lane, 6)::BIGINT END"
_OPEN = ", ".join(f"'{state}'" for state in UNSETTLED)
_NOT_ENDED = "state NOT IN ('delivered', 'failed', 'refunded')"
CLAIM = f"""
WITH gained AS (
    INSERT INTO leases (partner, lane, replica)
    SELECT wanted.partner, wanted.lane, $3 FROM unnest($1::TEXT[], $2::TEXT[]) AS wanted (partner, lane)
    WHERE EXISTS (SELECT 1 FROM replicas WHERE replica = $3)
    ORDER BY wanted.partner COLLATE "C", wanted.lane COLLATE "C"
    ON CONFLICT (partner, lane) DO NOTHING
    RETURNING partner, lane, {_CHAT} AS chat_id
)
SELECT partner, lane,
    EXISTS (SELECT 1 FROM updates AS one
        WHERE one.partner = gained.partner AND one.lane = gained.lane AND one.done_at_ms IS NULL),
    EXISTS (SELECT 1 FROM messages AS one
        WHERE one.partner = gained.partner AND one.chat_id = gained.chat_id AND one.outcome IS NULL),
    EXISTS (SELECT 1 FROM attempts AS one
        WHERE one.partner = gained.partner AND one.chat_id = gained.chat_id AND {_NOT_ENDED} AND state IN ({_OPEN}))
FROM gained
"""
OWNERS = """
SELECT partner, lane, replica FROM leases
WHERE (partner, lane) IN (SELECT * FROM unnest($1::TEXT[], $2::TEXT[]))
"""
RELEASE = """
DELETE FROM leases WHERE replica = $3 AND (partner, lane) IN (SELECT * FROM unnest($1::TEXT[], $2::TEXT[]))
"""
LEAVE = "DELETE FROM leases WHERE replica = $1 AND partner = $2"
GO = "DELETE FROM replicas WHERE replica = $1"
CALL = f"""
SELECT number, pg_notify('{CHANNEL}_' || replica, json_build_array($5::TEXT, number, partner, lane, word)::TEXT)
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS called (partner, lane, word, number)
JOIN leases USING (partner, lane) WHERE replica <> $5
"""
HEARD = f"""
SELECT pg_notify('{CHANNEL}_' || replica, json_build_array(number)::TEXT)
FROM unnest($1::TEXT[], $2::BIGINT[]) AS heard (replica, number)
"""
POKE = f"SELECT pg_notify('{CHANNEL}', '')"

_WAITING = f"""
SELECT lane, array_agg(DISTINCT kind) FROM (
    SELECT lane, 'updates' AS kind FROM updates WHERE partner = ? AND done_at_ms IS NULL
    UNION ALL
    SELECT ('chat:' || chat_id) COLLATE "C", 'messages' FROM messages WHERE partner = ? AND outcome IS NULL
    UNION ALL
    SELECT ('chat:' || chat_id) COLLATE "C", 'attempts' FROM attempts
    WHERE partner = ? AND {_NOT_ENDED} AND state IN ({_OPEN})
) AS waiting
WHERE lane > ? AND NOT EXISTS (
    SELECT 1 FROM leases WHERE leases.partner = ? AND leases.lane = waiting.lane AND replica <> ?
)
GROUP BY lane ORDER BY lane LIMIT ?
"""
_UNDONE = (
    f"{statements.UNDONE.partition(' AND place > ?')[0]} AND lane = ? AND done_at_ms IS NULL ORDER BY place LIMIT ?"
)
_UNSENT = """
SELECT place, body FROM messages WHERE partner = ? AND chat_id = ? AND outcome IS NULL ORDER BY place LIMIT ?
"""
_UNSETTLED = f"""
{statements.ATTEMPT.partition("WHERE")[0]} WHERE partner = ? AND chat_id = ? AND {_NOT_ENDED} AND state IN ({_OPEN})
ORDER BY place LIMIT ?
"""


def waiting(partner: str, replica: str, *, after: str, limit: int) -> Program[Mapping[str, frozenset[Kind]]]:
    """Lanes that hold something and are this replica's or nobody's."""
    values = (partner, partner, partner, after, partner, replica, limit)
    found = yield from rows(_WAITING, *values)
    return {lane: frozenset(map(Kind, kinds)) for lane, kinds in found}


def undone(partner: str, lane: str, *, limit: int) -> Program[Sequence[QueuedUpdate]]:
    """Updates of a lane that are not done."""
    return [queued_update(found) for found in (yield from rows(_UNDONE, partner, lane, limit))]


def unsent(partner: str, chat_id: int, *, limit: int) -> Program[Sequence[QueuedMessage]]:
    """Messages to a chat that are not sent."""
    return [queued_message(found) for found in (yield from rows(_UNSENT, partner, chat_id, limit))]


def unsettled(partner: str, chat_id: int, *, limit: int) -> Program[Sequence[Attempt]]:
    """Attempts of a chat that are not settled."""
    return [attempt_of(found) for found in (yield from rows(_UNSETTLED, partner, chat_id, limit))]
