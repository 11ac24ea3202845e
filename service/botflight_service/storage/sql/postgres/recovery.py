"""What to answer after a commit whose end was never heard: the work was kept, or it was not."""

from __future__ import annotations

from botflight_service.message import OutgoingMessage
from botflight_service.storage.interface import QueuedMessage, Receipt, Work
from botflight_service.storage.sql import reads
from botflight_service.storage.sql.program import Program, row
from botflight_service.storage.sql.rows import message_row

# The unsent messages are few: the partial index of those leads here.
_UNSENT_ALIKE = """
SELECT place FROM messages WHERE partner = ? AND outcome IS NULL AND chat_id = ? AND body = ? ORDER BY place LIMIT 1
"""


def kept(work: Work) -> Program[bool]:
    """Tell whether a work that was refused as a repeat is there already, in the terms that it has."""
    if work.attempt is not None:
        found = yield from reads.attempt(work.partner, work.attempt.task_id)
        return found is not None and found.correlation_id == work.attempt.correlation_id
    if work.move is not None:
        found = yield from reads.attempt(work.partner, work.move.task_id)
        return found is not None and found.state is work.move.to and found.changed_at_ms == work.at_ms
    return False


def receipt(work: Work) -> Program[Receipt]:
    """The receipt of a work that was kept: its messages, where they have not been sent, in their places."""
    queued: tuple[QueuedMessage, ...] = ()
    for message in work.messages:
        place = yield from _place(work.partner, message)
        if place is not None:
            queued += (QueuedMessage(place, message),)
    return Receipt(queued)


def _place(partner: str, message: OutgoingMessage) -> Program[int | None]:
    """Where a message stands in the outbox."""
    _, chat_id, _, _, body, _ = message_row(partner, message, 0)
    found = yield from row(_UNSENT_ALIKE, partner, chat_id, body)
    return int(found[0]) if found is not None else None
