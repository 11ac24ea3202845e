"""An update as it arrived, with what the way through the service needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

#: Kinds that Telegram drops when they are not answered in time: they have a lane of their own.
PAYMENT_KINDS = frozenset({"pre_checkout_query", "shipping_query"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One update of one bot, durable under (partner, update_id)."""

    partner: str
    update_id: int
    correlation_id: UUID
    #: The field of the update that is set: `message`, `callback_query`, ...
    kind: str
    #: Updates of one lane are processed one after the other.
    lane: str
    received_at_ms: int
    #: The body as Telegram sent it.
    payload: bytes


class InvalidUpdate(ValueError):
    """The body is no update: not a JSON object, or without a whole `update_id`."""


def update_id_of(body: Mapping[str, Any]) -> int:
    """Read `update_id`. Raises InvalidUpdate where it is missing or no whole number of 64 bits."""
    update_id = body.get("update_id")
    if not isinstance(update_id, int) or isinstance(update_id, bool) or not 0 <= update_id < 2**63:
        raise InvalidUpdate("an update has a whole update_id")
    return update_id


def kind_of(body: Mapping[str, Any]) -> str:
    """Name the kind: the one field beside `update_id` that holds an object, `unknown` where there is none."""
    return next((name for name, value in body.items() if name != "update_id" and isinstance(value, dict)), "unknown")


def lane_of(body: Mapping[str, Any], kind: str) -> str:
    """Name the lane: the chat; for what has none, the user; payment queries apart from all else."""
    content = body.get(kind)
    if not isinstance(content, dict):
        return "none"
    user_id = _id(content.get("from")) or _id(content.get("user"))
    if kind in PAYMENT_KINDS:
        return f"payment:{user_id}"
    message = content.get("message") if kind == "callback_query" else content
    chat_id = _id(message.get("chat")) if isinstance(message, dict) else None
    return lane_of_chat(chat_id if chat_id is not None else user_id)


def lane_of_chat(chat_id: int | None) -> str:
    """The lane of a chat: its updates, its messages and its attempts."""
    return f"chat:{chat_id}"


def chat_of_lane(lane: str) -> int | None:
    """The chat of a lane; None for a lane that is none's, such as one of payment queries."""
    kind, _, chat = lane.partition(":")
    return int(chat) if kind == "chat" and chat.removeprefix("-").isdecimal() else None


def _id(value: object) -> int | None:
    """The `id` of a chat or user object, where it has one."""
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, int) else None
