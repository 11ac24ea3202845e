"""Reacting to messages as a bot."""

from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.reactions import react, read_reaction


def set_message_reaction(request: Request) -> bool:
    """Put at most one reaction below a message; none takes it away."""
    given = request.arguments.get("reaction") or []
    if not isinstance(given, list):
        raise bad_request("can't parse reaction types JSON object")
    reactions = [read_reaction(value) for value in given]
    message = request.message(purpose="react")
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    react(request.world, message, request.bot, reactions)
    return True


def delete_message_reaction(request: Request) -> bool:
    """Take somebody's reaction away from a message in a group. Whether bots hear of it is published nowhere."""
    who = _reactor(request)
    message = request.message(purpose="delete reactions")
    _check_rights(request, message.chat)
    if _unknown(request, who):
        raise bad_request("reaction sender not found")
    if who not in message.reactions:
        raise NotModelled("deleteMessageReaction of somebody who has not reacted")
    del message.reactions[who]
    return True


def delete_all_message_reactions(request: Request) -> bool:
    """Take all that somebody has reacted in a group away."""
    who = _reactor(request)
    chat = request.chat()
    _check_rights(request, chat)
    if _unknown(request, who):
        raise bad_request("reaction sender not found")
    for message in chat.visible():
        message.reactions.pop(who, None)
    return True


def _reactor(request: Request) -> int:
    """Return the id of the person or the chat whose reactions are meant."""
    arguments = request.arguments
    if "user_id" in arguments:
        if arguments.integer("user_id") <= 0:
            raise bad_request("invalid user_id specified")
        return arguments.integer("user_id")
    if "actor_chat_id" not in arguments:
        raise bad_request("sender_chat_id is empty")
    return arguments.integer("actor_chat_id")


def _unknown(request: Request, who: int) -> bool:
    return request.world.account(who) is None and (who, 0) not in request.world.chats


def _check_rights(request: Request, chat: Chat) -> None:
    if chat.kind not in {"group", "supergroup"}:
        raise NotModelled(f"{request.arguments.method.name} in a {chat.kind} chat")
    if not chat.may(request.bot.user_id, "can_delete_messages"):
        raise bad_request("CHAT_ADMIN_REQUIRED")


METHODS = {
    "setMessageReaction": handler(set_message_reaction, "chat_id message_id reaction is_big"),
    "deleteMessageReaction": handler(delete_message_reaction, "chat_id message_id user_id actor_chat_id"),
    "deleteAllMessageReactions": handler(delete_all_message_reactions, "chat_id user_id actor_chat_id"),
}
