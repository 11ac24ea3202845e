"""Giving gifts, as people do it."""

from collections.abc import Mapping

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.chats import Account
from botflight_harness.telegram.entities import Formatted
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.gifts import KINDS, TEXT_CHARACTERS_MOST, Gift, OwnedGift
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.paying import Paying
from botflight_harness.telegram.updates import Lane, Update


class Giving(Paying):
    """What somebody can do with gifts."""

    #: which gifts they take, as AcceptedGiftTypes has it
    accepted_gifts: Mapping[str, bool] = dict.fromkeys(KINDS, True)
    #: a button for gifts is always beside their input field
    shows_gift_button: bool = False

    def send_gift(
        self, gift: str, to: Account, *, text: str = "", upgraded: bool = False, private: bool = False
    ) -> Act:
        """Give somebody a gift by its id; when `upgraded`, its upgrade is paid for too.

        The bots that act for who gets it hear of it. Raises ImpossibleAct when it cannot be bought.
        """
        found = self._affordable(gift, upgraded=upgraded)
        if isinstance(to, BotAccount) or not isinstance(to, Giving):
            raise ImpossibleAct("bots take no gifts")
        if not to.accepted_gifts[found.kind]:
            raise ImpossibleAct(f"{to.first_name} takes no {found.kind.replace('_', ' ')}")
        owned = self._bought(found, to.user_id, text, upgraded=upgraded, private=private)
        return Act(None, tuple(self._tell_of_gift(owned, to)))

    def give_to_channel(self, gift: str, channel: Group, *, text: str = "") -> None:
        """Give a channel a gift by its id."""
        if channel.chat.kind != "channel":
            raise ImpossibleAct(f"{channel.chat.facts['title']} is no channel")
        self._bought(self._affordable(gift, upgraded=False), channel.chat_id, text, upgraded=False, private=False)

    def take_gifts(self, *kinds: str) -> None:
        """Say which gifts one takes from now on: names of AcceptedGiftTypes, or none."""
        self.accepted_gifts = {name: name in kinds for name in KINDS}

    async def sends_gift(self, gift: str, to: Account, *, text: str = "", upgraded: bool = False) -> None:
        """Give somebody a gift by its id."""
        await self._travel(self.send_gift(gift, to, text=text, upgraded=upgraded).updates)

    def _affordable(self, gift_id: str, *, upgraded: bool) -> Gift:
        gift = self._telegram.gifts.on_offer().get(gift_id)
        if gift is None or (gift.total and not gift.remaining):
            raise ImpossibleAct(f"there is no gift {gift_id} to be had")
        if upgraded and not gift.upgrade_stars:
            raise ImpossibleAct(f"the {gift.title} cannot be upgraded")
        price = gift.stars + (gift.upgrade_stars if upgraded else 0)
        if self.stars < price:
            raise ImpossibleAct(f"{self.first_name} has {self.stars} Stars, and {price} are asked for")
        return gift

    def _bought(self, gift: Gift, owner_id: int, text: str, *, upgraded: bool, private: bool) -> OwnedGift:
        if len(text) > TEXT_CHARACTERS_MOST:
            raise ImpossibleAct(f"a gift takes {TEXT_CHARACTERS_MOST} characters of text")
        self.stars -= gift.stars + (gift.upgrade_stars if upgraded else 0)
        now_s = self._telegram.clock.now_ms() // 1000
        words = Formatted(text, ())
        give = self._telegram.gifts.give
        return give(gift, owner_id, self, words, now_s=now_s, converts=True, prepays=upgraded, is_private=private)

    def _tell_of_gift(self, owned: OwnedGift, to: "Giving") -> list[Update]:
        told = []
        for connection in self._telegram.business.values():
            if connection.owner is to and connection.is_enabled:
                chat = connection.chat_with(self)
                extra = {"business_connection_id": connection.connection_id}
                message = self._telegram.post(chat, self, {"gift": owned.info(managed=True)}, extra=extra)
                lane = Lane("business", self.user_id)
                told.append(self._telegram.update(connection.bot, "business_message", message.as_json(), lane=lane))
        return [update for update in told if update is not None]
