"""Which kind of update goes to which feature."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import orjson
from telegram import Bot, Message, MessageEntity, Update
from telegram.ext import (
    CallbackContext,
    CallbackQueryHandler,
    MessageHandler,
    PreCheckoutQueryHandler,
    TypeHandler,
    filters,
)

from botflight_service.bot.application import PTB
from botflight_service.bot.conversation import Conversation, Feature
from botflight_service.bot.visit import Bill, CheckOut, Reply, Visit
from botflight_service.updates import processing
from botflight_service.updates.envelope import Envelope

Context = CallbackContext[Any, Any, Any, Any]

#: What Telegram is asked to send: all that the bot answers, and who blocks it.
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "pre_checkout_query", "my_chat_member")

#: Contents of a message that the bot has no use for, by the name that they go under in logs.
_CONTENTS = (
    "sticker",
    "voice",
    "video",
    "video_note",
    "animation",
    "audio",
    "document",
    "location",
    "contact",
    "poll",
    "dice",
    "story",
)
#: Messages that Telegram writes itself; nobody waits for an answer to them.
_NO_ANSWER = filters.StatusUpdate.ALL


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


class BotDispatcher:
    """Hands updates to python-telegram-bot, and what it finds to a feature by way of the conversation."""

    def __init__(self, *, application: PTB, conversation: Conversation, features: Features) -> None:
        self._application = application
        self._conversation = conversation
        self._features = features
        application.add_handler(PreCheckoutQueryHandler(self._check_out))
        application.add_handler(CallbackQueryHandler(self._tap))
        application.add_handler(MessageHandler(filters.SUCCESSFUL_PAYMENT, self._paid))
        application.add_handler(MessageHandler(filters.StatusUpdate.REFUNDED_PAYMENT, self._refunded))
        application.add_handler(MessageHandler(filters.UpdateType.MESSAGE & ~_NO_ANSWER, self._message))
        application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, self._edited))
        application.add_handler(TypeHandler(Update, self._other))
        application.add_error_handler(self._failed)

    async def dispatch(self, envelope: Envelope) -> None:
        """Handle an update; its outcome goes to the processing cell, and so does what a handler raises."""
        await self._application.process_update(self._parse(envelope))

    async def apologise(self, envelope: Envelope) -> None:
        """Tell the user that their update failed and mark it as done, in one commit."""
        await self._conversation.apologise(self._parse(envelope), envelope)

    @property
    def _bot(self) -> Bot:
        bot: Bot = self._application.bot
        return bot

    def _parse(self, envelope: Envelope) -> Update:
        return Update.de_json(orjson.loads(envelope.payload), self._bot)

    async def _check_out(self, update: Update, _: Context) -> None:
        if update.pre_checkout_query is not None:
            await self._conversation.check_out(update.pre_checkout_query, self._features.on_check_out)

    async def _paid(self, update: Update, _: Context) -> None:
        paid = update.message.successful_payment if update.message is not None else None
        if paid is None:
            await self._conversation.ignore("not_addressed")
            return
        bill = Bill(
            charge_id=paid.telegram_payment_charge_id,
            currency=paid.currency,
            total=paid.total_amount,
            payload=paid.invoice_payload,
        )
        await self._conversation.attend(update, partial(self._features.on_paid, bill=bill))

    async def _refunded(self, update: Update, _: Context) -> None:
        went = update.message.refunded_payment if update.message is not None else None
        if went is None:
            await self._conversation.ignore("not_addressed")
            return
        bill = Bill(
            charge_id=went.telegram_payment_charge_id,
            currency=went.currency,
            total=went.total_amount,
            payload=went.invoice_payload,
        )
        await self._conversation.attend(update, partial(self._features.on_refunded, bill=bill))

    async def _tap(self, update: Update, _: Context) -> None:
        if update.effective_chat is None:
            await self._conversation.ignore("inline_tap")
            return
        await self._conversation.attend(update, self._features.on_tap)

    async def _message(self, update: Update, _: Context) -> None:
        message = update.effective_message
        if message is None or message.from_user is None or not self._addressed(message):
            await self._conversation.ignore("not_addressed")
            return
        await self._conversation.attend(update, self._feature_for(message))

    async def _edited(self, update: Update, _: Context) -> None:
        message = update.edited_message
        if message is None or message.from_user is None or message.chat.type != message.chat.PRIVATE:
            await self._conversation.ignore("not_addressed")
            return
        await self._conversation.attend(update, partial(self._features.on_unexpected, what="edited_message"))

    async def _other(self, update: Update, _: Context) -> None:
        """What nobody waits for an answer to: members who come and go, reactions, posts in channels."""
        del update
        await self._conversation.ignore("not_addressed")

    async def _failed(self, _: object, context: Context) -> None:
        processing.current().error = context.error

    def _feature_for(self, message: Message) -> Feature:
        command = _command_of(message)
        if command is not None:
            name, arguments = command
            return partial(self._features.on_command, name=name, arguments=arguments)
        if message.text is not None:
            return self._features.on_text
        if message.photo:
            return self._features.on_photo
        what = next((name for name in _CONTENTS if getattr(message, name)), "message")
        return partial(self._features.on_unexpected, what=what)

    def _addressed(self, message: Message) -> bool:
        """In a private chat always; in a group where the bot is named, replied to or commanded."""
        if message.chat.type == message.chat.PRIVATE:
            return True
        if message.chat.type == message.chat.CHANNEL:
            return False
        replied = message.reply_to_message
        if replied is not None and replied.from_user is not None and replied.from_user.id == self._bot.id:
            return True
        mine = f"@{self._bot.username}".lower()
        command = message.text.split(maxsplit=1)[0].lower() if message.text and message.text.startswith("/") else ""
        if command:
            return "@" not in command or command.endswith(mine)
        return any(named.lower() == mine for named in message.parse_entities([MessageEntity.MENTION]).values())


def _command_of(message: Message) -> tuple[str, tuple[str, ...]] | None:
    """The command that a message begins with, without slash and bot name, and the words after it."""
    first = message.entities[0] if message.entities else None
    if message.text is None or first is None or first.type != MessageEntity.BOT_COMMAND or first.offset != 0:
        return None
    words = message.text.split()
    return words[0][1:].partition("@")[0].lower(), tuple(words[1:])
