"""A chat as text, for failure messages: who wrote what, with which buttons."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botflight_harness.telegram.calls import Call
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.screen import seen

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram

CHATS_SHOWN = 10
MESSAGES_SHOWN = 30
CALLS_SHOWN = 30


def transcript(telegram: "Telegram", chat: Chat) -> str:
    """Return what the chat shows now, one line a message and one for its buttons."""
    messages = [*chat.visible(), *chat.ephemeral.values()]
    lines = [f"--- {title(chat)} ---"]
    if len(messages) > MESSAGES_SHOWN:
        lines.append(f"  ... {len(messages) - MESSAGES_SHOWN} older messages")
    for message in messages[-MESSAGES_SHOWN:]:
        lines += _lines(telegram, message)
    if chat.reply_keyboard and (rows := chat.reply_keyboard.get("keyboard")):
        lines.append("  keyboard: " + " / ".join(_row(button["text"] for button in row) for row in rows))
    if len(lines) == 1:
        lines.append("  (empty)")
    return "\n".join(lines)


def title(chat: Chat) -> str:
    """Return a chat's name for people."""
    return str(chat.facts.get("title") or f"{chat.facts.get('first_name')} and {chat.bot and chat.bot.username}")


def call_list(calls: Iterable[Call]) -> str:
    """Return the last calls, one a line, but for a poller's getUpdates: they would hide the others."""
    listed = [call for call in calls if not call.is_quiet]
    lines = [f"--- {len(listed)} call{'' if len(listed) == 1 else 's'} ---"]
    if len(listed) > CALLS_SHOWN:
        lines.append(f"  ... {len(listed) - CALLS_SHOWN} earlier calls")
    lines += [f"  {call}" for call in listed[-CALLS_SHOWN:]]
    return "\n".join(lines)


def report(telegram: "Telegram", *, told: str = "") -> str:
    """Return every chat and the last calls, without what `told` has shown already."""
    chats = [transcript(telegram, chat) for chat in list(telegram.chats.values())[:CHATS_SHOWN]]
    return "\n\n".join(part for part in [*chats, call_list(telegram.calls)] if part not in told)


def _lines(telegram: "Telegram", message: Message) -> list[str]:
    shown = seen(message, telegram.files)
    medium = "" if shown.kind == "text" else f"[{shown.kind}] "
    if message.ephemeral_id:
        medium += "(ephemeral) "
    edited = " (edited)" if shown.edited else ""
    text = shown.text.replace("\n", "\n      ")
    lines = [f"  {shown.sender}: {medium}{text}{edited}"]
    rows = (message.inline_keyboard or {}).get("inline_keyboard", ())
    lines.extend(f"      {_row(button['text'] for button in row)}" for row in rows)
    return lines


def _row(labels: Iterable[str]) -> str:
    return " ".join(f"[{label}]" for label in labels)
