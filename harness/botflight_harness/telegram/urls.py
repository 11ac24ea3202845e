"""Whether what a button opens is an address, in the words of the official server.

From LinkManager.cpp and HttpUrl.cpp of tdlib.
"""

import re

PORT_MOST = 65_535

_USER = re.compile(r"(?:tg:(?://)?user\?id=|(?:https?://)?(?:t|telegram)\.me/@id)\d+", re.IGNORECASE)
_APP = re.compile(r"(tg|tonsite|ton):(?://)?", re.IGNORECASE)
_SCHEME = re.compile(r"[^:/?#@\[\]]*://")
_PLACE = re.compile(r"[^/?#]*")
_HOST = re.compile(r"(?:[\w.\-!$,~*'();&+=\u0080-\U0010ffff]|%[0-9a-fA-F]{2})*")
_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")


def is_user_link(url: str) -> bool:
    """Tell whether it leads to somebody, as a mention does."""
    return _USER.match(url) is not None


def complaint(url: str, *, of_web_app: bool = False) -> str:
    """Return `URL '...' is invalid: ...`, or nothing. What a Mini App opens is reached by HTTPS alone."""
    why = _why(url, https_only=of_web_app)
    return f"URL '{url}' is invalid: {why}" if why else ""


def unreadable(url: str) -> str:
    """Return why it is no address, or nothing."""
    scheme = _SCHEME.match(url)
    if scheme is not None and scheme[0][:-3].lower() not in {"http", "https"}:
        return "Unsupported URL protocol"
    place = _PLACE.match(url, scheme.end() if scheme else 0)
    return _of_place(place[0] if place else "")[0]


def _why(url: str, *, https_only: bool) -> str:
    app = _APP.match(url)
    rest = url[app.end() :] if app else url
    scheme = _SCHEME.match(rest)
    protocol = scheme[0][:-3].lower() if scheme else "http"
    if protocol not in {"http", "https"}:
        return "Unsupported URL protocol"
    place = _PLACE.match(rest, scheme.end() if scheme else 0)
    why, host = _of_place(place[0] if place else "")
    if why:
        return why
    if https_only and (app or protocol != "https"):
        return "Only HTTPS links are allowed"
    if app:
        return "" if scheme is None else "Wrong tg URL" if app[1].lower() == "tg" else "Wrong ton URL"
    return "" if "." in host or host.startswith("[") else "Wrong HTTP URL"


def _of_place(place: str) -> tuple[str, str]:
    """Return what is wrong with `user@host:port`, and the host."""
    before, colon, port = place.rpartition(":")
    if colon and before and "]" not in port and "@" not in port:
        if not (port.isdecimal() and 0 < int(port) <= PORT_MOST):
            return "Wrong port number specified in the URL", ""
        place = before
    host = place.rpartition("@")[2].lower()
    if not host:
        return "URL host is empty", ""
    if host == ".":
        return "Host is invalid", ""
    if host.startswith("[") and host.endswith("]"):
        return "", host
    if _HOST.fullmatch(host) is None:
        wrong = "Wrong percent-encoded symbol" if _PERCENT.search(host) else "Disallowed character"
        return f"{wrong} in URL host", ""
    return "", host
