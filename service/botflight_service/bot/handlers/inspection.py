"""What administrators may look at: figures, a user, an attempt, and what administrators did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol
from uuid import UUID

from botflight_diagnostics.billing_probe import AttemptFacts, UserFacts
from botflight_service.admin_action import AdminAction
from botflight_service.billing.payments import Payment
from botflight_service.bot import keyboards, phrases
from botflight_service.bot.texts import Html, Language, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.generation.attempts import Attempt
from botflight_service.message import Screen
from botflight_service.storage.interface import Balance, House, Known

#: Lines of a list.
SHOWN = 5
ACTIONS_SHOWN = 20
_STALE_AFTER_MS = 15 * 60 * 1000


class InspectionReads(Protocol):
    """What is read of the store."""

    async def house(self, partner: str) -> House:
        """What the house's own accounts hold."""
        ...

    async def user(self, partner: str, user_id: int) -> Known | None:
        """What is known of a user."""
        ...

    async def balance(self, partner: str, user_id: int) -> Balance:
        """What a user has."""
        ...

    async def payments_of(self, partner: str, user_id: int, *, limit: int) -> Sequence[Payment]:
        """A user's payments, newest first."""
        ...

    async def history(self, partner: str, user_id: int, *, offset: int = 0, limit: int) -> Sequence[Attempt]:
        """A user's attempts, newest first."""
        ...

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        """One attempt."""
        ...

    async def attempts_of(self, partner: str, correlation_id: UUID, *, limit: int) -> Sequence[Attempt]:
        """Attempts that began with one update."""
        ...

    async def actions(self, partner: str, *, limit: int) -> Sequence[AdminAction]:
        """What administrators did, newest first."""
        ...


class Figures(Protocol):
    """What is counted in the store, at no cost however large it is."""

    async def users(self) -> UserFacts:
        """The users."""
        ...

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:
        """The attempts."""
        ...


class Inspection:
    """Shows, and changes nothing. Never what users wrote: a prompt is theirs."""

    def __init__(self, *, texts: Texts, reads: InspectionReads, figures: Figures, zone: tzinfo) -> None:
        self._texts = texts
        self._reads = reads
        self._figures = figures
        self._zone = zone

    async def statistics(self, visit: Visit, _: tuple[str, ...]) -> Reply:
        """Show `/stats`."""
        house = await self._reads.house(visit.partner)
        users = await self._figures.users()
        attempts = await self._figures.attempts(now_ms=visit.now_ms, stale_after_ms=_STALE_AFTER_MS)
        text = self._texts.speak(visit.language).html(
            "admin.statistics",
            users=users.records,
            attempts=attempts.total,
            lately=attempts.last_24h,
            stale=attempts.stale_pending,
            unknown=attempts.unknown,
            sold=-house.top_up_clearing,
            earned=house.revenue,
            given=-house.adjustments,
        )
        return self._shown(visit, text, action="statistics")

    async def user(self, visit: Visit, arguments: tuple[str, ...]) -> Reply:
        """Show `/user <id>`."""
        language = self._texts.speak(visit.language)
        user_id = int(arguments[0]) if len(arguments) == 1 and _is_id(arguments[0]) else 0
        if not user_id:
            return self._shown(visit, language.html("admin.user.usage"), action="find_user", outcome="INVALID_INPUT")
        known = await self._reads.user(visit.partner, user_id)
        if known is None:
            text = language.html("admin.unknown_user", user_id=user_id)
            return self._shown(visit, text, action="find_user", outcome="UNKNOWN_USER")
        return self._shown(visit, await self._user(visit, language, known), action="find_user")

    async def attempt(self, visit: Visit, arguments: tuple[str, ...]) -> Reply:
        """Show `/attempt <correlation id or task id>`."""
        language = self._texts.speak(visit.language)
        wanted = _uuid(arguments[0]) if len(arguments) == 1 else None
        if wanted is None:
            text = language.html("admin.attempt.usage")
            return self._shown(visit, text, action="read_attempt", outcome="INVALID_INPUT")
        found = await self._reads.attempts_of(visit.partner, wanted, limit=SHOWN)
        by_task = await self._reads.attempt(visit.partner, wanted) if not found else None
        attempts = [*found, *([by_task] if by_task is not None else [])]
        if not attempts:
            text = language.html("notice.attempt_missing")
            return self._shown(visit, text, action="read_attempt", outcome="UNKNOWN_ATTEMPT")
        text = Html("\n\n".join(self._attempt(language, one) for one in attempts))
        return self._shown(visit, text, action="read_attempt")

    async def actions(self, visit: Visit, _: tuple[str, ...]) -> Reply:
        """Show `/audit`."""
        language = self._texts.speak(visit.language)
        lines = [
            language.html(
                "admin.audit.line",
                moment=language.moment(one.at_ms, self._zone),
                admin_id=one.admin_id,
                action=one.action,
                subject=one.subject,
                outcome=one.outcome,
            )
            for one in await self._reads.actions(visit.partner, limit=ACTIONS_SHOWN)
        ]
        text = language.html("admin.audit", lines=Html("\n".join(lines)))
        return self._shown(visit, text, action="read_audit")

    async def _user(self, visit: Visit, language: Language, known: Known) -> Html:
        user_id = known.user_id
        balance = await self._reads.balance(visit.partner, user_id)
        paid = [
            language.html(
                "admin.user.payment",
                moment=language.moment(one.paid_at_ms, self._zone),
                stars=one.stars,
                amount=one.credited,
                state=language.plain(f"payment.state.{one.state}"),
                charge_id=one.charge_id,
            )
            for one in await self._reads.payments_of(visit.partner, user_id, limit=SHOWN)
        ]
        made = [
            language.html(
                "admin.user.attempt",
                moment=language.moment(one.created_at_ms, self._zone),
                name=phrases.name_of(language, one.model),
                state=language.plain(f"state.{one.state}"),
                correlation_id=str(one.correlation_id),
            )
            for one in await self._reads.history(visit.partner, user_id, limit=SHOWN)
        ]
        blocked = known.blocked_at_ms
        return language.html(
            "admin.user",
            user_id=user_id,
            seen=language.moment(known.first_seen_at_ms, self._zone),
            blocked=language.moment(blocked, self._zone) if blocked is not None else "–",
            available=balance.available,
            held=balance.held,
            payments=Html("\n".join(paid) or "–"),
            attempts=Html("\n".join(made) or "–"),
        )

    def _attempt(self, language: Language, one: Attempt) -> Html:
        return language.html(
            "admin.attempt",
            name=phrases.name_of(language, one.model),
            user_id=one.user_id,
            state=one.state,
            funding=one.funding,
            price=one.price,
            created=language.moment(one.created_at_ms, self._zone),
            changed=language.moment(one.changed_at_ms, self._zone),
            job_id=one.job_id or "–",
            failure=one.failure or "–",
            task_id=str(one.task_id),
            correlation_id=str(one.correlation_id),
        )

    def _shown(self, visit: Visit, text: Html, *, action: str, outcome: str = "OK") -> Reply:
        screen = Screen(text=text, keyboard=keyboards.to_main_menu(self._texts.speak(visit.language)))
        return Reply(action=action, screens=(screen,), outcome=outcome)


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= len(str(2**52)) and 0 < int(word) < 2**52


def _uuid(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None
