"""Gifts: what is on offer, what has become of each that was given, and the unique ones that are made of them.

The rules are those of https://core.telegram.org/api/gifts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.chats import Account
from botflight_harness.telegram.files import FileStore
from botflight_harness.telegram.parameters import Upload

if TYPE_CHECKING:
    from botflight_harness.telegram.entities import Formatted

#: What of its price a gift is worth when it is turned into Stars again, and for how long it can be.
CONVERTED_PER_MILLE = 850
CONVERTIBLE_S = 90 * 86_400
#: What it costs to hand a unique gift on.
TRANSFER_STARS = 25
TEXT_CHARACTERS_MOST = 128
#: What a Premium subscription costs in Stars, by its months.
PREMIUM_STARS: Mapping[int, int] = {3: 1000, 6: 1500, 12: 2500}
#: Whose gifts somebody takes.
KINDS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")

#: What is on offer unless a test offers something else: emoji, title, price, how many there are, price of an upgrade.
_OFFERED = (
    ("🧸", "Plush Bear", 15, 0, 0),
    ("🌹", "Red Rose", 25, 0, 0),
    ("💎", "Cut Diamond", 100, 0, 0),
    ("🎩", "Top Hat", 500, 1_000, 200),
)
_KEPT_ENTITIES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji", "date_time"})
_MODELS = ("Midnight", "Amber", "Porcelain", "Tin")
_SYMBOLS = ("Comet", "Teacup", "Anchor", "Fern")
_BACKDROPS = (("Sapphire", 0x58A3C8), ("Ivory", 0xBAB6B1), ("Rust", 0xA4603B), ("Moss", 0x6C7F4F))


@dataclass(slots=True, eq=False)
class Gift:
    """A gift that can be bought."""

    gift_id: str
    title: str
    sticker: dict[str, Any]
    stars: int
    #: 0 is as many as anybody wants
    total: int = 0
    remaining: int = 0
    #: 0 is a gift that cannot be made unique
    upgrade_stars: int = 0
    upgraded: int = 0

    @property
    def kind(self) -> str:
        """Under which name of AcceptedGiftTypes somebody takes it or not."""
        return "limited_gifts" if self.total else "unlimited_gifts"

    @property
    def converted_stars(self) -> int:
        """What it is worth in Stars to who was given it."""
        return (self.stars * CONVERTED_PER_MILLE + 500) // 1000

    def as_json(self) -> dict[str, Any]:
        """Return the Gift object."""
        gift = {"id": self.gift_id, "sticker": self.sticker, "star_count": self.stars}
        if self.upgrade_stars:
            gift["upgrade_star_count"] = self.upgrade_stars
        return gift | {"total_count": self.total, "remaining_count": self.remaining} if self.total else gift


@dataclass(slots=True, eq=False)
class OwnedGift:
    """A gift that somebody was given."""

    number: int
    #: the id of a user or a channel
    owner_id: int
    gift: Gift
    sender: Account | None
    date_s: int
    text: str = ""
    entities: tuple[dict[str, Any], ...] = ()
    is_private: bool = False
    #: shown on the profile of its owner
    is_saved: bool = True
    #: what it can be turned into; 0 is nothing, as with gifts of bots
    converted_stars: int = 0
    prepaid_upgrade_stars: int = 0
    #: the UniqueGift object that was made of it
    unique: dict[str, Any] | None = None
    #: when a unique one may be handed on, in seconds since 1970; 0 is at once
    transferable_s: int = 0

    @property
    def can_be_upgraded(self) -> bool:
        """Whether it can be made unique."""
        return self.unique is None and bool(self.gift.upgrade_stars)

    def info(self, *, managed: bool) -> dict[str, Any]:
        """Return the GiftInfo object of a service message; a bot that acts for the owner is told more."""
        shown: Mapping[str, Any] = {
            "owned_gift_id": str(self.number) if managed else "",
            "convert_star_count": self.converted_stars,
            "prepaid_upgrade_star_count": self.prepaid_upgrade_stars,
            "can_be_upgraded": self.can_be_upgraded,
            **self._words(),
        }
        return {"gift": self.gift.as_json(), **{name: value for name, value in shown.items() if value}}

    def as_json(self, *, managed: bool) -> dict[str, Any]:
        """Return the OwnedGift object; a bot that acts for the owner is told more."""
        is_told = managed or not self.is_private
        shown: dict[str, Any] = {"owned_gift_id": str(self.number) if managed else ""}
        if self.sender is not None and is_told:
            shown["sender_user"] = self.sender.as_json()
        if self.unique is None:
            shown |= self._words() if is_told else {"is_private": True}
            shown["prepaid_upgrade_star_count"] = self.prepaid_upgrade_stars
        if managed and self.unique is None:
            shown |= {"can_be_upgraded": self.can_be_upgraded, "convert_star_count": self.converted_stars}
        if managed:
            shown["is_saved"] = self.is_saved
        if managed and self.unique is not None:
            shown |= {"can_be_transferred": True, "transfer_star_count": TRANSFER_STARS}
            shown["next_transfer_date"] = self.transferable_s
        kind, gift = ("regular", self.gift.as_json()) if self.unique is None else ("unique", self.unique)
        told = {name: value for name, value in shown.items() if value}
        return {"type": kind, "gift": gift, "send_date": self.date_s, **told}

    def _words(self) -> dict[str, Any]:
        return {"text": self.text, "entities": list(self.entities), "is_private": self.is_private}


@dataclass(slots=True)
class GiftShop:
    """Every gift of a world."""

    random: Random
    files: FileStore
    owned: dict[int, OwnedGift] = field(default_factory=dict)
    #: numbers of those that were turned into Stars
    converted: set[int] = field(default_factory=set)
    _offered: dict[str, Gift] = field(default_factory=dict)

    def on_offer(self) -> dict[str, Gift]:
        """Return what can be bought, by its id."""
        if not self._offered:
            for emoji, title, stars, total, upgrade_stars in _OFFERED:
                self.offer(emoji, title, stars, total=total, upgrade_stars=upgrade_stars)
        return self._offered

    def offer(self, emoji: str, title: str, stars: int, *, total: int = 0, upgrade_stars: int = 0) -> Gift:
        """Offer one more gift: with a `total` of 0 as many as anybody wants, without `upgrade_stars` never unique."""
        number = str(self.random.randrange(5 * 10**18, 6 * 10**18))
        gift = Gift(number, title, self._sticker(emoji), stars, total, total, upgrade_stars)
        self._offered[number] = gift
        return gift

    def give(
        self,
        gift: Gift,
        owner_id: int,
        sender: Account,
        words: "Formatted",
        *,
        now_s: int,
        converts: bool,
        prepays: bool,
        is_private: bool = False,
    ) -> OwnedGift:
        """Hand a gift over that was paid for."""
        gift.remaining = max(gift.remaining - 1, 0)
        owned = OwnedGift(
            len(self.owned) + 1,
            owner_id,
            gift,
            sender,
            now_s,
            words.text,
            kept_entities(words),
            is_private=is_private,
            converted_stars=gift.converted_stars if converts else 0,
            prepaid_upgrade_stars=gift.upgrade_stars if prepays else 0,
        )
        self.owned[owned.number] = owned
        return owned

    def of(self, owner_id: int, wanted: Callable[[OwnedGift], bool]) -> list[OwnedGift]:
        """Return the gifts of a user or a channel that are `wanted`, the newest first."""
        mine = [gift for gift in reversed(self.owned.values()) if gift.owner_id == owner_id and wanted(gift)]
        return [gift for gift in mine if gift.number not in self.converted]

    def upgrade(self, owned: OwnedGift, *, keep_details: bool) -> None:
        """Make a gift unique."""
        gift = owned.gift
        gift.upgraded += 1
        backdrop, color = self.random.choice(_BACKDROPS)
        colors = {"center_color": color, "edge_color": color // 2, "symbol_color": color // 4, "text_color": 0xFFFFFF}
        owned.unique = {
            "gift_id": gift.gift_id,
            "base_name": gift.title,
            "name": f"{gift.title.replace(' ', '')}-{gift.upgraded}",
            "number": gift.upgraded,
            "model": {**self._drawn(_MODELS), "sticker": gift.sticker},
            "symbol": {**self._drawn(_SYMBOLS), "sticker": gift.sticker},
            "backdrop": {"name": backdrop, "colors": colors, "rarity_per_mille": self.random.randint(1, 30)},
        }
        owned.converted_stars = owned.prepaid_upgrade_stars = 0
        if not keep_details:
            owned.text, owned.entities = "", ()

    def _drawn(self, names: tuple[str, ...]) -> dict[str, Any]:
        return {"name": self.random.choice(names), "rarity_per_mille": self.random.randint(1, 30)}

    def _sticker(self, emoji: str) -> dict[str, Any]:
        stored = self.files.add("sticker", Upload("gift.tgs", emoji.encode(), "application/x-tgsticker"))
        return {**stored.content, "is_animated": True, "emoji": emoji}


def kept_entities(words: "Formatted") -> tuple[dict[str, Any], ...]:
    """Return the entities that the words of a gift may have; others are passed over."""
    return tuple(entity for entity in words.entities if entity["type"] in _KEPT_ENTITIES)
