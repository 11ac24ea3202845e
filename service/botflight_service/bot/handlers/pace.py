"""What users are told who are faster than the bot."""

from __future__ import annotations

from botflight_service.bot import keyboards
from botflight_service.bot.rate_limit import RateLimit
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen

OUTCOME = "RATE_LIMITED"


class Pace:
    """Asks users to wait, and says for how long. Administrators are let through."""

    def __init__(self, *, texts: Texts, limit: RateLimit) -> None:
        self._texts = texts
        self._limit = limit

    def of(self, visit: Visit) -> Reply | None:
        """What is answered in the place of everything else, or None where the visitor may go on.

        A tap is always answered. Whoever writes on and on is told once: until the time that was named they know.
        """
        if visit.is_admin:
            return None
        by_message = visit.tap is None and visit.private
        refusal = self._limit.take(visit.user_id, visit.update_id, now_ms=visit.now_ms, by_message=by_message)
        if refusal is None:
            return None
        language = self._texts.speak(visit.language)
        toast = language.plain("toast.too_fast", count=refusal.wait_s) if visit.tap is not None else None
        screens: tuple[Screen, ...] = ()
        if by_message and not refusal.told:
            text = language.html("too_fast", count=refusal.wait_s)
            screens = (Screen(text=text, keyboard=keyboards.to_main_menu(language), in_place=False),)
        return Reply(action="rate_limited", screens=screens, toast=toast, outcome=OUTCOME)
