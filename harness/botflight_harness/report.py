"""A test's world as a page to read: the chats as they ended, what the bot called, and what was amiss."""

import re
from collections.abc import Sequence
from html import escape

from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.screen import seen
from botflight_harness.telegram.transcript import title
from botflight_harness.telegram.world import Telegram

MESSAGES_SHOWN = 500
CALLS_SHOWN = 1_000

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.2rem;overflow-wrap:anywhere}h2{font-size:1rem;margin-top:2rem}
.chat{background:#e8eef4;border-radius:.6rem;padding:1rem;display:flex;flex-direction:column;gap:.5rem}
.message{max-width:80%;background:#fff;border-radius:.6rem;padding:.4rem .7rem;align-self:flex-end}
.message.bot{align-self:flex-start}.who{font-size:.8rem;color:#4a5a6a}.text{white-space:pre-wrap;overflow-wrap:anywhere}
.buttons span{display:inline-block;border:1px solid #4a5a6a;border-radius:.4rem;padding:0 .5rem;margin:.2rem .3rem 0 0}
pre{background:#f4f4f4;padding:.8rem;border-radius:.6rem;overflow-x:auto}.failed{color:#a3191f}.passed{color:#17692f}
@media(prefers-color-scheme:dark){body{background:#14181d;color:#e6e9ec}.chat{background:#1e252d}
.message{background:#2b3540}.who{color:#a9b7c5}.buttons span{border-color:#a9b7c5}pre{background:#1e252d}
.failed{color:#ff8a8a}.passed{color:#7fd99a}}
"""


def page(world: Telegram, *, name: str, outcome: str, complaints: Sequence[str] = ()) -> str:
    """Return the whole page, with nothing to load from elsewhere."""
    chats = "".join(_chat(world, chat) for chat in world.chats.values() if chat.messages)
    calls = "\n".join(str(call) for call in list(world.calls)[-CALLS_SHOWN:])
    amiss = _block("What was amiss", "\n".join(complaints)) if complaints else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(name)}</title><style>{_STYLE}</style>"
        f'<h1>{escape(name)} <span class="{escape(outcome)}">{escape(outcome)}</span></h1>'
        f"{amiss}{chats}{_block(f'{len(world.calls)} calls', _blot(world, calls))}</html>\n"
    )


def file_name(node_id: str) -> str:
    """Return a name for a test's page that any file system takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", node_id).strip("-")[-180:] + ".html"


def _chat(world: Telegram, chat: Chat) -> str:
    shown = "".join(_message(world, message) for message in chat.visible()[-MESSAGES_SHOWN:])
    return f'<h2>{escape(title(chat))}</h2><div class="chat">{shown}</div>'


def _message(world: Telegram, message: Message) -> str:
    shown = seen(message, world.files)
    kind = "" if shown.kind == "text" else f"[{shown.kind}] "
    edited = " (edited)" if shown.edited else ""
    rows = "".join(f"<span>{escape(label)}</span>" for label in shown.buttons)
    buttons = f'<div class="buttons">{rows}</div>' if rows else ""
    side = " bot" if shown.from_bot else ""
    text = escape(_blot(world, kind + shown.text + edited))
    return (
        f'<div class="message{side}"><div class="who">{escape(shown.sender)}</div>'
        f'<div class="text">{text}</div>{buttons}</div>'
    )


def _block(heading: str, text: str) -> str:
    return f"<h2>{escape(heading)}</h2><pre>{escape(text)}</pre>"


def _blot(world: Telegram, text: str) -> str:
    for token in world.bots:
        text = text.replace(token, "<token>")
    return text
