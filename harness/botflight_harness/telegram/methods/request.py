"""What a method gets: the world, the bot that calls, and the arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Account, Chat, Message
from botflight_harness.telegram.entities import Formatted, format_text
from botflight_harness.telegram.errors import NotModelled, bad_request, forbidden
from botflight_harness.telegram.parameters import Arguments

if TYPE_CHECKING:
    from botflight_harness.telegram.dealing import BusinessConnection
    from botflight_harness.telegram.world import Telegram

#: Of no consequence for what anybody sees here.
HARMLESS = frozenset({"disable_notification", "allow_paid_broadcast", "link_preview_options", "timeout"})

MESSAGES_AT_ONCE_MOST = 100


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a method."""

    world: "Telegram"
    bot: BotAccount
    arguments: Arguments

    def chat(self) -> Chat:
        """Return the chat of `chat_id`, which the bot may write to.

        Raises Refusal when there is none, or the bot is blocked or not a member.
        """
        chat = self.known_chat()
        self.check_not_blocked(chat)
        return chat

    def check_not_blocked(self, chat: Chat) -> None:
        """Check that who has this private chat with the bot lets it write. Raises Refusal."""
        if chat.kind == "private" and self.world.has_blocked(chat.chat_id, self.bot):
            raise forbidden("bot was blocked by the user")

    def known_chat(self) -> Chat:
        """Return the chat of `chat_id`, also of somebody who has blocked the bot.

        Raises Refusal when there is none, or the bot is not a member.
        """
        if "business_connection_id" in self.arguments:
            return self._business_chat()
        if "chat_id" not in self.arguments:
            raise bad_request("chat_id is empty")
        return self._chat_inside(self.arguments.get("chat_id"))

    def readable_chat(self, peer: object = None) -> Chat:
        """Return the chat of `chat_id`, or another, that the bot may read: a public one also from outside.

        Raises Refusal.
        """
        peer = self.arguments.get("chat_id") if peer is None else peer
        chat = self.world.find_chat(self.bot, peer)
        if chat is not None and chat.kind != "private" and "username" in chat.facts and not self._is_banned(chat):
            return chat
        return self._chat_inside(peer)

    def _chat_inside(self, peer: object) -> Chat:
        chat = self.world.find_chat(self.bot, peer)
        if chat is None:
            raise bad_request("chat not found")
        if chat.kind == "private":
            return chat
        member = self.world.membership(chat, self.bot.user_id)
        if member is not None and member.status == "kicked":
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        if member is None or not member.is_here:
            raise forbidden(f"bot is not a member of the {chat.kind} chat")
        return chat

    def _is_banned(self, chat: Chat) -> bool:
        member = self.world.membership(chat, self.bot.user_id)
        return member is not None and member.status == "kicked"

    def business(self, *rights: str) -> "BusinessConnection":
        """Return the connection by which the bot acts in somebody's place.

        Raises Refusal when there is none, it was ended, or its owner has not given the bot one of the rights.
        """
        connection = self.world.business.get(self.arguments.text("business_connection_id"))
        if connection is None or connection.bot is not self.bot:
            raise bad_request("business connection not found")
        if not connection.is_enabled:
            raise bad_request("BUSINESS_CONNECTION_INVALID")
        if not any(connection.rights.get(right) for right in rights):
            raise bad_request("BOT_ACCESS_FORBIDDEN")
        return connection

    def _business_chat(self) -> Chat:
        chat = self.business("can_reply").chats.get(self.arguments.integer("chat_id"))
        if chat is None:
            raise bad_request("BUSINESS_PEER_INVALID")
        return chat

    def sender(self) -> tuple[Account, dict[str, Any]]:
        """Return who is shown as the writer of what the call sends, and what the message says of it."""
        connection = self.world.business.get(self.arguments.text("business_connection_id"))
        if connection is None:
            return self.bot, {}
        shown = {"business_connection_id": connection.connection_id, "sender_business_bot": self.bot.as_json()}
        return connection.owner, shown

    def user(self) -> Account:
        """Return the person or bot of `user_id`. Raises Refusal when there is none."""
        user_id = self.arguments.integer("user_id")
        if user_id <= 0:
            raise bad_request("invalid user_id specified")
        account = self.world.account(user_id)
        if account is None:
            raise bad_request("user not found")
        return account

    def message(self, *, purpose: str) -> Message:
        """Return the message of `message_id`. Raises Refusal `message to <purpose> not found`."""
        found = self.known_chat().message(self.arguments.integer("message_id"))
        if found is None:
            raise bad_request(f"message to {purpose} not found")
        return found

    def message_ids(self) -> list[int]:
        """Return the checked list of `message_ids`. Raises Refusal."""
        numbers = self.arguments.get("message_ids")
        if not isinstance(numbers, list):
            raise bad_request("expected an Array of message identifiers")
        if len(numbers) > MESSAGES_AT_ONCE_MOST:
            raise bad_request("too many message identifiers specified")
        checked = [_message_id(number) for number in numbers]
        if not checked:
            raise bad_request("message identifiers are not specified")
        return checked

    def formatted(self, name: str, entities: str, *, parse_mode: str = "parse_mode") -> Formatted:
        """Return a text parameter with its entities parsed; the arguments are names of parameters."""
        arguments = self.arguments
        return format_text(
            arguments.text(name), parse_mode=arguments.text(parse_mode), entities=arguments.get(entities)
        )


def _message_id(number: object) -> int:
    if not isinstance(number, int | float | str) or isinstance(number, bool):
        raise bad_request("message identifier must be a Number")
    try:
        read = int(str(number))
    except ValueError:
        raise bad_request("can't parse message identifier as a Number") from None
    if read <= 0:
        raise bad_request("invalid message identifier specified")
    return read


@dataclass(frozen=True, slots=True)
class Handler:
    """A method of the world, and the parameters that it models."""

    run: Callable[[Request], Any]
    models: frozenset[str]

    def __call__(self, request: Request) -> Any:  # noqa: ANN401 -- JSON
        """Run the method. Raises NotModelled when a parameter is given that would be passed over."""
        passed_over = request.arguments.values.keys() - self.models
        if passed_over and (passed_over := {name for name in passed_over if request.arguments.get(name)}):
            names = ", ".join(sorted(passed_over))
            raise NotModelled(f"{request.arguments.method.name} with {names}")
        return self.run(request)


def handler(run: Callable[[Request], Any], models: str = "") -> Handler:
    """Return a handler that models the parameters named in `models`, parted by spaces."""
    return Handler(run, HARMLESS | frozenset(models.split()))
