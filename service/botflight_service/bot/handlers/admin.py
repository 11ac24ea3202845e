"""What administrators may do by command. Each leaves a line of the audit, in the commit of what it caused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from botflight_service.admin_action import MAX_SUBJECT_CHARACTERS, AdminAction
from botflight_service.bot import keyboards
from botflight_service.bot.handlers.crediting import Crediting
from botflight_service.bot.handlers.inspection import Inspection
from botflight_service.bot.handlers.operation import Operation
from botflight_service.bot.handlers.refunding import Refunding
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen

Command = Callable[[Visit, tuple[str, ...]], Awaitable[Reply]]
#: Commands whose first word says on whom or what; what is sent to everybody is no part of the audit.
_WITH_SUBJECT: Final = frozenset({"credit", "refund", "user", "attempt", "maintenance", "mute", "unmute"})


class Admin:
    """Knows the commands. Whoever calls this has seen that the visitor is an administrator."""

    def __init__(
        self,
        *,
        texts: Texts,
        crediting: Crediting,
        refunding: Refunding,
        inspection: Inspection,
        operation: Operation,
    ) -> None:
        self._texts = texts
        self.commands: Mapping[str, Command] = {
            "admin": self._help,
            "credit": crediting.credit,
            "refund": refunding.refund,
            "stats": inspection.statistics,
            "user": inspection.user,
            "attempt": inspection.attempt,
            "audit": inspection.actions,
            "maintenance": operation.maintenance,
            "broadcast": operation.draft_broadcast,
            "broadcast_go": operation.start_broadcast,
            "broadcast_stop": operation.stop_broadcast,
            "broadcast_status": operation.broadcast_status,
            "mute": operation.mute,
            "unmute": operation.unmute,
        }

    async def carry_out(self, visit: Visit, name: str, arguments: tuple[str, ...]) -> Reply:
        """Carry out one of the commands, and write down that it was asked for and what came of it."""
        reply = await self.commands[name](visit, arguments)
        subject = arguments[0] if arguments and name in _WITH_SUBJECT else ""
        audited = AdminAction(
            admin_id=visit.user_id,
            action=reply.action,
            subject=subject[:MAX_SUBJECT_CHARACTERS],
            outcome=reply.outcome,
            correlation_id=visit.correlation_id,
            at_ms=visit.now_ms,
        )
        return replace(reply, audited=audited)

    async def _help(self, visit: Visit, _: tuple[str, ...]) -> Reply:
        language = self._texts.speak(visit.language)
        screen = Screen(text=language.html("admin.help"), keyboard=keyboards.to_main_menu(language))
        return Reply(action="admin_help", screens=(screen,))
