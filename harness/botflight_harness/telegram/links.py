"""What Telegram takes for a link."""

import re
from typing import Any

_USER = re.compile(r"tg:(?://)?user\?id=(\d+)$", re.IGNORECASE)
_SCHEME = re.compile(r"(?:https?|tg|ton|tonsite)://", re.IGNORECASE)
_HOST = re.compile(r"(?:[^\s/@?#]*@)?([\w-]+(?:\.[\w-]+)+|\[[0-9a-fA-F:]+\]|localhost)(?::\d+)?(?:[/?#]\S*)?$")


def checked_link(url: str) -> str:
    """Return the link as Telegram writes it, or nothing when it is none."""
    url = url.strip()
    scheme = _SCHEME.match(url)
    if scheme and scheme[0].lower() in {"tg://", "ton://"}:
        return url
    rest = url[scheme.end() :] if scheme else url
    if not _HOST.match(rest):
        return ""
    full = url if scheme else f"http://{url}"
    return full if "/" in rest else full + "/"


def link_entity(url: str) -> dict[str, Any] | None:
    """Return the entity of a text that links to `url`, without its place, or None when it is no link."""
    if user := _USER.match(url):
        return {"type": "text_mention", "user": {"id": int(user[1])}}
    checked = checked_link(url)
    return {"type": "text_link", "url": checked} if checked else None
