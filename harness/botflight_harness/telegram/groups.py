"""Groups, and which of their messages a bot in them sees."""

from typing import TYPE_CHECKING

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.utf16 import utf16_slice

if TYPE_CHECKING:
    from botflight_harness.telegram.people import Person
    from botflight_harness.telegram.world import Telegram


class Group:
    """A supergroup."""

    def __init__(self, telegram: "Telegram", chat: Chat) -> None:
        self._telegram = telegram
        self.chat = chat

    @property
    def chat_id(self) -> int:
        """The id, as bots see it."""
        return self.chat.chat_id

    def add(self, *members: "Person | BotAccount") -> None:
        """Let somebody in."""
        self.chat.member_ids.update(member.user_id for member in members)

    def remove(self, *members: "Person | BotAccount") -> None:
        """Put somebody out."""
        self.chat.member_ids.difference_update(member.user_id for member in members)


def reaches(message: Message, bot: BotAccount) -> bool:
    """Tell whether a bot gets a message of a group.

    In privacy mode these are: commands that name it or nobody, replies to it, and mentions of it
    (https://core.telegram.org/bots/features#privacy-mode).
    """
    if not bot.privacy_mode:
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
