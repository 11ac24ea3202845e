"""Whether somebody may pay what they are about to pay: decided out of memory, for Telegram waits ten seconds."""

from __future__ import annotations

from collections.abc import Callable

from botflight_service.billing.packs import Packs, parse_terms, terms_of
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import CheckOut

STARS = "XTR"


class CheckOuts:
    """Compares what is asked for with what is sold now. `is_closed` tells whether purchases are off for a while."""

    def __init__(self, *, texts: Texts, packs: Packs, is_closed: Callable[[], bool]) -> None:
        self._texts = texts
        self._packs = packs
        self._is_closed = is_closed

    def refusal(self, asked: CheckOut) -> str | None:
        """Say in the user's words why they may not pay; None where they may."""
        key = self._mistake(asked)
        return self._texts.speak(asked.language).plain(f"check_out.{key}") if key is not None else None

    def _mistake(self, asked: CheckOut) -> str | None:
        terms = parse_terms(asked.payload)
        if terms is None or asked.currency != STARS:
            return "unknown"
        if terms.user_id != asked.user_id:
            return "not_yours"
        pack = self._packs.find(terms.pack)
        if pack is None or terms_of(pack, asked.user_id) != terms or asked.total != terms.stars:
            return "changed"
        return "closed" if self._is_closed() else None
