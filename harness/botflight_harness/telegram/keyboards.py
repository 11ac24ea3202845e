"""Keyboards that a bot sends: read, checked as Telegram checks them, and looked up by who presses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botflight_harness.telegram import urls
from botflight_harness.telegram.errors import Refusal, bad_request

CALLBACK_DATA_BYTES_MOST = 64
INLINE_BUTTONS_MOST = 100
BUTTONS_MOST = 300
ROW_BUTTONS_MOST = 12

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
#: What the buttons of a channel cannot do, as nobody sees there whose buttons they are.
_SWITCHES = ("switch_inline_query", "switch_inline_query_chosen_chat", "switch_inline_query_current_chat")
#: What a button below the chat may ask for in a private chat only.
_REQUESTS = {
    "request_contact": "phone number can be requested",
    "request_location": "location can be requested",
    "request_poll": "poll can be requested",
    "web_app": "web App buttons can be used",
    "request_users": "users can be requested",
    "request_chat": "chats can be requested",
    "request_managed_bot": "managed bots can be requested",
}
#: What opens an address: what the refusal calls it, and whether it has to be one of a Mini App.
_ADDRESSES = {"url": ("", False), "login_url": ("login ", True), "web_app": ("Web App ", True)}


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
    keyboard = _rows(value, "keyboard", "", read_reply_button)
    inline = _rows(value, "inline_keyboard", " of the InlineKeyboardMarkup", _inline_button)
    if keyboard is not None:
        return Markup(reply={**value, "keyboard": keyboard}) if keyboard else NO_MARKUP
    if inline is not None:
        if sum(map(len, inline)) > INLINE_BUTTONS_MOST:
            raise bad_request("reply markup is too long")
        return Markup(inline={"inline_keyboard": inline}) if inline else NO_MARKUP
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


def check_place(markup: Markup, kind: str) -> None:
    """Check that buttons may stand in a chat of this kind. Raises Refusal."""
    if markup is NO_MARKUP or kind == "private":
        return
    if kind == "channel":
        _check_in_channel(markup)
    for button in reply_buttons(markup.reply):
        for name, what in _REQUESTS.items():
            if button.get(name):
                raise bad_request(f"{what} in private chats only")


def _check_in_channel(markup: Markup) -> None:
    if markup.inline is None:
        raise bad_request("inline keyboard expected")
    for button in inline_buttons(markup.inline):
        name = next((name for name in _SWITCHES if name in button), "")
        if name:
            shown = "switch_inline_query" if name.endswith("chosen_chat") else name
            raise bad_request(
                f"can't use {shown} button in a channel chat, because users will not be able to use the button "
                "without knowing bot's username"
            )


def _rows(value: Mapping[str, Any], name: str, of: str, read: Callable[[object], Button]) -> list[list[Button]] | None:
    """Return the rows of buttons that are shown; None when there is no such keyboard."""
    given = value.get(name)
    if given is None:
        return None
    if not isinstance(given, list):
        raise bad_request(f'field "{name}" must be of type Array')
    if not given:
        return None
    rows: list[list[Button]] = []
    left = BUTTONS_MOST
    for row in given:
        if not isinstance(row, list):
            raise bad_request(f'field "{name}"{of} must be an Array of Arrays')
        # What has no label is passed over, and so is what is too much.
        buttons = [button for item in row if (button := read(item))["text"] or button.get("icon_custom_emoji_id")]
        if len(buttons) > ROW_BUTTONS_MOST or len(buttons) > left:
            buttons = buttons[: min(ROW_BUTTONS_MOST, left)]
        if buttons:
            rows.append(buttons)
            left -= len(buttons)
    return rows


def _inline_button(value: object) -> Button:
    if not isinstance(value, dict):
        raise _unreadable("inline keyboard button", "InlineKeyboardButton must be an Object")
    if "text" not in value:
        raise _unreadable("inline keyboard button", 'Can\'t find field "text"')
    action = next((name for name in _ACTIONS if value.get(name) or _may_be_empty(name, value)), None)
    if action is None:
        raise _unreadable("inline keyboard button", "Text buttons are unallowed in the inline keyboard")
    text = value["text"]
    if text and (text if isinstance(text, str) else str(text)).isspace():
        raise bad_request("inline keyboard button text must be non-empty")
    if action == "callback_data":
        if len(str(value["callback_data"]).encode()) > CALLBACK_DATA_BYTES_MOST:
            raise bad_request("BUTTON_DATA_INVALID")
    elif action in _ADDRESSES:
        _check_address(action, value[action])
    return {name: value[name] for name in ("text", "style", "icon_custom_emoji_id", action) if name in value}


def _check_address(action: str, value: object) -> None:
    url = value if isinstance(value, str) else str(value.get("url", "")) if isinstance(value, dict) else str(value)
    wrong = _wrong_address(action, url)
    if wrong:
        raise bad_request(wrong)


@lru_cache(maxsize=1024)
def _wrong_address(action: str, url: str) -> str:
    what, of_web_app = _ADDRESSES[action]
    if urls.is_user_link(url):
        return f"link to a user can't be used in {what}URL buttons" if of_web_app else ""
    wrong = urls.complaint(url, of_web_app=of_web_app)
    return f"inline keyboard button {what}{wrong}" if wrong else ""


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
    text = value["text"] if isinstance(value["text"], str) else str(value["text"])
    if text and not text.strip():
        raise bad_request("keyboard button text must be non-empty")
    if "web_app" in value and isinstance(value["web_app"], Mapping):
        url = str(value["web_app"].get("url", ""))
        if urls.is_user_link(url):
            raise bad_request("link to a user can't be used in Web App URL buttons")
        if wrong := urls.complaint(url, of_web_app=True):
            raise bad_request(f"keyboard button Web App {wrong}")
    return dict(value)


def _unreadable(what: str, why: str) -> Refusal:
    return bad_request(f"can't parse {what}: {why}")
