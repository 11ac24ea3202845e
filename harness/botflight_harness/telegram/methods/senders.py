"""Channels that write in groups: banning them."""

from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.methods.request import Request, handler


def ban_chat_sender_chat(request: Request) -> bool:
    """Let a channel's owner write in its name no more, nor in that of another channel of theirs."""
    chat, sender = _found(request, "can't ban members in private chats")
    chat.banned_senders.add(sender.chat_id)
    return True


def unban_chat_sender_chat(request: Request) -> bool:
    """Let a channel's owner write in its name again."""
    chat, sender = _found(request, "chat member status can't be changed in private chats")
    chat.banned_senders.discard(sender.chat_id)
    return True


def _found(request: Request, in_private: str) -> tuple[Chat, Chat]:
    chat = request.chat()
    number = request.arguments.integer("sender_chat_id")
    sender = request.world.chats.get((number, 0 if number < 0 else request.bot.user_id))
    if sender is None:
        raise bad_request("chat not found")
    if chat.kind == "private":
        raise bad_request(in_private)
    if sender.kind != "channel":
        raise bad_request("can't restrict the chat")
    if not chat.may(request.bot.user_id, "can_restrict_members"):
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    return chat, sender


METHODS = {
    "banChatSenderChat": handler(ban_chat_sender_chat, "chat_id sender_chat_id"),
    "unbanChatSenderChat": handler(unban_chat_sender_chat, "chat_id sender_chat_id"),
}
