"""A guest who walks through the features by hand, and a store that holds what is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from botflight_diagnostics.billing_probe import AttemptFacts, UserFacts
from botflight_service.admin_action import AdminAction
from botflight_service.billing import packs
from botflight_service.billing.money import Credits, credits
from botflight_service.billing.payments import Payment
from botflight_service.bot import texts
from botflight_service.bot.callback_data import CallbackData, pack
from botflight_service.bot.handlers import Features
from botflight_service.bot.handlers.operation import MuteImpossible
from botflight_service.bot.narrator import Narrator
from botflight_service.bot.visit import Reply, Tap, Visit
from botflight_service.generation import catalog
from botflight_service.generation.attempts import Attempt
from botflight_service.memo import Memo
from botflight_service.message import Screen
from botflight_service.session import Session
from botflight_service.storage.interface import Balance, House, Known

PARTNER = "p-main01"
GUEST = 1001
ADMIN = 9001
#: 2026-11-24 10:00 UTC.
NOW_MS = 1_795_514_400_000


@dataclass
class Shelf:
    """What the features read, in dictionaries."""

    available: dict[int, Credits] = field(default_factory=dict)
    held: dict[int, Credits] = field(default_factory=dict)
    attempts: dict[UUID, Attempt] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    sessions: dict[int, Session] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    memos: dict[str, Memo] = field(default_factory=dict)
    audited: list[AdminAction] = field(default_factory=list)
    users: set[int] = field(default_factory=lambda: {GUEST, ADMIN})

    async def balance(self, partner: str, user_id: int) -> Balance:
        assert partner == PARTNER
        return Balance(available=self.available.get(user_id, Credits(0)), held=self.held.get(user_id, Credits(0)))

    async def free_used(self, partner: str, user_id: int, day: str) -> int:  # noqa: ARG002 - one user a test
        assert partner == PARTNER
        return self.free.get(day, 0)

    async def attempt(self, partner: str, task_id: UUID) -> Attempt | None:
        assert partner == PARTNER
        return self.attempts.get(task_id)

    async def history(self, partner: str, user_id: int, *, offset: int = 0, limit: int) -> Sequence[Attempt]:
        assert partner == PARTNER
        own = [attempt for attempt in self.attempts.values() if attempt.user_id == user_id]
        newest = sorted(own, key=lambda attempt: attempt.created_at_ms, reverse=True)
        return newest[offset : offset + limit]

    async def session(self, partner: str, user_id: int) -> Session | None:
        assert partner == PARTNER
        return self.sessions.get(user_id)

    async def payment(self, partner: str, charge_id: str) -> Payment | None:
        assert partner == PARTNER
        return next((one for one in self.payments if one.charge_id == charge_id), None)

    async def payments_of(self, partner: str, user_id: int, *, limit: int) -> Sequence[Payment]:
        assert partner == PARTNER
        return [one for one in reversed(self.payments) if one.user_id == user_id][:limit]

    async def house(self, partner: str) -> House:
        assert partner == PARTNER
        return House(revenue=credits(30), top_up_clearing=-credits(100), adjustments=-credits(5))

    async def user(self, partner: str, user_id: int) -> Known | None:
        found = await self.has_user(partner, user_id)
        return Known(user_id=user_id, first_seen_at_ms=NOW_MS, blocked_at_ms=None) if found else None

    async def attempts_of(self, partner: str, correlation_id: UUID, *, limit: int) -> Sequence[Attempt]:
        assert partner == PARTNER
        return [one for one in self.attempts.values() if one.correlation_id == correlation_id][:limit]

    async def memo(self, partner: str, name: str) -> Memo:
        assert partner == PARTNER
        return self.memos.get(name, Memo(name=name))

    async def actions(self, partner: str, *, limit: int) -> Sequence[AdminAction]:
        assert partner == PARTNER
        return list(reversed(self.audited))[:limit]

    async def has_user(self, partner: str, user_id: int) -> bool:
        assert partner == PARTNER
        return user_id in self.users


class Counted:
    """Figures that stand still."""

    async def users(self) -> UserFacts:
        return UserFacts(records=7)

    async def attempts(self, *, now_ms: int, stale_after_ms: int) -> AttemptFacts:  # noqa: ARG002 - they stand still
        return AttemptFacts(
            total=9, last_24h=3, duplicate_request_ids=0, stale_pending=1, unknown=2, holds_without_attempt=0
        )


class Muted:
    """A desk that knows one finding."""

    async def mute(self, code: str, *, for_ms: int, reason: str, up_to: int | None) -> Mapping[str, Any]:
        if code != "BPF_DB_SLOW":
            raise MuteImpossible(f"there is no finding {code}")
        return {"code": code, "for_ms": for_ms, "reason": reason, "up_to": up_to}

    async def unmute(self, code: str) -> bool:
        return code == "BPF_DB_SLOW"


class Guest:
    """Does what users do, and remembers what the bot would have committed."""

    def __init__(self, features: Features, shelf: Shelf, *, user_id: int = GUEST, language: str = "en") -> None:
        self.features = features
        self.shelf = shelf
        self.user_id = user_id
        self.language = language
        self.private = True
        self.now_ms = NOW_MS
        self.update_id = 500
        self.reply = Reply(action="none", screens=())
        self.session = Session(user_id=user_id, update_id=0, written_at_ms=0)

    async def taps(self, data: CallbackData | str, *, message_id: int = 77, editable: bool = True) -> Reply:
        packed = data if isinstance(data, str) else pack(data)
        tap = Tap(data=packed, message_id=message_id, editable=editable)
        return self._keep(await self.features.on_tap(self._visit(tap=tap)))

    async def presses(self, label: str) -> Reply:
        """Tap the button of the last screen that reads so."""
        buttons = [button for row in self.screen.keyboard for button in row if label in button.label]
        assert len(buttons) == 1, f"{label!r} is on {len(buttons)} buttons of {self.labels}"
        return await self.taps(buttons[0].data)

    async def writes(self, text: str) -> Reply:
        return self._keep(await self.features.on_text(self._visit(text=text)))

    async def commands(self, line: str) -> Reply:
        name, *arguments = line.removeprefix("/").split()
        return self._keep(await self.features.on_command(self._visit(text=line), name, tuple(arguments)))

    async def shows(self, file_id: str = "photo-1", *, caption: str | None = None) -> Reply:
        return self._keep(await self.features.on_photo(self._visit(photo_file_id=file_id, text=caption)))

    async def sends(self, what: str) -> Reply:
        return self._keep(await self.features.on_unexpected(self._visit(), what))

    async def reaches_confirm(self, prompt: str = "a red fox") -> Reply:
        await self.taps("model:text_to_image")
        await self.writes(prompt)
        return await self.presses("Square")

    @property
    def screen(self) -> Screen:
        return self.reply.screens[0]

    @property
    def labels(self) -> list[str]:
        return [button.label for row in self.screen.keyboard for button in row]

    @property
    def task_id(self) -> UUID:
        """Of the offer that stands."""
        assert self.session.draft
        assert self.session.draft.offer
        return self.session.draft.offer.task_id

    def has(self, amount: float) -> None:
        self.shelf.available[self.user_id] = credits(amount)

    def _visit(self, *, tap: Tap | None = None, text: str | None = None, photo_file_id: str | None = None) -> Visit:
        self.update_id += 1
        return Visit(
            partner=PARTNER,
            update_id=self.update_id,
            bot_id=42,
            user_id=self.user_id,
            chat_id=self.user_id,
            private=self.private,
            is_admin=self.user_id == ADMIN,
            language=self.session.language or self.language,
            session=self.session,
            correlation_id=uuid5(UUID(int=0), str(self.update_id)),
            trace_parent="",
            now_ms=self.now_ms,
            tap=tap,
            text=text,
            photo_file_id=photo_file_id,
        )

    def _keep(self, reply: Reply) -> Reply:
        self.reply = reply
        self.session = reply.session or self.session
        if reply.attempt:
            self.shelf.attempts[reply.attempt.task_id] = reply.attempt
        if reply.memo:
            self.shelf.memos[reply.memo.name] = replace(reply.memo, version=reply.memo.version + 1)
        if reply.audited:
            self.shelf.audited.append(reply.audited)
        if reply.free:
            self.shelf.free[reply.free.day] = self.shelf.free.get(reply.free.day, 0) + 1
        for transfer in reply.transfers:
            moved = transfer.amount_hundredths if transfer.kind == "credit" else -transfer.amount_hundredths
            had = self.shelf.available.get(transfer.user_id, Credits(0))
            self.shelf.available[transfer.user_id] = had + Credits(moved)
        return reply

    def settled(self, attempt: Attempt, **changes: object) -> Attempt:
        """Let an attempt of the shelf go on."""
        self.shelf.attempts[attempt.task_id] = replace(attempt, **changes)  # type: ignore[arg-type] - any field
        return self.shelf.attempts[attempt.task_id]


def features_over(shelf: Shelf, *, daily_free_limit: int = 0, contact: str | None = None) -> Features:
    """All features, with Moscow's day."""
    spoken, sold = texts.load(), catalog.load()
    return Features.build(
        reads=shelf,
        texts=spoken,
        catalog=sold,
        packs=packs.load(),
        narrator=Narrator(texts=spoken, catalog=sold),
        daily_free_limit=daily_free_limit,
        zone=ZoneInfo("Europe/Moscow"),
        username=lambda: "botflight_bot",
        figures=Counted(),
        findings=Muted,
        contact=contact,
    )
