"""How administrators run the service: maintenance, broadcasts, and findings that do not count for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape
from typing import Any, Protocol

from botflight_service.bot import keyboards
from botflight_service.bot.broadcast import MAX_CHARACTERS, Broadcast, BroadcastState
from botflight_service.bot.broadcast import MEMO as BROADCAST
from botflight_service.bot.maintenance import MEMO as MAINTENANCE
from botflight_service.bot.texts import Html, Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.memo import Memo
from botflight_service.message import Screen

_HOUR_MS = 60 * 60 * 1000
_SWITCHES = {"on": True, "off": False}
#: `/mute <code> <hours> <reason>`
_MUTE_WORDS = 3
_MAX_DIGITS = 9


class OperationReads(Protocol):
    """What is read of the store."""

    async def memo(self, partner: str, name: str) -> Memo:
        """A memo."""
        ...


class MuteImpossible(Exception):
    """What was asked for is no mute. The text says why."""


class Findings(Protocol):
    """Where findings are muted."""

    async def mute(self, code: str, *, for_ms: int, reason: str, up_to: int | None) -> Mapping[str, Any]:
        """Mute a finding for so long from now, while it affects at most `up_to`, or what it does now.

        Raises MuteImpossible.
        """
        ...

    async def unmute(self, code: str) -> bool:
        """Let a finding count again; False where it was not muted. Raises MuteImpossible."""
        ...


class Operation:
    """Changes how the service behaves. What it changes is a memo, committed with the line of the audit."""

    def __init__(self, *, texts: Texts, reads: OperationReads, findings: Callable[[], Findings]) -> None:
        self._texts = texts
        self._reads = reads
        self._findings = findings

    async def maintenance(self, visit: Visit, arguments: tuple[str, ...]) -> Reply:
        """Carry out `/maintenance on|off`."""
        language = self._texts.speak(visit.language)
        switched = _SWITCHES.get(arguments[0].lower()) if len(arguments) == 1 else None
        if switched is None:
            text = language.html("admin.maintenance.usage")
            return self._told(visit, text, action="maintenance", outcome="INVALID_INPUT")
        memo = await self._reads.memo(visit.partner, MAINTENANCE)
        text = language.html("admin.maintenance.on" if switched else "admin.maintenance.off")
        reply = self._told(visit, text, action="maintenance")
        return replace(reply, memo=replace(memo, body={"on": switched}))

    async def draft_broadcast(self, visit: Visit, _: tuple[str, ...]) -> Reply:
        """Keep `/broadcast <text>`, and show it as users will see it."""
        language = self._texts.speak(visit.language)
        words = (visit.text or "").partition(" ")[2].strip()
        # Line by line it stays what was written; the command may stand on a line of its own.
        words = words or (visit.text or "").partition("\n")[2].strip()
        if not words or len(words) > MAX_CHARACTERS:
            text = language.html("admin.broadcast.usage", limit=MAX_CHARACTERS)
            return self._told(visit, text, action="draft_broadcast", outcome="INVALID_INPUT")
        memo = await self._reads.memo(visit.partner, BROADCAST)
        if Broadcast.of(memo).state is BroadcastState.RUNNING:
            text = language.html("admin.broadcast.busy")
            return self._told(visit, text, action="draft_broadcast", outcome="BUSY")
        draft = Broadcast(state=BroadcastState.DRAFT, text=words, admin_id=visit.user_id, language=visit.language)
        preview = Screen(text=escape(words), keyboard=keyboards.to_new_menu(language), in_place=False)
        asked = Screen(text=language.html("admin.broadcast.drafted"), in_place=False)
        return Reply(action="draft_broadcast", screens=(preview, asked), memo=draft.over(memo))

    async def start_broadcast(self, visit: Visit, _: tuple[str, ...]) -> Reply:
        """Carry out `/broadcast_go`: send what was drafted, or go on with what was stopped."""
        language = self._texts.speak(visit.language)
        memo = await self._reads.memo(visit.partner, BROADCAST)
        found = Broadcast.of(memo)
        if found.state not in {BroadcastState.DRAFT, BroadcastState.STOPPED}:
            return self._told(visit, self._status(visit, found), action="start_broadcast", outcome="NOTHING_TO_SEND")
        reply = self._told(visit, language.html("admin.broadcast.begun"), action="start_broadcast")
        return replace(reply, memo=replace(found, state=BroadcastState.RUNNING).over(memo))

    async def stop_broadcast(self, visit: Visit, _: tuple[str, ...]) -> Reply:
        """Carry out `/broadcast_stop`: whoever was not written to is not written to."""
        memo = await self._reads.memo(visit.partner, BROADCAST)
        found = Broadcast.of(memo)
        if found.state is not BroadcastState.RUNNING:
            return self._told(visit, self._status(visit, found), action="stop_broadcast", outcome="NOTHING_TO_STOP")
        stopped = replace(found, state=BroadcastState.STOPPED)
        reply = self._told(visit, self._status(visit, stopped), action="stop_broadcast")
        return replace(reply, memo=stopped.over(memo))

    async def broadcast_status(self, visit: Visit, _: tuple[str, ...]) -> Reply:
        """Show `/broadcast_status`."""
        found = Broadcast.of(await self._reads.memo(visit.partner, BROADCAST))
        return self._told(visit, self._status(visit, found), action="broadcast_status")

    async def mute(self, visit: Visit, arguments: tuple[str, ...]) -> Reply:
        """Carry out `/mute <code>[<=<affected>] <hours> <reason>`. Twice is once: it is kept under its code."""
        language = self._texts.speak(visit.language)
        hours = arguments[1] if len(arguments) >= _MUTE_WORDS else ""
        code, bounded, most = (arguments[0] if arguments else "").upper().partition("<=")
        if not _is_number(hours) or (bounded and not _is_number(most)):
            return self._told(visit, language.html("admin.mute.usage"), action="mute", outcome="INVALID_INPUT")
        try:
            await self._findings().mute(
                code, for_ms=int(hours) * _HOUR_MS, reason=" ".join(arguments[2:]), up_to=int(most) if bounded else None
            )
        except MuteImpossible as impossible:
            text = language.html("admin.mute.refused", reason=str(impossible))
            return self._told(visit, text, action="mute", outcome="MUTE_REFUSED")
        return self._told(visit, language.html("admin.muted", code=code, hours=int(hours)), action="mute")

    async def unmute(self, visit: Visit, arguments: tuple[str, ...]) -> Reply:
        """Carry out `/unmute <code>`."""
        language = self._texts.speak(visit.language)
        if len(arguments) != 1:
            return self._told(visit, language.html("admin.mute.usage"), action="unmute", outcome="INVALID_INPUT")
        code = arguments[0].upper()
        try:
            was_muted = await self._findings().unmute(code)
        except MuteImpossible as impossible:
            text = language.html("admin.mute.refused", reason=str(impossible))
            return self._told(visit, text, action="unmute", outcome="MUTE_REFUSED")
        text = language.html("admin.unmuted" if was_muted else "admin.not_muted", code=code)
        return self._told(visit, text, action="unmute", outcome="OK" if was_muted else "NOT_MUTED")

    def _status(self, visit: Visit, found: Broadcast) -> Html:
        language = self._texts.speak(visit.language)
        state = language.plain(f"broadcast.state.{found.state}")
        return language.html("admin.broadcast.status", state=state, queued=found.queued)

    def _told(self, visit: Visit, text: Html, *, action: str, outcome: str = "OK") -> Reply:
        screen = Screen(text=text, keyboard=keyboards.to_main_menu(self._texts.speak(visit.language)))
        return Reply(action=action, screens=(screen,), outcome=outcome)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _MAX_DIGITS
