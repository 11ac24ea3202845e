"""Which kind of update goes to which feature."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from botflight_service.bot.arrival import CHANNEL, Arrival, arrival_of, content_of, query_id_of
from botflight_service.bot.conversation import Conversation, Feature
from botflight_service.bot.visit import Bill, CheckOut, Reply, Visit
from botflight_service.updates.envelope import Envelope

#: What Telegram is asked to send: all that the bot answers, and who blocks it.
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "pre_checkout_query", "my_chat_member")


class Features(Protocol):
    """What the bot can do, by what a user did."""

    async def on_tap(self, visit: Visit) -> Reply:
        """Answer a tap on an inline button."""
        ...

    async def on_command(self, visit: Visit, name: str, arguments: tuple[str, ...]) -> Reply:
        """Answer a command, given without its slash."""
        ...

    async def on_text(self, visit: Visit) -> Reply:
        """Answer a text."""
        ...

    async def on_photo(self, visit: Visit) -> Reply:
        """Answer a photo."""
        ...

    async def on_unexpected(self, visit: Visit, what: str) -> Reply:
        """Answer anything else; `what` names it, such as `sticker` or `edited_message`."""
        ...

    async def on_paid(self, visit: Visit, bill: Bill) -> Reply:
        """Credit what was paid."""
        ...

    async def on_refunded(self, visit: Visit, bill: Bill) -> Reply:
        """Take note of what went back."""
        ...

    def on_check_out(self, asked: CheckOut) -> str | None:
        """Say why somebody may not pay, or None. It reads no store."""
        ...


class Identity(Protocol):
    """Who the bot is: known once Telegram was asked."""

    @property
    def id(self) -> int:
        """Its user id."""
        ...

    @property
    def username(self) -> str:
        """Its name, without @."""
        ...


class BotDispatcher:
    """Hands an update to a feature by way of the conversation."""

    def __init__(self, *, bot: Identity, conversation: Conversation, features: Features) -> None:
        self._bot = bot
        self._conversation = conversation
        self._features = features

    async def dispatch(self, envelope: Envelope) -> None:
        """Handle an update; its outcome goes to the processing cell. Raises what its feature does."""
        if envelope.kind == "pre_checkout_query":
            await self._conversation.check_out(content_of(envelope), self._features.on_check_out)
            return
        arrival = arrival_of(envelope) if envelope.kind in {"message", "edited_message", "callback_query"} else None
        feature = self._feature_for(envelope.kind, arrival) if arrival is not None else None
        if arrival is None or feature is None:
            # What nobody waits for an answer to: members who come and go, reactions, posts in channels.
            reason = "inline_tap" if envelope.kind == "callback_query" else "not_addressed"
            await self._conversation.ignore(reason, query_id=query_id_of(envelope))
            return
        await self._conversation.attend(arrival, feature)

    async def apologise(self, envelope: Envelope) -> None:
        """Tell the user that their update failed and mark it as done, in one commit."""
        await self._conversation.apologise(arrival_of(envelope), envelope, query_id=query_id_of(envelope))

    def _feature_for(self, kind: str, arrival: Arrival) -> Feature | None:
        if kind == "callback_query":
            return self._features.on_tap
        if kind == "edited_message":
            edited = partial(self._features.on_unexpected, what="edited_message")
            return edited if arrival.private and not arrival.is_service else None
        if bill := arrival.bill("successful_payment"):
            return partial(self._features.on_paid, bill=bill)
        if bill := arrival.bill("refunded_payment"):
            return partial(self._features.on_refunded, bill=bill)
        if arrival.is_service or not self._addressed(arrival):
            return None
        if command := arrival.command:
            return partial(self._features.on_command, name=command[0], arguments=command[1])
        if "text" in arrival.content:
            return self._features.on_text
        if arrival.photo_file_id is not None:
            return self._features.on_photo
        return partial(self._features.on_unexpected, what=arrival.what)

    def _addressed(self, arrival: Arrival) -> bool:
        """In a private chat always; in a group where the bot is named, replied to or commanded."""
        if arrival.private:
            return True
        if arrival.chat_type == CHANNEL:
            return False
        if arrival.replied_to == self._bot.id:
            return True
        mine = f"@{self._bot.username}".lower()
        text = arrival.content.get("text")
        if text and text.startswith("/"):
            command = text.split(maxsplit=1)[0].lower()
            return "@" not in command or command.endswith(mine)
        return any(named.lower() == mine for named in arrival.mentions)
