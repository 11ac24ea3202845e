"""How people and bots come into chats and go: what changes, what the chat says of it, and which bots hear of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Account, Chat
from botflight_harness.telegram.members import Member
from botflight_harness.telegram.updates import Lane, Update

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram


@dataclass(slots=True, eq=False)
class InviteLink:
    """A link into a chat."""

    link: str
    creator: Account
    name: str = ""
    #: seconds since 1970; 0 is never
    expires_s: int = 0
    #: 0 is no limit
    members_most: int = 0
    creates_join_request: bool = False
    is_primary: bool = False
    is_revoked: bool = False
    joined: int = 0
    #: Stars for each period of a paid membership; 0 is a link that costs nothing
    price: int = 0
    period_s: int = 0
    #: user ids of those who wait
    pending: set[int] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """Return the ChatInviteLink object."""
        json: dict[str, Any] = {
            "invite_link": self.link,
            "creator": self.creator.as_json(),
            "creates_join_request": self.creates_join_request,
            "is_primary": self.is_primary,
            "is_revoked": self.is_revoked,
        }
        optional: Mapping[str, Any] = {
            "name": self.name,
            "expire_date": self.expires_s,
            "member_limit": self.members_most,
            "pending_join_request_count": len(self.pending),
            "subscription_period": self.period_s,
            "subscription_price": self.price,
        }
        return json | {name: value for name, value in optional.items() if value}

    def is_open(self, now_s: int) -> bool:
        """Tell whether one more may come in by it."""
        is_full = bool(self.members_most) and self.joined >= self.members_most
        return not (self.is_revoked or is_full or (self.expires_s and self.expires_s <= now_s))


def change(
    world: "Telegram",
    chat: Chat,
    actor: Account,
    new: Member,
    *,
    link: InviteLink | None = None,
    via_join_request: bool = False,
) -> list[Update]:
    """Make somebody something else in a chat; `actor` did it. Return the updates that came of it.

    A bot hears of itself with my_chat_member; administrators that ask for it hear of others with chat_member.
    """
    account = new.account
    old = world.membership(chat, account.user_id) or Member(account, "left")
    chat.members[account.user_id] = new
    made = _tell_of_change(world, chat, actor, old, new, link, via_join_request=via_join_request)
    if chat.kind == "channel" or old.is_here == new.is_here:
        return made
    if new.is_here:
        content: dict[str, Any] = {"new_chat_members": [account.as_json()]}
    else:
        content = {"left_chat_member": account.as_json()}
    message = world.post(chat, actor, content)
    return made + list(world.announce("message", message))


def _tell_of_change(
    world: "Telegram",
    chat: Chat,
    actor: Account,
    old: Member,
    new: Member,
    link: InviteLink | None,
    *,
    via_join_request: bool,
) -> list[Update]:
    account, lane = new.account, Lane("chat", chat.chat_id)
    is_channel = chat.kind == "channel"

    def payload(bot: BotAccount) -> dict[str, Any]:
        members = [member.as_json(for_user=bot.user_id, is_channel=is_channel) for member in (old, new)]
        more: dict[str, Any] = {"via_join_request": True} if via_join_request else {}
        if link is not None:
            more["invite_link"] = link.as_json()
        return {
            "chat": chat.as_json(),
            "from": actor.as_json(),
            "date": world.clock.now_ms() // 1000,
            "old_chat_member": members[0],
            "new_chat_member": members[1],
            **more,
        }

    made = []
    if isinstance(account, BotAccount):
        made.append(world.update(account, "my_chat_member", payload(account), lane=lane))
    others = [bot for bot in world.members(chat) if bot is not account and chat.is_administrator(bot.user_id)]
    made += [world.update(bot, "chat_member", payload(bot), lane=lane) for bot in others]
    return [update for update in made if update is not None]


def request_to_join(
    world: "Telegram", chat: Chat, who: Account, link: InviteLink | None, bio: str, *, query_id: str = ""
) -> list[Update]:
    """Let somebody ask to come in; administrators that may invite are told, and a guard is asked with `query_id`."""
    waiting_for(chat, link).add(who.user_id)
    payload = {
        "chat": chat.as_json(),
        "from": who.as_json(),
        "user_chat_id": who.user_id,
        "date": world.clock.now_ms() // 1000,
        **({"bio": bio} if bio else {}),
        **({"invite_link": link.as_json()} if link is not None else {}),
        **({"query_id": query_id} if query_id else {}),
    }
    lane = Lane("chat", chat.chat_id)
    bots = [bot for bot in world.members(chat) if chat.may(bot.user_id, "can_invite_users")]
    for bot in bots:  # who asks to come in may be written to
        world.private_chat(world.people[who.user_id], bot)
    made = [world.update(bot, "chat_join_request", payload, lane=lane) for bot in bots]
    return [update for update in made if update is not None]


def let_in(world: "Telegram", chat: Chat, person: Account, link: InviteLink | None) -> list[Update]:
    """Let somebody in who has asked for it."""
    if link is not None:
        link.joined += 1
    return change(world, chat, person, Member(person), link=link, via_join_request=True)


def waiting_for(chat: Chat, link: InviteLink | None) -> set[int]:
    """Return the user ids of those who have asked to come in by a link, or without one."""
    return chat.requests if link is None else link.pending
