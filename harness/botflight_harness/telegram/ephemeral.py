"""Ephemeral messages: in a group, between a bot and one member, seen by nobody else.

The rules are those of https://core.telegram.org/bots/api#ephemeral-messages-and-commands. In which words Telegram
refuses what breaks them is not known, so that breaking them fails the test.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Account, Chat, Message
from botflight_harness.telegram.errors import NotModelled
from botflight_harness.telegram.keyboards import Markup, inline_buttons

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram

#: How long after somebody's action a bot that does not run the chat may answer it.
ANSWERED_WITHIN_MS = 15 * SECOND_MS
#: A chat keeps this many; the oldest disappear, as ephemeral messages may.
MESSAGES_MOST = 10_000


def whisper(
    world: "Telegram",
    chat: Chat,
    sender: Account,
    receiver: Account,
    content: dict[str, Any],
    *,
    inline_keyboard: dict[str, Any] | None = None,
    replaces: Message | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Message:
    """Show a message to one person, or to the bot whom that person addresses."""
    chat.last_ephemeral_id += 1
    person = sender if isinstance(receiver, BotAccount) else receiver
    message = Message(
        chat,
        0,
        sender,
        world.clock.now_ms() // SECOND_MS,
        content,
        inline_keyboard=inline_keyboard,
        only_for=person.user_id,
        ephemeral_id=chat.last_ephemeral_id,
        replaces=replaces,
        after=replaces.message_id if replaces is not None else chat.last_message_id,
        extra={"receiver_user": receiver.as_json(), "ephemeral_message_id": chat.last_ephemeral_id, **(extra or {})},
    )
    chat.ephemeral[message.ephemeral_id] = message
    if len(chat.ephemeral) > MESSAGES_MOST:
        del chat.ephemeral[next(iter(chat.ephemeral))]
    world.tell("message_sent", chat, message=message)
    return message


def answer(
    world: "Telegram",
    bot: BotAccount,
    chat: Chat,
    content: dict[str, Any],
    markup: Markup,
    parameters: Mapping[str, Any],
    replied: Mapping[str, Any],
    extra: Mapping[str, Any],
) -> Message:
    """Let a bot write to one member; `parameters` are EphemeralMessageParameters, `replied` are ReplyParameters.

    Raises NotModelled where Telegram refuses it.
    """
    receiver = world.people.get(parameters.get("receiver_user_id", 0))
    if chat.kind not in {"group", "supergroup"} or receiver is None or not chat.has(receiver.user_id):
        raise NotModelled("an ephemeral message to somebody who is no person in the group")
    if markup.reply is not None or markup.removes or any("login_url" in one for one in inline_buttons(markup.inline)):
        raise NotModelled("an ephemeral message with a keyboard that ephemeral messages cannot have")
    replaces, eligible = None, chat.is_administrator(bot.user_id)
    if number := parameters.get("callback_query_id"):
        tapped = _tapped(world, bot, chat, receiver.user_id, str(number))
        eligible = True
        replaces = tapped if parameters.get("replace_callback_query_message") else None
        if replaces is not None and replaces.ephemeral_id:
            raise NotModelled("replace_callback_query_message for a button of an ephemeral message: edit that one")
    if number := replied.get("ephemeral_message_id"):
        _check_incoming(world, bot, chat.ephemeral.get(number), receiver.user_id)
        eligible = True
    if not eligible:
        raise NotModelled("an ephemeral message that answers nothing, by a bot that does not run the group")
    keyboard = markup.inline
    return whisper(world, chat, bot, receiver, content, inline_keyboard=keyboard, replaces=replaces, extra=extra)


def _tapped(world: "Telegram", bot: BotAccount, chat: Chat, user_id: int, number: str) -> Message | None:
    query = world.callback_queries.get(number)
    if query is None or query.bot is not bot or query.chat is not chat or query.user_id != user_id:
        raise NotModelled("an ephemeral message for a callback query of somebody else")
    if world.clock.now_ms() - query.at_ms > ANSWERED_WITHIN_MS:
        raise NotModelled("an ephemeral message later than 15 seconds after the tap that it answers")
    return query.message


def _check_incoming(world: "Telegram", bot: BotAccount, message: Message | None, user_id: int) -> None:
    if message is None or message.sender.user_id != user_id or message.extra["receiver_user"]["id"] != bot.user_id:
        raise NotModelled("an ephemeral message that answers none of its receiver's")
    if world.clock.now_ms() - message.date_s * SECOND_MS > ANSWERED_WITHIN_MS:
        raise NotModelled("an ephemeral message later than 15 seconds after the one that it answers")
