"""What everybody who acts has in common: who they are, where they act, and how what they did travels to the bots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.directly import direct_topic
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.files import StoredFile
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.members import needed_permission
from botflight_harness.telegram.screen import Seen, seen
from botflight_harness.telegram.updates import Lane, Update

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram

Place = BotAccount | Group


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did: the message that it made, and the updates that it caused."""

    message: Message | None
    updates: tuple[Update, ...]

    @property
    def update(self) -> Update:
        """The only update. Raises ValueError when there is none, or more than one."""
        (update,) = self.updates
        return update


class Actor:
    """Somebody with a Telegram account."""

    #: when their Telegram Premium ends, in milliseconds since 1970; 0 is none
    premium_until_ms: int = 0
    last_name: str = ""
    bio: str = ""
    #: what everybody sees of them, whatever their privacy settings hide
    public_photo: StoredFile | None = None

    def __init__(
        self, telegram: "Telegram", user_id: int, first_name: str, *, language: str, username: str | None
    ) -> None:
        self._telegram = telegram
        self.user_id = user_id
        self.first_name = first_name
        self.language = language
        self.username = username

    def __repr__(self) -> str:
        return f"<{self.first_name} {self.user_id}>"

    def names(self) -> dict[str, Any]:
        """Return the names, as User and Chat objects carry them."""
        names = {"first_name": self.first_name} | ({"last_name": self.last_name} if self.last_name else {})
        return {**names, "username": self.username} if self.username else names

    def as_json(self) -> dict[str, Any]:
        """Return the User object."""
        user = {"id": self.user_id, "is_bot": False, **self.names()}
        if self.premium_until_ms > self._telegram.clock.now_ms():
            user["is_premium"] = True
        return {**user, "language_code": self.language} if self.language else user

    def chat_in(self, where: Place | None = None) -> Chat:
        """Return the group's chat, or the private one with a bot; None means the only bot of the world."""
        if isinstance(where, Group):
            return where.chat
        return self._telegram.private_chat(self, where or self._telegram.sole_bot())

    def send_content(
        self,
        content: dict[str, Any],
        *,
        where: Place | None = None,
        reply_to: int | None = None,
        topic: int = 0,
        extra: Mapping[str, Any] | None = None,
        via: BotAccount | None = None,
        inline_keyboard: dict[str, Any] | None = None,
        update_id: int | None = None,
    ) -> Act:
        """Send whatever a message can hold, in the Bot API's shape, such as {"location": {...}}.

        `topic` is the message_thread_id in a forum. Raises ImpossibleAct when the client would not let them.
        """
        chat = self.chat_in(where)
        self._check_sending(chat, content, topic)
        replied = None if reply_to is None else chat.message(reply_to)
        more: dict[str, Any] = {"message_thread_id": topic, "is_topic_message": True} if topic else {}
        if chat.parent is not None:
            more = {"direct_messages_topic": direct_topic(self)}
        message = self._telegram.post(chat, self, content, reply_to=replied, extra={**more, **(extra or {})})
        message.only_for = self.user_id if chat.parent is not None else 0
        if via is not None:
            self._telegram.sent_inline(message, via, inline_keyboard)
        return Act(message, self._announce("message", message, update_id))

    def _check_sending(self, chat: Chat, content: Mapping[str, Any], topic: int) -> None:
        if chat.kind == "private":
            if chat.bot is not None and not chat.bot.can_be_used_by(self.user_id):
                raise ImpossibleAct(f"{self.first_name} has no access to {chat.bot.username}")
            if chat.bot is not None and self._telegram.has_blocked(self.user_id, chat.bot):
                raise ImpossibleAct(f"{self.first_name} has blocked {chat.bot.username}: unblock it first")
            return
        if chat.parent is not None:
            return
        title, member = chat.facts["title"], self._telegram.membership(chat, self.user_id)
        if member is None or not member.is_here:
            raise ImpossibleAct(f"{self.first_name} is not in {title}")
        if chat.kind == "channel" and not member.may("can_post_messages"):
            raise ImpossibleAct(f"{self.first_name} may not post in {title}")
        needed = needed_permission(content)
        allowed = needed in member.permissions if member.status == "restricted" else chat.permissions.get(needed, False)
        if not member.is_administrator and not allowed:
            raise ImpossibleAct(f"{self.first_name} may not send this in {title}: {needed} is off")
        if topic and (topic not in chat.topics or (chat.topics[topic].is_closed and not member.is_administrator)):
            raise ImpossibleAct(f"{title} has no open topic {topic}")

    def _press_button(self, message: Message, pressed: Mapping[str, Any], update_id: int | None) -> Act:
        """Tell the bot of a message that a button below it was pressed: its data, or its game."""
        bot = message.via_bot or message.sender
        if not isinstance(bot, BotAccount):
            raise ImpossibleAct("only a bot's messages have buttons")
        of_game = "game_short_name" in pressed
        query = self._telegram.open_query(bot, self.user_id, message.chat, message, of_game=of_game)
        inline = {"inline_message_id": message.inline_message_id}
        payload = {
            "id": query.query_id,
            "from": self.as_json(),
            **(inline if message.inline_message_id else {"message": _accessible(message)}),
            "chat_instance": str(abs(message.chat.chat_id) * 7919 + bot.user_id),
            **pressed,
        }
        lane = Lane("callback", self.user_id)
        update = self._telegram.update(bot, "callback_query", payload, lane=lane, update_id=update_id)
        return Act(message, () if update is None else (update,))

    # How it travels

    async def _done(self, act: Act) -> Seen:
        if act.message is None:
            raise ImpossibleAct("nothing was sent")
        await self._travel(act.updates)
        return seen(act.message, self._telegram.files)

    async def _travel(self, updates: Sequence[Update], *, together: bool = False) -> None:
        for bot in tuple(self._telegram.bots.values()):
            mine = [update for update in updates if update in bot.updates]
            if mine and bot.road is not None:
                await (bot.road.together(mine) if together else bot.road.carry(mine))

    def _announce(self, kind: str, message: Message, update_id: int | None) -> tuple[Update, ...]:
        return self._telegram.announce(kind, message, update_id=update_id)


def _accessible(message: Message) -> dict[str, Any]:
    """Return the message, or what is left of it when it was deleted."""
    if message.is_deleted:
        return {"chat": message.chat.as_json(), "message_id": message.message_id, "date": 0}
    return message.as_json()
