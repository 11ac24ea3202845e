"""The tap on confirm: the one button that costs something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from botflight_service.bot.callback_data import ConfirmGeneration
from botflight_service.bot.handlers.drafting import Drafting
from botflight_service.bot.handlers.memory import with_draft
from botflight_service.bot.handlers.pace import OUTCOME
from botflight_service.bot.handlers.top_up import TopUp
from botflight_service.bot.purses import Purses
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.generation import request
from botflight_service.generation.attempts import UNSETTLED, Attempt
from botflight_service.generation.catalog import Catalog
from botflight_service.generation.request import (
    AlreadyConfirmed,
    Confirmed,
    Expired,
    NotEnough,
    TermsChanged,
    TooMany,
)
from botflight_service.message import Screen
from botflight_service.session import Draft

_ACTION = "confirm_generation"


class AttemptReads(Protocol):
    """What is read of the store."""

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        """One attempt."""
        ...


class Confirmation:
    """Turns a confirmed draft into an attempt, once."""

    def __init__(
        self,
        *,
        texts: Texts,
        catalog: Catalog,
        reads: AttemptReads,
        purses: Purses,
        drafting: Drafting,
        top_up: TopUp,
        queued: Callable[[Attempt], Screen],
        under_way: Callable[[int], int],
        most_under_way: int,
    ) -> None:
        self._texts = texts
        self._catalog = catalog
        self._reads = reads
        self._purses = purses
        self._drafting = drafting
        self._top_up = top_up
        self._queued = queued
        self._under_way = under_way
        self._most_under_way = most_under_way

    async def confirm(self, visit: Visit, tapped: ConfirmGeneration) -> Reply:
        """Take a tap on confirm. However often it comes, at most one attempt is made of it."""
        draft = visit.session.draft
        purse = await self._purses.of(visit)
        decision = request.decide(
            _confirmation(visit, tapped.task_id),
            existing=await self._existing(visit, tapped.task_id),
            draft=draft,
            model=self._catalog.find(draft.model) if draft else None,
            purse=purse,
            under_way=self._under_way(visit.chat_id),
            most_under_way=self._most_under_way,
        )
        match decision:
            case AlreadyConfirmed(attempt):
                return self._repeated(visit, attempt)
            case Expired():
                return await self._drafting.expired(visit, action=_ACTION)
            case TermsChanged(draft=changed):
                return await self._offered_anew(visit, changed)
            case NotEnough(offer):
                return self._top_up.short(visit, offer, purse, action=_ACTION)
            case TooMany(draft=kept, under_way=count):
                return await self._put_off(visit, kept, count)
            case Confirmed():
                return self._begun(visit, decision)

    async def _existing(self, visit: Visit, task_id: UUID) -> Attempt | None:
        """The visitor's own attempt: others have nothing to do with it."""
        attempt = await self._reads.attempt(visit.partner, task_id)
        return attempt if attempt is not None and attempt.user_id == visit.user_id else None

    def _repeated(self, visit: Visit, attempt: Attempt) -> Reply:
        key = "toast.under_way" if attempt.state in UNSETTLED else "toast.settled"
        toast = self._texts.speak(visit.language).plain(key)
        return Reply(action=_ACTION, screens=(), toast=toast, outcome="ALREADY_CONFIRMED")

    async def _offered_anew(self, visit: Visit, draft: Draft) -> Reply:
        notice = self._texts.speak(visit.language).html("notice.offer_changed")
        return await self._drafting.show(visit, draft, action=_ACTION, notice=notice, outcome="OFFER_CHANGED")

    async def _put_off(self, visit: Visit, draft: Draft, count: int) -> Reply:
        notice = self._texts.speak(visit.language).html("notice.too_many", count=count)
        return await self._drafting.show(visit, draft, action=_ACTION, notice=notice, outcome=OUTCOME)

    def _begun(self, visit: Visit, confirmed: Confirmed) -> Reply:
        return Reply(
            action=_ACTION,
            screens=(self._queued(confirmed.attempt),),
            session=with_draft(visit, None),
            attempt=confirmed.attempt,
            transfers=(confirmed.hold,) if confirmed.hold else (),
            free=confirmed.free,
        )


def _confirmation(visit: Visit, task_id: UUID) -> request.Confirmation:
    tap = visit.tap
    return request.Confirmation(
        task_id=task_id,
        partner=visit.partner,
        user_id=visit.user_id,
        chat_id=visit.chat_id,
        language=visit.language,
        correlation_id=visit.correlation_id,
        trace_parent=visit.trace_parent,
        screen_message_id=tap.message_id if tap and tap.editable else None,
        now_ms=visit.now_ms,
    )
