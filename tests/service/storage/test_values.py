"""Every value comes back as it went in, whatever is in its fields: those of today and those to come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botflight_service.generation.attempts import Attempt
from botflight_service.message import OutgoingMessage
from botflight_service.session import Session
from botflight_service.storage import open_storage
from botflight_service.storage.interface import Work
from botflight_service.updates.envelope import Envelope
from makings import NOW_MS, PARTNER

# Telegram's JSON has no lone surrogates, and no store takes them.
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
_PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    int: st.integers(min_value=1, max_value=2**53),
    str: _TEXT,
    bytes: st.binary(max_size=9),
    UUID: st.uuids(),
    Mapping[str, str]: st.dictionaries(_TEXT, _TEXT, max_size=3),
}


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, fields by their own types."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, UnionType):
        return st.one_of(st.none() if one is NoneType else any_of(one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        return st.lists(any_of(get_args(kind)[0]), max_size=2).map(tuple)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: any_of(hints[field.name]) for field in fields(kind)})
    return st.sampled_from(list(kind))


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(any_of(Session), any_of(Attempt), any_of(OutgoingMessage), any_of(Envelope))
def test_every_value_comes_back_as_it_went_in(
    session: Session, attempt: Attempt, message: OutgoingMessage, update: Envelope
) -> None:
    """A session, an attempt, a message and an update with anything in any field survive the store."""
    mine, update = replace(attempt, partner=PARTNER), replace(update, partner=PARTNER)

    async def round_trip() -> tuple[object, ...]:
        storage = open_storage("sqlite::memory:", clock=lambda: NOW_MS)
        await storage.open()
        await storage.accept(update)
        await storage.commit(Work(partner=PARTNER, at_ms=NOW_MS, session=session, attempt=mine, messages=(message,)))
        back = (
            await storage.session(PARTNER, session.user_id),
            await storage.attempt(PARTNER, mine.task_id),
            (await storage.unsent(PARTNER))[0].message,
            (await storage.undone(PARTNER))[0].envelope,
        )
        await storage.close()
        return back

    assert asyncio.run(round_trip()) == (session, mine, message, update)
