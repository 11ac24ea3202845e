"""What the control API answers: the world's values as JSON. Messages and users keep the Bot API's shapes."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.control.operation import FLAG, INTEGER, OBJECT, TEXT, listed, shape
from botflight_harness.control.room import Room
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.asking import InlineQuery
from botflight_harness.telegram.calls import Call
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.paying import Payment
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.web_apps import WebApp

SEEN = shape(
    message_id=INTEGER,
    sender=TEXT,
    from_bot=FLAG,
    text=TEXT,
    kind=TEXT,
    buttons=listed(TEXT),
    callback_data=listed(TEXT),
    edited=FLAG,
    file_name=TEXT,
)
BOT = shape(id=INTEGER, token=TEXT, username=TEXT, pending_updates=INTEGER, inline_mode=FLAG, privacy_mode=FLAG)
PERSON = shape(id=INTEGER, first_name=TEXT, language=TEXT, stars=INTEGER)
GROUP = shape(id=INTEGER, title=TEXT, kind=TEXT, members=listed(INTEGER))
ACTED = shape(update_ids=listed(INTEGER))
PAYMENT = shape(payment_id=TEXT, stage=TEXT, total=INTEGER, error_message=TEXT, charge_id=TEXT)
INLINE_QUERY = shape(query_id=TEXT, titles=listed(TEXT))
WEB_APP = shape(app_id=TEXT, url=TEXT, init_data=TEXT, query_id=TEXT)
BUSINESS_CONNECTION = shape(id=TEXT, user=OBJECT, is_enabled=FLAG)
#: What an act answers, by what the verb returns in Python.
OF_ACTS: Mapping[object, Mapping[str, Any]] = {
    Act: ACTED,
    Seen: SEEN,
    Payment: PAYMENT,
    InlineQuery: INLINE_QUERY,
    BusinessConnection: BUSINESS_CONNECTION,
    BotAccount: BOT,
    WebApp: WEB_APP,
    str: shape(url=TEXT),
}
CALL = shape(bot=INTEGER, method=TEXT, parameters=OBJECT, at_ms=INTEGER, error=TEXT)


def outcome(room: Room, value: object) -> Any:  # noqa: ANN401 -- JSON
    """Return what an act of a person came to."""
    match value:
        case Act():
            message = {} if value.message is None else {"message": value.message.as_json()}
            return message | {"update_ids": [update.update_id for update in value.updates]}
        case Seen():
            return seen(value)
        case list():
            return {"messages": [outcome(room, item) for item in value]}
        case Payment():
            return payment(room, value)
        case InlineQuery():
            return {"query_id": value.query_id, "titles": value.titles, "results": value.results}
        case BusinessConnection():
            return value.as_json()
        case str():
            return {"url": value}
        case WebApp():
            return {name: getattr(value, name) for name in WEB_APP["properties"]}
        case BotAccount():
            return bot(value)
        case _:
            return {}


def seen(message: Seen) -> dict[str, Any]:
    """Return a message as it is seen; the bytes of a medium are had from the Bot API by its file_id."""
    shown = {name: getattr(message, name) for name in SEEN["properties"]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in shown.items()}


def bot(account: BotAccount) -> dict[str, Any]:
    """Return a bot, with its token."""
    return {
        "id": account.user_id,
        "token": account.token,
        "username": account.username,
        "pending_updates": len(account.updates),
        "inline_mode": account.inline_mode,
        "privacy_mode": account.privacy_mode,
    }


def person(somebody: Person) -> dict[str, Any]:
    """Return a person."""
    names = {"id": somebody.user_id, "first_name": somebody.first_name, "language": somebody.language}
    return names | {"stars": somebody.stars} | ({"username": somebody.username} if somebody.username else {})


def group(place: Group) -> dict[str, Any]:
    """Return a group or channel with those that are in it."""
    chat = place.chat
    here = [user_id for user_id, member in chat.members.items() if member.is_here]
    return {"id": chat.chat_id, "title": chat.facts["title"], "kind": chat.kind, "members": here}


def payment(room: Room, value: Payment) -> dict[str, Any]:
    """Return how far a payment has come."""
    return {
        "payment_id": room.keep(value),
        "stage": value.stage,
        "total": value.total,
        "error_message": value.error_message,
        "charge_id": value.charge_id if value.charge is not None else "",
    }


def call(made: Call) -> dict[str, Any]:
    """Return a call of a bot; the token is not part of it."""
    return {
        "bot": made.bot_id,
        "method": made.method,
        "parameters": {name: _plain(value) for name, value in made.parameters.items() if value is not None},
        "at_ms": made.at_ms,
        "result": made.result,
        "error": made.error,
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, Upload):
        return f"{value.file_name} ({len(value.data)} bytes)"
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return value
