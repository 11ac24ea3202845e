"""Suggesting posts to channels, as people do it."""

from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.directly import AHEAD_S_LEAST, AHEAD_S_MOST, STARS_LEAST, STARS_MOST, SuggestedPost
from botflight_harness.telegram.entities import find_entities
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.paying import Paying
from botflight_harness.telegram.screen import Seen


class Suggesting(Paying):
    """What somebody can do in the direct messages of a channel, beside writing there."""

    def suggest_post(self, text: str, *, where: Group, stars: int = 0, send_date_s: int = 0) -> Act:
        """Suggest a post in the direct messages of a channel, for Stars or for nothing.

        `send_date_s` is in seconds since 1970; without it, who approves it decides.
        """
        if where.chat.parent is None:
            raise ImpossibleAct(f"{where.chat.facts['title']} are no direct messages of a channel")
        if stars and not STARS_LEAST <= stars <= STARS_MOST:
            raise ImpossibleAct(f"a suggested post costs {STARS_LEAST} to {STARS_MOST} Stars, or nothing")
        ahead_s = send_date_s - self._telegram.clock.now_ms() // 1000
        if send_date_s and not AHEAD_S_LEAST <= ahead_s <= AHEAD_S_MOST:
            raise ImpossibleAct(f"a post's date lies {AHEAD_S_LEAST} to {AHEAD_S_MOST} s ahead, not {ahead_s}")
        content = {"text": text, **({"entities": entities} if (entities := find_entities(text)) else {})}
        price = {"price": {"currency": "XTR", "amount": stars}} if stars else {}
        info = {"state": "pending", **price, **({"send_date": send_date_s} if send_date_s else {})}
        act = self.send_content(content, where=where, extra={"suggested_post_info": info})
        assert act.message is not None
        act.message.behind = SuggestedPost(act.message, self, stars, send_date_s)
        return act

    async def suggests_post(self, text: str, *, where: Group, stars: int = 0, send_date_s: int = 0) -> Seen:
        """Suggest a post in the direct messages of a channel."""
        return await self._done(self.suggest_post(text, where=where, stars=stars, send_date_s=send_date_s))
