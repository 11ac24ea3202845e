"""What the page is told: people, messages, calls and deliveries as JSON. Messages keep Telegram's shape."""

from collections.abc import Iterable, Mapping
from typing import Any

from botflight_harness.server.journal import Call, Delivery, Journal
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.events import Event
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.world import Telegram

#: How many messages of a chat a new reader gets.
MESSAGES_SHOWN = 400

#: The name of an event on the page, and what it tells.
Told = tuple[str, dict[str, Any]]


def bot_view(bot: BotAccount) -> dict[str, Any]:
    """Return who the bot is."""
    return {"id": bot.user_id, "name": bot.texts.get(("name", ""), bot.first_name), "username": bot.username}


def person_view(telegram: Telegram, bot: BotAccount, person: Person) -> dict[str, Any]:
    """Return who a person is."""
    return {
        "id": person.user_id,
        "name": person.first_name,
        "language": person.language,
        "blocked": telegram.has_blocked(person.user_id, bot),
    }


def snapshot_view(
    telegram: Telegram,
    bot: BotAccount,
    people: Iterable[Person],
    journal: Journal,
    *,
    title: str,
    links: Mapping[str, str],
) -> dict[str, Any]:
    """Return everything that the page shows."""
    return {
        "title": title,
        "links": dict(links),
        "bot": bot_view(bot),
        "people": [person_view(telegram, bot, person) | _chat_view(person, bot) for person in people],
        "calls": [call_view(call) for call in journal.calls],
        "updates": [delivery_view(delivery) for delivery in journal.deliveries if delivery.bot is bot],
    }


def call_view(call: Call) -> dict[str, Any]:
    """Return a call of the bot."""
    return {
        "method": call.method,
        "outcome": call.outcome,
        "duration_ms": round(call.duration_ms, 2),
        "error_code": call.error_code,
        "description": call.description,
        "parameters": call.parameters,
    }


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    """Return an update with how far it has come."""
    update = delivery.update
    return {
        "update_id": update.update_id,
        "type": update.kind,
        "person": update.payload.get("from", {}).get("first_name", ""),
        "tries": delivery.tries,
        "status": delivery.status,
        "update": update.as_json(),
    }


def event_view(event: Event) -> Told | None:
    """Return what the page is told of an event in a private chat; None when it shows nothing of it."""
    person, details = event.chat_id, event.details or {}
    match event.kind:
        case "message_sent" | "message_edited":
            return "message", {"person": person, "message": event.message}
        case "message_deleted" if event.message is not None:
            return "deleted", {"person": person, "message_id": event.message["message_id"]}
        case "callback_answered":
            return "answer", _answer_view(details)
        case "chat_action":
            return "action", {"person": person, "action": details["action"]}
        case "reply_keyboard":
            return "keyboard", {"person": person, "keyboard": details["keyboard"]}
        case _:
            return None


def _chat_view(person: Person, bot: BotAccount) -> dict[str, Any]:
    chat = person.chat_in(bot)
    messages = [message.as_json() for message in chat.visible()[-MESSAGES_SHOWN:]]
    return {"messages": messages, "keyboard": chat.reply_keyboard}


def _answer_view(details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "person": details["user_id"],
        "query_id": details["callback_query_id"],
        "text": details["text"],
        "alert": details["show_alert"],
        "url": details["url"],
    }
