"""Coming into groups and channels, going, and running them."""

from collections.abc import Iterable

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.chats import Account
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.guarding import ask_guard
from botflight_harness.telegram.members import PERMISSIONS, Member, all_rights
from botflight_harness.telegram.membership import InviteLink, change, request_to_join
from botflight_harness.telegram.paying import Paying
from botflight_harness.telegram.subscriptions import come_in
from botflight_harness.telegram.updates import Lane, Update


class Joining(Paying):
    """What somebody can do about who is in a chat."""

    def join(self, where: Group | str) -> Act:
        """Come into a group or channel, or follow an invite link, which may ask to be let in, or cost Stars a month."""
        group, link = (where, None) if isinstance(where, Group) else self._follow(where)
        self._check_not_banned(group)
        if group.chat.guard is not None:
            return Act(None, tuple(ask_guard(self._telegram, group.chat, self, link, self.bio)))
        if link is None:
            return self._changed(group, Member(self))
        if link.creates_join_request:
            return Act(None, tuple(request_to_join(self._telegram, group.chat, self, link, self.bio)))
        if link.price:
            return Act(None, tuple(self._come_in_for_stars(group, link)))
        link.joined += 1
        updates = change(self._telegram, group.chat, self, Member(self), link=link)
        return Act(None, tuple(updates))

    def stop_paying(self, group: Group, *, canceled: bool = True) -> None:
        """Let a paid membership run out at the end of its month, or with canceled=False go on after all."""
        paid = group.chat.paid_memberships.get(self.user_id)
        if paid is None:
            raise ImpossibleAct(f"{self.first_name} pays nothing to be in {group.chat.facts['title']}")
        paid.is_canceled = canceled

    def web_app_to_join(self, group: Group) -> str:
        """Return the address of the Mini App that a group's guard shows while they wait to come in; empty for none."""
        asked = reversed(self._telegram.join_queries.values())
        mine = (query for query in asked if query.person is self and query.chat is group.chat and not query.result)
        return next((query.web_app_url for query in mine), "")

    def leave(self, group: Group) -> Act:
        """Go out of a group or channel."""
        self._check_here(group)
        return self._changed(group, Member(self, "left"))

    def add(self, account: Account, to: Group) -> Act:
        """Bring somebody into a group, or a bot."""
        self._check_here(to)
        return self._changed(to, Member(account))

    def put_out(self, account: Account, of: Group) -> Act:
        """Ban somebody, or a bot, from a group."""
        self._check_may(of, "can_restrict_members")
        return self._changed(of, Member(account, "kicked"))

    def promote(self, account: Account, group: Group, *rights: str) -> Act:
        """Make somebody an administrator, with the rights that are named, that a bot asks for, or else all."""
        self._check_may(group, "can_promote_members")
        is_channel = group.chat.kind == "channel"
        asked = account.default_rights.get(is_channel) if isinstance(account, BotAccount) else None
        given = frozenset(rights) or asked or all_rights(is_channel=is_channel)
        hidden = "is_anonymous"
        new = Member(account).promoted(given - {hidden}, by=self.user_id, is_anonymous=hidden in given)
        return self._changed(group, new)

    def demote(self, account: Account, group: Group) -> Act:
        """Make an administrator a plain member again."""
        self._check_may(group, "can_promote_members")
        return self._changed(group, Member(account))

    def restrict(self, account: Account, group: Group, *forbidden: str) -> Act:
        """Forbid somebody everything, or what is named, such as "can_send_photos"."""
        self._check_may(group, "can_restrict_members")
        left = frozenset(PERMISSIONS) - (frozenset(forbidden) or frozenset(PERMISSIONS))
        return self._changed(group, Member(account, "restricted", permissions=left))

    def boost(self, group: Group, *, boost_id: str = "") -> Act:
        """Boost a chat; its administrators hear of it."""
        now_s = self._telegram.clock.now_ms() // 1000
        number = boost_id or f"{self._telegram.random.randrange(10**9):x}"
        source = {"source": "premium", "user": self.as_json()}
        boost = {"boost_id": number, "add_date": now_s, "expiration_date": now_s + 30 * 86_400, "source": source}
        group.chat.boosts[number] = boost
        return self._tell_administrators(group, "chat_boost", {"boost": boost})

    def take_boost_away(self, group: Group, boost_id: str) -> Act:
        """Take a boost away."""
        boost = group.chat.boosts.pop(boost_id, None)
        if boost is None:
            raise ImpossibleAct(f"{group} has no boost {boost_id}")
        now_s = self._telegram.clock.now_ms() // 1000
        gone = {"boost_id": boost_id, "remove_date": now_s, "source": boost["source"]}
        return self._tell_administrators(group, "removed_chat_boost", gone)

    async def joins(self, where: Group | str) -> None:
        """Come into a group or channel, or follow an invite link."""
        await self._travel(self.join(where).updates)

    async def leaves(self, group: Group) -> None:
        """Go out of a group or channel."""
        await self._travel(self.leave(group).updates)

    async def adds(self, account: Account, to: Group) -> None:
        """Bring somebody into a group, or a bot."""
        await self._travel(self.add(account, to).updates)

    async def puts_out(self, account: Account, of: Group) -> None:
        """Ban somebody, or a bot, from a group."""
        await self._travel(self.put_out(account, of).updates)

    async def promotes(self, account: Account, group: Group, *rights: str) -> None:
        """Make somebody an administrator, with all rights or those named."""
        await self._travel(self.promote(account, group, *rights).updates)

    async def demotes(self, account: Account, group: Group) -> None:
        """Make an administrator a plain member again."""
        await self._travel(self.demote(account, group).updates)

    # How

    def _changed(self, group: Group, new: Member) -> Act:
        return Act(None, tuple(change(self._telegram, group.chat, self, new)))

    def _follow(self, link: str) -> tuple[Group, InviteLink]:
        found = self._telegram.invite_links.get(link)
        if found is None or not found[1].is_open(self._telegram.clock.now_ms() // 1000):
            raise ImpossibleAct(f"{link} leads nowhere")
        return found

    def _come_in_for_stars(self, group: Group, link: InviteLink) -> list[Update]:
        if self.user_id not in group.chat.paid_memberships and self.stars < link.price:
            raise ImpossibleAct(f"{self.first_name} has {self.stars} Stars, and {link.price} are asked for")
        return come_in(self._telegram, self, group.chat, link)

    def _check_here(self, group: Group) -> None:
        if not group.chat.has(self.user_id):
            raise ImpossibleAct(f"{self.first_name} is not in {group.chat.facts['title']}")

    def _check_not_banned(self, group: Group) -> None:
        member = self._telegram.membership(group.chat, self.user_id)
        if member is not None and (member.status == "kicked" or member.is_here):
            raise ImpossibleAct(f"{self.first_name} cannot join {group.chat.facts['title']}: {member.status}")

    def _check_may(self, group: Group, right: str) -> None:
        if not group.chat.may(self.user_id, right):
            raise ImpossibleAct(f"{self.first_name} has no right {right} in {group.chat.facts['title']}")

    def _tell_administrators(self, group: Group, kind: str, details: dict[str, object]) -> Act:
        chat, world = group.chat, self._telegram
        bots: Iterable[BotAccount] = [bot for bot in world.members(chat) if chat.is_administrator(bot.user_id)]
        lane = Lane("chat", chat.chat_id)
        made: list[Update | None] = [
            world.update(bot, kind, {"chat": chat.as_json(), **details}, lane=lane) for bot in bots
        ]
        return Act(None, tuple(update for update in made if update is not None))
