"""Where people and bots meet: groups, channels, their members, links into them, and who hears of what is written."""

from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

from botflight_harness.clock import Clock
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Actor
from botflight_harness.telegram.chats import Account, Chat, Message, Topic
from botflight_harness.telegram.groups import Channel, Group, reaches
from botflight_harness.telegram.keyboards import NO_MARKUP, Markup
from botflight_harness.telegram.members import Member
from botflight_harness.telegram.membership import InviteLink
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.updates import Lane, Update

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_IN_CHANNELS = {"message": "channel_post", "edited_message": "edited_channel_post"}
_GENERAL = Topic(1, "General", 7322096)


class _World(Protocol):
    """What this part needs of the rest of the world."""

    clock: Clock
    random: Random
    bots: dict[str, BotAccount]
    people: dict[int, Person]
    groups: dict[int, Group]
    chats: dict[tuple[int, int], Chat]
    invite_links: dict[str, tuple[Group, InviteLink]]

    def post(
        self,
        chat: Chat,
        sender: Account,
        content: dict[str, Any],
        *,
        markup: Markup = NO_MARKUP,
        reply_to: Message | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Message: ...

    def update(
        self, bot: BotAccount, kind: str, payload: dict[str, Any], *, lane: Lane, update_id: int | None = None
    ) -> Update | None: ...


class Gatherings:
    """The groups and channels of a world."""

    def group(self: _World, title: str, *members: Account, forum: bool = False, username: str = "") -> Group:
        """Make a supergroup with these members, with topics when it is a `forum`. Bots keep their privacy mode."""
        facts = {"title": title} | ({"username": username} if username else {}) | ({"is_forum": True} if forum else {})
        chat = Chat(_draw_id(self.random), "supergroup", facts)
        if forum:
            chat.last_message_id = _GENERAL.thread_id
            chat.topics[_GENERAL.thread_id] = Topic(_GENERAL.thread_id, _GENERAL.name, _GENERAL.icon_color)
        self.chats[chat.chat_id, 0] = chat
        group = self.groups[chat.chat_id] = Group(chat)
        group.add(*members)
        return group

    def channel(self: _World, title: str, *administrators: Account, username: str = "") -> Channel:
        """Make a channel that these people and bots run."""
        facts = {"title": title} | ({"username": username} if username else {})
        chat = Chat(_draw_id(self.random), "channel", facts)
        self.chats[chat.chat_id, 0] = chat
        channel = self.groups[chat.chat_id] = Channel(chat)
        for administrator in administrators:
            channel.promote(administrator)
        return channel

    def direct_messages(self: _World, channel: Channel) -> Group:
        """Open a channel's direct messages: anybody may write there, in a topic of their own, to those who run it."""
        facts = {"title": channel.chat.facts["title"], "is_direct_messages": True}
        chat = Chat(_draw_id(self.random), "supergroup", facts, members=channel.chat.members, parent=channel.chat)
        self.chats[chat.chat_id, 0] = chat
        group = self.groups[chat.chat_id] = Group(chat)
        return group

    def private_chat(self: _World, person: Actor, bot: BotAccount) -> Chat:
        """Return the chat of the two, opened when there is none."""
        key = (person.user_id, bot.user_id)
        chat = self.chats.get(key)
        if chat is None:
            chat = self.chats[key] = Chat(person.user_id, "private", person.names(), bot=bot)
        return chat

    def find_chat(self: _World, bot: BotAccount, chat_id: object) -> Chat | None:
        """Return the chat that a bot means by its id or @username, or None when it cannot know it."""
        if isinstance(chat_id, int):
            return self.chats.get((chat_id, bot.user_id if chat_id > 0 else 0))
        if isinstance(chat_id, str) and chat_id.startswith("@"):
            name = chat_id[1:].lower()
            named = (group.chat for group in self.groups.values())
            return next((chat for chat in named if str(chat.facts.get("username", "")).lower() == name), None)
        return None

    def account(self: _World, user_id: int) -> Account | None:
        """Return the person or the bot with this id, or None."""
        if user_id in self.people:
            return self.people[user_id]
        return next((bot for bot in self.bots.values() if bot.user_id == user_id), None)

    def members(self: _World, chat: Chat) -> list[BotAccount]:
        """Return the bots in a group or channel."""
        return [bot for bot in self.bots.values() if chat.has(bot.user_id)]

    def membership(self: _World, chat: Chat, user_id: int) -> Member | None:
        """Return what somebody is in a chat now: bans and restrictions run out."""
        member = chat.members.get(user_id)
        if member is None:
            return None
        now = member.over(self.clock.now_ms() // 1000)
        if now is not member:
            chat.members[user_id] = now
        return now

    def announce(self: _World, kind: str, message: Message, *, update_id: int | None = None) -> tuple[Update, ...]:
        """Tell the bots of a message, those that may see it and have not written it."""
        chat = message.chat
        if chat.kind == "channel":
            kind = _IN_CHANNELS.get(kind, kind)
        if chat.bot is not None:
            bots = [chat.bot]
        else:
            inside = [bot for bot in self.bots.values() if chat.has(bot.user_id) and _answers_for(chat, bot)]
            bots = [bot for bot in inside if bot is not message.sender and reaches(message, bot)]
        lane = Lane("chat", chat.chat_id)
        payload = message.as_json()
        made = [self.update(bot, kind, payload, lane=lane, update_id=update_id) for bot in bots]
        return tuple(update for update in made if update is not None)

    def pin(self: _World, message: Message, who: Account) -> Message:
        """Keep a message at the top of its chat, and return the notice of it."""
        chat = message.chat
        if message.message_id in chat.pinned:
            chat.pinned.remove(message.message_id)
        chat.pinned.append(message.message_id)
        return self.post(chat, who, {"pinned_message": message.as_json(with_reply=False)})

    def invite(self: _World, chat: Chat, creator: Account, *, is_primary: bool = False) -> InviteLink:
        """Make a link into a chat."""
        letters = "".join(self.random.choices(_LETTERS, k=16))
        link = InviteLink(f"https://t.me/+{letters}", creator, is_primary=is_primary)
        self.invite_links[link.link] = (self.groups[chat.chat_id], link)
        return link

    def links_of(self: _World, chat: Chat) -> list[InviteLink]:
        """Return the links into a chat."""
        return [link for group, link in self.invite_links.values() if group.chat is chat]


def _answers_for(chat: Chat, bot: BotAccount) -> bool:
    return chat.parent is None or chat.may(bot.user_id, "can_manage_direct_messages")


def _draw_id(random: Random) -> int:
    return -(10**12) - random.randrange(10**9, 3 * 10**9)
