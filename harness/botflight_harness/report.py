"""Pages to read after a run: for each test the chats as they ended, what the bot called, and what was amiss."""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from botflight_harness.leaks import blotted
from botflight_harness.telegram.calls import Call
from botflight_harness.telegram.chats import Chat, Message
from botflight_harness.telegram.screen import Seen, seen
from botflight_harness.telegram.transcript import title
from botflight_harness.telegram.world import Telegram

MESSAGES_SHOWN = 500
CALLS_SHOWN = 1_000
#: Larger pictures are named and not shown.
PICTURE_BYTES_MOST = 300_000
INDEX = "index.html"

_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
_HEAD = re.compile(r'<title>(.*?)</title><meta name="outcome" content="(\w+)">')
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.2rem;overflow-wrap:anywhere}h2{font-size:1rem;margin-top:2rem}a{color:inherit}
.chat{background:#e8eef4;border-radius:.6rem;padding:1rem;display:flex;flex-direction:column;gap:.5rem}
.message{max-width:80%;background:#fff;border-radius:.6rem;padding:.4rem .7rem;align-self:flex-end}
.message.bot{align-self:flex-start}.who{font-size:.8rem;color:#4a5a6a}.text{white-space:pre-wrap;overflow-wrap:anywhere}
.message.service{align-self:center;background:none;text-align:center}
.message img{max-width:100%;max-height:16rem;border-radius:.4rem;display:block;margin:.2rem 0}
.buttons span{display:inline-block;border:1px solid #4a5a6a;border-radius:.4rem;padding:0 .5rem;margin:.2rem .3rem 0 0}
pre,ol.calls{background:#f4f4f4;padding:.8rem;border-radius:.6rem;font:13px/1.5 ui-monospace,monospace;
white-space:pre-wrap;overflow-wrap:anywhere}ol.calls{padding-left:3.5rem}ol.calls time{color:#4a5a6a}
.failed,.amiss{color:#a3191f}.passed{color:#17692f}ul.tests{list-style:none;padding:0}.tests li{padding:.2rem 0}
@media(prefers-color-scheme:dark){body{background:#14181d;color:#e6e9ec}.chat{background:#1e252d}
.message{background:#2b3540}.who,ol.calls time{color:#a9b7c5}.buttons span{border-color:#a9b7c5}
pre,ol.calls{background:#1e252d}.failed,.amiss{color:#ff8a8a}.passed{color:#7fd99a}}
"""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a test ended."""

    name: str
    outcome: str
    #: the failure as pytest tells it; empty when it passed
    crash: str = ""
    complaints: tuple[str, ...] = ()
    #: the tree of its spans; empty without a capture
    spans: str = ""


def write_page(directory: str, world: Telegram, ending: Ending) -> None:
    """Write the page of one test into a folder, which is made when it is not there."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file_name(ending.name)).write_text(page(world, ending), encoding="utf-8")


def write_index(directory: str) -> None:
    """Write the list of the pages in a folder: what failed comes first."""
    folder = Path(directory)
    if not folder.is_dir():
        return
    found = [(path.name, *_head(path)) for path in sorted(folder.glob("*.html")) if path.name != INDEX]
    ranked = sorted(found, key=lambda entry: (entry[2] == "passed", entry[1]))
    entries = "".join(
        f'<li><span class="{outcome}">{outcome}</span> <a href="{escape(name)}">{escape(test)}</a></li>'
        for name, test, outcome in ranked
    )
    failed = sum(outcome != "passed" for _, _, outcome in ranked)
    heading = f"{len(ranked)} tests with a simulated Telegram, {failed} failed"
    text = f"{_start(heading, 'index')}<h1>{heading}</h1><ul class=tests>{entries}</ul></html>\n"
    (folder / INDEX).write_text(text, encoding="utf-8")


def page(world: Telegram, ending: Ending) -> str:
    """Return the whole page, with nothing to load from elsewhere."""
    parts = [
        _start(ending.name, ending.outcome),
        f'<h1>{escape(ending.name)} <span class="{escape(ending.outcome)}">{escape(ending.outcome)}</span></h1>',
        _block("How it failed", blotted(ending.crash, world)),
        _block("What was amiss", blotted("\n".join(ending.complaints), world)),
        *(_chat(world, chat) for chat in world.chats.values() if chat.messages),
        _calls(world),
        _block("Spans", blotted(ending.spans, world)),
        "</html>\n",
    ]
    return "".join(parts)


def file_name(node_id: str) -> str:
    """Return a name for a test's page that any file system takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", node_id).strip("-")[-180:] + ".html"


def _start(name: str, outcome: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{escape(name)}</title><meta name="outcome" content="{escape(outcome)}"><style>{_STYLE}</style>'
    )


def _head(path: Path) -> tuple[str, str]:
    found = _HEAD.search(path.read_text(encoding="utf-8"))
    return (unescape(found[1]), found[2]) if found else (path.name, "unknown")


def _chat(world: Telegram, chat: Chat) -> str:
    shown = "".join(_message(world, message) for message in chat.visible()[-MESSAGES_SHOWN:])
    return f'<h2>{escape(title(chat))}</h2><div class="chat">{shown}</div>'


def _message(world: Telegram, message: Message) -> str:
    shown = seen(message, world.files)
    kind = "" if shown.kind == "text" else f"[{shown.kind}] "
    edited = " (edited)" if shown.edited else ""
    rows = "".join(f"<span>{escape(label)}</span>" for label in shown.buttons)
    buttons = f'<div class="buttons">{rows}</div>' if rows else ""
    side = " service" if shown.kind == "service" else " bot" if shown.from_bot else ""
    text = escape(blotted(kind + shown.text + edited, world))
    return (
        f'<div class="message{side}"><div class="who">{escape(shown.sender)}</div>{_picture(shown)}'
        f'<div class="text">{text}</div>{buttons}</div>'
    )


def _picture(shown: Seen) -> str:
    data = shown.media or b""
    mime_type = next((kind for start, kind in _PICTURES.items() if data.startswith(start)), None)
    if mime_type is None or len(data) > PICTURE_BYTES_MOST:
        return ""
    return f'<img alt="{escape(shown.kind)}" src="data:{mime_type};base64,{base64.b64encode(data).decode()}">'


def _calls(world: Telegram) -> str:
    calls = [call for call in world.calls if not call.is_quiet][-CALLS_SHOWN:]
    rows = "".join(_rows(world, calls))
    return f"<h2>{len(calls)} call{'' if len(calls) == 1 else 's'}</h2>" + (rows and f'<ol class="calls">{rows}</ol>')


def _rows(world: Telegram, calls: Iterable[Call]) -> Iterator[str]:
    first_ms: int | None = None
    for call in calls:
        first_ms = call.at_ms if first_ms is None else first_ms
        amiss = ' class="amiss"' if call.error else ""
        yield f"<li{amiss}><time>+{(call.at_ms - first_ms) / 1000:g} s</time> {escape(blotted(str(call), world))}</li>"


def _block(heading: str, text: str) -> str:
    return f"<h2>{escape(heading)}</h2><pre>{escape(text)}</pre>" if text else ""
