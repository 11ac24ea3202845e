"""The rarer dealings of people with bots: business accounts, guests, paid media, drafts, and bots that bots manage."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.entities import find_entities
from botflight_harness.telegram.ephemeral import whisper
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.giving import Giving
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.updates import Lane, Update


@dataclass(slots=True, eq=False)
class BusinessConnection:
    """A bot that answers in the place of a person."""

    connection_id: str
    owner: "Dealing"
    bot: BotAccount
    at_ms: int
    rights: dict[str, bool]
    is_enabled: bool = True
    #: the owner's chats with others, by the other's user id
    chats: dict[int, Chat] = field(default_factory=dict)
    #: the chats of an account share their message ids
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def chat_with(self, other: Actor) -> Chat:
        """Return the owner's chat with somebody, opened when there is none."""
        if other.user_id not in self.chats:
            self.chats[other.user_id] = Chat(other.user_id, "private", other.names(), ids=self.ids)
        return self.chats[other.user_id]

    def as_json(self) -> dict[str, Any]:
        """Return the BusinessConnection object."""
        return {
            "id": self.connection_id,
            "user": self.owner.as_json(),
            "user_chat_id": self.owner.user_id,
            "date": self.at_ms // 1000,
            "rights": {name: True for name, given in self.rights.items() if given},
            "is_enabled": self.is_enabled,
        }


@dataclass(frozen=True, slots=True)
class PaidMedia:
    """What stands behind a message with media that cost Stars."""

    bot: BotAccount
    stars: int
    payload: str
    media: list[dict[str, Any]]


