"""What users are told during maintenance."""

from __future__ import annotations

from collections.abc import Callable

from botflight_service.bot import keyboards
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Reply, Visit
from botflight_service.message import Screen


class Closed:
    """Asks users to come back later. Administrators are let through: somebody has to look whether all is well."""

    def __init__(self, *, texts: Texts, is_closed: Callable[[], bool]) -> None:
        self._texts = texts
        self._is_closed = is_closed

    def to(self, visit: Visit) -> bool:
        """Whether a visitor is asked to come back later."""
        return self._is_closed() and not visit.is_admin

    def show(self, visit: Visit) -> Reply:
        """Ask so. What they were about to do stays as it is."""
        language = self._texts.speak(visit.language)
        if visit.tap is not None:
            return Reply(action="closed", screens=(), toast=language.plain("toast.closed"), outcome="MAINTENANCE")
        screen = Screen(text=language.html("closed"), keyboard=keyboards.to_main_menu(language), in_place=False)
        return Reply(action="closed", screens=(screen,), outcome="MAINTENANCE")
