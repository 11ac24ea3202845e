"""Keyboards that a bot sends: read, checked as Telegram checks them, and looked up by who presses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botflight_harness.telegram.errors import Refusal, bad_request

CALLBACK_DATA_BYTES_MOST = 64
INLINE_BUTTONS_MOST = 100
REPLY_BUTTONS_MOST = 300

Button = dict[str, Any]
_ACTIONS = (
    "url",
    "callback_data",
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "login_url",
    "web_app",
    "copy_text",
)


@dataclass(frozen=True, slots=True)
class Markup:
    """What came as reply_markup; at most one of the three is set."""

    #: as messages carry it: {"inline_keyboard": [[...]]}
    inline: dict[str, Any] | None = None
    #: {"keyboard": [[...]], ...} or {"force_reply": true}: shown below the chat
    reply: dict[str, Any] | None = None
    removes: bool = False


NO_MARKUP = Markup()


def read_markup(value: object) -> Markup:
    """Return the checked reply_markup of a call. Raises Refusal as Telegram does."""
    if value is None:
        return NO_MARKUP
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in value:
        rows = _rows(value["inline_keyboard"], "inline_keyboard", _inline_button, INLINE_BUTTONS_MOST)
        return Markup(inline={"inline_keyboard": rows}) if rows else NO_MARKUP
    if "keyboard" in value:
        rows = _rows(value["keyboard"], "keyboard", read_reply_button, REPLY_BUTTONS_MOST)
        return Markup(reply={**value, "keyboard": rows})
    if value.get("remove_keyboard"):
        return Markup(removes=True)
    if value.get("force_reply"):
        return Markup(reply=dict(value))
    return NO_MARKUP


def inline_buttons(markup: Mapping[str, Any] | None) -> Iterator[Button]:
    """Yield the buttons below a message, row by row."""
    for row in (markup or {}).get("inline_keyboard", ()):
        yield from row


def reply_buttons(keyboard: Mapping[str, Any] | None) -> Iterator[Button]:
    """Yield the buttons below the chat, row by row."""
    for row in (keyboard or {}).get("keyboard", ()):
        yield from row


def _rows(value: object, name: str, read: Callable[[object], Button], most: int) -> list[list[Button]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad_request(f'field "{name}" must be an Array of Arrays')
    rows = [[read(button) for button in row] for row in value if row]
    if sum(map(len, rows)) > most:
        raise bad_request("reply markup is too long")
    return rows


def _inline_button(value: object) -> Button:
    if not isinstance(value, dict):
        raise _unreadable("inline keyboard button", "InlineKeyboardButton must be an Object")
    if "text" not in value:
        raise _unreadable("inline keyboard button", 'Can\'t find field "text"')
    if not str(value["text"]).strip():
        raise bad_request("inline keyboard button text must be non-empty")
    action = next((name for name in _ACTIONS if value.get(name) or _may_be_empty(name, value)), None)
    if action is None:
        raise _unreadable("inline keyboard button", "Text buttons are unallowed in the inline keyboard")
    if action == "callback_data" and len(str(value["callback_data"]).encode()) > CALLBACK_DATA_BYTES_MOST:
        raise bad_request("BUTTON_DATA_INVALID")
    return {name: value[name] for name in ("text", "style", "icon_custom_emoji_id", action) if name in value}


def _may_be_empty(name: str, value: Mapping[str, Any]) -> bool:
    return name in value and name.startswith(("switch_inline_query", "callback_game"))


def read_reply_button(value: object) -> Button:
    """Return a checked KeyboardButton. Raises Refusal."""
    if isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, dict):
        raise _unreadable("keyboard button", "KeyboardButton must be a String or an Object")
    if "text" not in value:
        raise _unreadable("keyboard button", 'Can\'t find field "text"')
    if not str(value["text"]).strip():
        raise bad_request("keyboard button text must be non-empty")
    return dict(value)


def _unreadable(what: str, why: str) -> Refusal:
    return bad_request(f"can't parse {what}: {why}")