class Dealing(Giving):
    """What somebody can do beside chatting."""

    # Business accounts

    def connect_business(self, bot: BotAccount | None = None, *rights: str) -> BusinessConnection:
        """Let a bot answer in one's place; the bot hears of it. Without `rights`, it may reply and read."""
        bot, world = bot or self._telegram.sole_bot(), self._telegram
        number = f"{world.random.randrange(10**12):x}"
        given = dict.fromkeys(rights or ("can_reply", "can_read_messages"), True)
        connection = BusinessConnection(number, self, bot, world.clock.now_ms(), given)
        world.business[number] = connection
        world.private_chat(self, bot)
        self._tell_business(connection, "business_connection", connection.as_json())
        return connection

    def disconnect_business(self, connection: BusinessConnection) -> Act:
        """Let the bot answer no more."""
        connection.is_enabled = False
        return self._tell_business(connection, "business_connection", connection.as_json())

    def write_to_business(self, connection: BusinessConnection, text: str) -> Act:
        """Write to the person behind a business account."""
        chat = connection.chat_with(self)
        content: dict[str, Any] = {"text": text}
        if entities := find_entities(text):
            content["entities"] = entities
        extra = {"business_connection_id": connection.connection_id}
        message = self._telegram.post(chat, self, content, extra=extra)
        told = self._tell_business(connection, "business_message", message.as_json())
        return Act(message, told.updates)

    def edit_in_business(self, connection: BusinessConnection, message: Message, text: str) -> Act:
        """Change what one has written to a business account."""
        self._telegram.change(message, {"text": text}, inline_keyboard=None)
        told = self._tell_business(connection, "edited_business_message", message.as_json())
        return Act(message, told.updates)

    def delete_in_business(self, connection: BusinessConnection, *messages: Message) -> Act:
        """Delete what one has written to a business account."""
        for message in messages:
            self._telegram.remove(message)
        payload = {
            "business_connection_id": connection.connection_id,
            "chat": connection.chats[self.user_id].as_json(),
            "message_ids": [message.message_id for message in messages],
        }
        return self._tell_business(connection, "deleted_business_messages", payload)

    def _tell_business(self, connection: BusinessConnection, kind: str, payload: dict[str, Any]) -> Act:
        lane = Lane("business", self.user_id)
        return _acted(self._telegram.update(connection.bot, kind, payload, lane=lane))

    # Ephemeral messages

    def send_ephemeral(self, text: str, *, where: Group, bot: BotAccount | None = None, reply_to: int = 0) -> Act:
        """Write to a bot in a group so that nobody else sees it: a command that the bot has declared ephemeral.

        Any other text has to answer an ephemeral message of the bot, whose ephemeral_message_id is `reply_to`.
        """
        bot = bot or self._telegram.sole_bot()
        chat = where.chat
        answered = chat.ephemeral.get(reply_to)
        if answered is not None and (answered.sender is not bot or answered.only_for != self.user_id):
            answered = None
        command = text.removeprefix("/").partition(" ")[0].partition("@")[0]
        if answered is None and not (text.startswith("/") and bot.has_ephemeral_command(command)):
            raise ImpossibleAct(f"{text!r} is no ephemeral command of {bot.username}, and answers nothing of it")
        if not (chat.has(self.user_id) and chat.has(bot.user_id)):
            raise ImpossibleAct(f"{self.first_name} and {bot.username} are not both in {chat.facts['title']}")
        content: dict[str, Any] = {"text": text}
        if entities := find_entities(text):
            content["entities"] = entities
        message = whisper(self._telegram, chat, self, bot, content)
        lane = Lane("chat", chat.chat_id)
        return Act(message, _acted(self._telegram.update(bot, "message", message.as_json(), lane=lane)).updates)

    async def sends_ephemeral(
        self, text: str, *, where: Group, bot: BotAccount | None = None, reply_to: int = 0
    ) -> Seen:
        """Write to a bot in a group so that nobody else sees it."""
        return await self._done(self.send_ephemeral(text, where=where, bot=bot, reply_to=reply_to))

    # Guests

    def call_guest(self, text: str, *, where: Group, bot: BotAccount | None = None) -> Act:
        """Mention a bot in a chat where it is not: it is asked in as a guest, for one answer."""
        bot = bot or self._telegram.sole_bot()
        if where.chat.has(bot.user_id):
            raise ImpossibleAct(f"{bot.username} is in {where.chat.facts['title']} and no guest")
        full = f"@{bot.username} {text}"
        act = self.send_content({"text": full, "entities": find_entities(full)}, where=where)
        assert act.message is not None
        number = str(self._telegram.random.randrange(10**17, 10**18))
        self._telegram.guest_queries[number] = (bot, act.message)
        payload = act.message.as_json() | {"guest_query_id": number}
        told = self._telegram.update(bot, "guest_message", payload, lane=Lane("guest", self.user_id))
        return Act(act.message, act.updates + _acted(told).updates)

    # Paid media

    def buy_media(self, message: Message | Seen | None = None, *, where: Place | None = None) -> Act:
        """Pay for what a message hides: the newest with paid media, unless one is named."""
        number = None if message is None else message.message_id
        for found in self.chat_in(where).newest_first():
            if isinstance(found.behind, PaidMedia) and number in {None, found.message_id}:
                return self._buy(found, found.behind)
        raise ImpossibleAct(f"{self.first_name} sees no paid media")

    def _buy(self, message: Message, paid: PaidMedia) -> Act:
        if self.stars < paid.stars:
            raise ImpossibleAct(f"{self.first_name} has {self.stars} Stars, and {paid.stars} are asked for")
        self.stars -= paid.stars
        now_ms = self._telegram.clock.now_ms()
        self._telegram.cashier.till.sell_media(paid.bot, self.as_json(), paid.stars, paid.payload, now_ms=now_ms)
        if not paid.payload:
            return Act(message, ())
        payload = {"from": self.as_json(), "paid_media_payload": paid.payload}
        lane = Lane("payment", self.user_id)
        return Act(message, _acted(self._telegram.update(paid.bot, "purchased_paid_media", payload, lane=lane)).updates)

    # Drafts

    def stop_generation(self, *, where: BotAccount | None = None) -> Act:
        """Press Stop below a message that the bot is still writing."""
        chat = self.chat_in(where)
        bot = chat.bot
        stoppable = [number for number, (can_stop, until_ms) in chat.drafts.items() if can_stop]
        if not stoppable or bot is None:
            raise ImpossibleAct(f"{self.first_name} sees no message that is being written and can be stopped")
        del chat.drafts[stoppable[-1]]
        payload = {"chat": chat.as_json(), "draft_id": stoppable[-1]}
        return _acted(
            self._telegram.update(bot, "stopped_message_generation", payload, lane=Lane("chat", chat.chat_id))
        )

    # Bots of bots

    def create_managed_bot(self, username: str, *, by: BotAccount | None = None) -> BotAccount:
        """Have a bot of one's own made and managed by a bot, which hears of it."""
        manager = by or self._telegram.sole_bot()
        made = self._telegram.bot(
            f"{self._telegram.random.randrange(10**9, 8 * 10**9)}:AA{username}", username=username
        )
        made.owner_id = self.user_id
        self._telegram.managed_bots[made.user_id] = manager
        payload = {"user": self.as_json(), "bot": made.as_json()}
        self._telegram.update(manager, "managed_bot", payload, lane=Lane("managed", self.user_id))
        return made


def _acted(update: Update | None) -> Act:
    return Act(None, () if update is None else (update,))
