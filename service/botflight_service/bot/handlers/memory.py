"""The session as a visit leaves it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from botflight_service.bot.visit import Visit
from botflight_service.session import Draft, Session


def with_draft(visit: Visit, draft: Draft | None) -> Session:
    """The visitor's session with this draft from now on, or without one."""
    return _written(visit, draft=draft)


def with_language(visit: Visit, code: str) -> Session:
    """The visitor's session in this language from now on."""
    return _written(visit, language=code)


def _written(visit: Visit, **changed: Any) -> Session:  # noqa: ANN401 - fields of a session
    return replace(visit.session, update_id=visit.update_id, written_at_ms=visit.now_ms, **changed)
