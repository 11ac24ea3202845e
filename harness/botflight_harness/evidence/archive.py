"""Where entries are kept: a text and its JSON twin, and the log that the texts are appended to."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import orjson

from botflight_harness.evidence.entry import Entry
from botflight_harness.evidence.markdown import HEADING, SEPARATOR, rendered


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of an entry, and its text."""

    text: Path
    twin: Path
    body: str


def keep(entry: Entry, folder: Path) -> Kept:
    """Write both files, named by time and commit."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{entry.date[:19].replace(':', '').replace('-', '')}Z-{entry.commit[:12]}"
    twin = folder / f"{stem}.json"
    data = orjson.dumps(entry.values(), option=orjson.OPT_INDENT_2) + b"\n"
    twin.write_bytes(data)
    body = rendered(entry, twin=twin.name, digest=digest(data))
    text = folder / f"{stem}.md"
    text.write_text(HEADING + "\n" + body, "utf-8")
    return Kept(text=text, twin=twin, body=body)


def append(body: str, log: Path) -> None:
    """Add an entry to the end of the log, which begins with the first."""
    before = log.read_text("utf-8").rstrip("\n") + "\n" + SEPARATOR if log.exists() else HEADING + "\n"
    log.write_text(before + body, "utf-8")


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
