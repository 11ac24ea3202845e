"""Paid memberships: who comes in by a link that costs Stars pays for each month, until they stop or run out of Stars.

The rules are those of https://core.telegram.org/api/subscriptions. What is paid goes to the channel, and no bot hears
of it.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.members import Member
from botflight_harness.telegram.membership import InviteLink, change
from botflight_harness.telegram.updates import Update

if TYPE_CHECKING:
    from botflight_harness.telegram.paying import Paying
    from botflight_harness.telegram.world import Telegram


@dataclass(slots=True, eq=False)
class PaidMembership:
    """What somebody pays to be in a channel."""

    person: "Paying"
    chat: Chat
    link: InviteLink
    until_s: int
    is_canceled: bool = False

    def renew(self, world: "Telegram") -> None:
        """Pay for one more period, or let the membership run out."""
        if self.chat.paid_memberships.get(self.person.user_id) is not self:
            return
        if self.is_canceled or self.person.stars < self.link.price or not self.chat.has(self.person.user_id):
            self._end(world)
            return
        _pay(self, world)
        member = self.chat.members[self.person.user_id]
        if member.status == "member":
            self.chat.members[self.person.user_id] = replace(member, until_s=self.until_s)

    def _end(self, world: "Telegram") -> None:
        del self.chat.paid_memberships[self.person.user_id]
        if self.chat.has(self.person.user_id):
            change(world, self.chat, self.person, Member(self.person, "left"))


def come_in(world: "Telegram", person: "Paying", chat: Chat, link: InviteLink) -> list[Update]:
    """Let somebody in by a link that costs Stars: they pay, unless a period that they have paid for still runs."""
    paid = chat.paid_memberships.get(person.user_id)
    if paid is None:
        paid = chat.paid_memberships[person.user_id] = PaidMembership(person, chat, link, _now_s(world))
        _pay(paid, world)
    link.joined += 1
    return change(world, chat, person, Member(person, until_s=paid.until_s), link=link)


def _pay(paid: PaidMembership, world: "Telegram") -> None:
    paid.person.stars -= paid.link.price
    paid.chat.stars += paid.link.price
    paid.until_s += paid.link.period_s
    world.at(paid.until_s * SECOND_MS, lambda: paid.renew(world))


def _now_s(world: "Telegram") -> int:
    return world.clock.now_ms() // SECOND_MS
