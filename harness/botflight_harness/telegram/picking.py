"""Stickers and custom emoji, as people pick them from the sets that they know."""

from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.utf16 import utf16_length

if TYPE_CHECKING:
    from botflight_harness.telegram.stickers import Sticker


class Picking(Actor):
    """What somebody can do with stickers."""

    def send_sticker(self, of: str, emoji: str = "", *, where: Place | None = None) -> Act:
        """Send the sticker of a set, by its name, that goes with an emoji; without one, the first."""
        return self.send_content({"sticker": self._pick(of, emoji).as_json()}, where=where)

    def send_custom_emoji(self, of: str, emoji: str = "", *, where: Place | None = None) -> Act:
        """Write a custom emoji of a set, by the emoji that stands for it; without one, the first."""
        picked = self._pick(of, emoji)
        if not picked.custom_emoji_id:
            raise ImpossibleAct(f"{of} is no set of custom emoji")
        text = picked.emoji[0]
        entity: dict[str, Any] = {"type": "custom_emoji", "offset": 0, "length": utf16_length(text)}
        entity["custom_emoji_id"] = picked.custom_emoji_id
        return self.send_content({"text": text, "entities": [entity]}, where=where)

    async def sends_sticker(
        self, data: bytes = b"sticker", *, of: str = "", emoji: str = "", where: Place | None = None
    ) -> Seen:
        """Send a sticker: of a set, by its name and an emoji, or one of no set, by its bytes."""
        if of:
            return await self._done(self.send_sticker(of, emoji, where=where))
        stored = self._telegram.files.add("sticker", Upload("sticker.webp", data, "image/webp"))
        return await self._done(self.send_content({"sticker": stored.content}, where=where))

    async def sends_custom_emoji(self, of: str, emoji: str = "", *, where: Place | None = None) -> Seen:
        """Write a custom emoji of a set."""
        return await self._done(self.send_custom_emoji(of, emoji, where=where))

    def _pick(self, name: str, emoji: str) -> "Sticker":
        found = self._telegram.sticker_sets.find(name)
        if found is None:
            raise ImpossibleAct(f"there is no set of stickers {name!r}")
        picked = found.find(emoji)
        if picked is None:
            raise ImpossibleAct(f"{name} has no sticker {emoji!r}: {[sticker.emoji for sticker in found.stickers]}")
        return picked
