"""What everybody who acts has in common: who they are, where they act, and how what they did travels to the bots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.groups import Group, reaches
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
        names = {"first_name": self.first_name}
        return {**names, "username": self.username} if self.username else names

    def as_json(self) -> dict[str, Any]:
        """Return the User object."""
        user = {"id": self.user_id, "is_bot": False, **self.names()}
        return {**user, "language_code": self.language} if self.language else user

    def chat_in(self, where: Place | None = None) -> Chat:
        """Return the group's chat, or the private one with a bot; None means the only bot of the world."""
        if isinstance(where, Group):
            return where.chat
        return self._telegram.private_chat(self, where or self._telegram.sole_bot())

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
        chat = message.chat
        lane = Lane("chat", chat.chat_id)
        bots = [chat.bot] if chat.bot else [bot for bot in self._telegram.members(chat) if reaches(message, bot)]
        payload = message.as_json()
        made = [self._telegram.update(bot, kind, payload, lane=lane, update_id=update_id) for bot in bots]
        return tuple(update for update in made if update is not None)
