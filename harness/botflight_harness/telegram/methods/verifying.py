"""Verifying users and chats in the name of an organization."""

from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.verifying import DESCRIPTION_CHARACTERS_MOST, Verification


def verify_user(request: Request) -> bool:
    """Put the organization's mark on somebody."""
    return _verify(request, request.user().user_id)


def verify_chat(request: Request) -> bool:
    """Put the organization's mark on a chat."""
    return _verify(request, request.readable_chat().chat_id)


def remove_user_verification(request: Request) -> bool:
    """Take the organization's mark from somebody."""
    return _remove(request, request.arguments.integer("user_id"))


def remove_chat_verification(request: Request) -> bool:
    """Take the organization's mark from a chat."""
    chat = request.world.find_chat(request.bot, request.arguments.get("chat_id"))
    if chat is None:
        raise bad_request("can't access the verified entity")
    return _remove(request, chat.chat_id)


def _verify(request: Request, number: int) -> bool:
    _check_verifier(request)
    description = request.arguments.text("custom_description")
    if len(description) > DESCRIPTION_CHARACTERS_MOST:
        raise NotModelled(f"{request.arguments.method.name} with a description of more than 70 characters")
    request.world.verifications[number] = Verification(request.bot, description)
    return True


def _remove(request: Request, number: int) -> bool:
    _check_verifier(request)
    found = request.world.verifications.get(number)
    if found is None or found.by is not request.bot:
        raise NotModelled(f"{request.arguments.method.name} where the bot has verified nobody")
    del request.world.verifications[number]
    return True


def _check_verifier(request: Request) -> None:
    if not request.bot.verifies:
        raise bad_request("BOT_VERIFIER_FORBIDDEN")


METHODS = {
    "verifyUser": handler(verify_user, "user_id custom_description"),
    "verifyChat": handler(verify_chat, "chat_id custom_description"),
    "removeUserVerification": handler(remove_user_verification, "user_id"),
    "removeChatVerification": handler(remove_chat_verification, "chat_id"),
}
