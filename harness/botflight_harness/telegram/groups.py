"""Groups and channels, and which of their messages a bot in them sees."""

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Account, Chat, Message
from botflight_harness.telegram.members import Member, all_rights
from botflight_harness.telegram.utf16 import utf16_slice


class Group:
    """A supergroup. What is done here is done before the test begins: no bot hears of it."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat

    def __repr__(self) -> str:
        return f"<{self.chat.facts['title']} {self.chat_id}>"

    @property
    def chat_id(self) -> int:
        """The id, as bots see it."""
        return self.chat.chat_id

    def add(self, *members: Account) -> None:
        """Let somebody in."""
        for member in members:
            self.chat.members[member.user_id] = Member(member)

    def remove(self, *members: Account) -> None:
        """Put somebody out."""
        for member in members:
            self.chat.members[member.user_id] = Member(member, "left")

    def promote(self, member: Account, *rights: str) -> None:
        """Make somebody an administrator, with all rights or those named, such as "can_pin_messages"."""
        given = frozenset(rights) or all_rights(is_channel=self.chat.kind == "channel")
        self.chat.members[member.user_id] = Member(member).promoted(given, by=0)

    def owned_by(self, member: Account) -> None:
        """Make somebody the owner."""
        self.chat.members[member.user_id] = Member(member, "creator")

    def grow_large(self) -> None:
        """Be large enough for a set of stickers of its own, however few members a test needs."""
        self.chat.can_set_sticker_set = True

    def guarded_by(self, bot: BotAccount) -> None:
        """Let a bot decide who comes in: whoever joins asks first, and the bot is asked.

        Raises ValueError when BotFather has not made it one that can: see `bot.join_request_queries`.
        """
        if not bot.join_request_queries:
            raise ValueError(f"{bot.username} guards no groups: set bot.join_request_queries, as BotFather does")
        self.promote(bot, "can_invite_users")
        self.chat.guard = bot


class Channel(Group):
    """A channel: its administrators post, and nobody else writes."""


def reaches(message: Message, bot: BotAccount) -> bool:
    """Tell whether a bot gets a message of a group.

    In privacy mode these are: commands that name it or nobody, replies to it, mentions of it, what was sent through
    it, and what happens to the group. Administrators get everything
    (https://core.telegram.org/bots/features#privacy-mode).
    """
    if not bot.privacy_mode or message.is_service or message.via_bot is bot:
        return True
    if message.chat.kind == "channel" or message.chat.is_administrator(bot.user_id):
        return True
    if message.reply_to is not None and message.reply_to.sender is bot:
        return True
    return any(_names(message, entity, bot) for entity in message.content.get("entities", ()))


def _names(message: Message, entity: dict[str, object], bot: BotAccount) -> bool:
    covered = utf16_slice(message.text, int(str(entity["offset"])), int(str(entity["length"]))).lower()
    username = bot.username.lower()
    match entity["type"]:
        case "mention":
            return covered == f"@{username}"
        case "bot_command":
            named = covered.partition("@")[2]
            return named in {"", username}
        case _:
            return False
