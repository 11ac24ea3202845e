"""Who may ask the console for anything: the token in a header, or a session in a cookie, from our own page."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.requests import ClientDisconnect, Request

from botflight_diagnostics.console.sessions import LONGEST_S, Session, Sessions
from botflight_diagnostics.telemetry.clock import Clock

COOKIE: Final = "botflight_console"

#: The form has a token in it and nothing else.
MAX_FORM_BYTES: Final = 4096

#: Pages that look at once, and after how long one that asks no more has left its place.
MAX_VIEWERS: Final = 8
VIEWER_LEAVES_S: Final = 10
_MAX_NAME: Final = 32


class FormRefused(Exception):
    """What was posted is no form of ours."""


class Viewers:
    """Counts the pages that look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen_ns: dict[str, int] = {}

    def admits(self, name: str) -> bool:
        """Whether there is a place for a page; it keeps its place as long as it goes on asking."""
        now_ns = self._clock.monotonic_ns()
        left_ns = now_ns - VIEWER_LEAVES_S * 1_000_000_000
        self._seen_ns = {known: seen for known, seen in self._seen_ns.items() if seen > left_ns}
        if name[:_MAX_NAME] not in self._seen_ns and len(self._seen_ns) >= MAX_VIEWERS:
            return False
        self._seen_ns[name[:_MAX_NAME]] = now_ns
        return True

    def leaves(self, name: str) -> None:
        """Give the place of a page that is closed to another."""
        self._seen_ns.pop(name[:_MAX_NAME], None)


def is_ours(request: Request) -> bool:
    """Whether a request that changes something comes from our own page, or from no page at all."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def posted_token(request: Request) -> str:
    """Read the token from the form. Raises FormRefused."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM_BYTES:
                raise FormRefused
        return parse_qs(body.decode(), max_num_fields=2).get("token", [""])[0]
    except (ValueError, ClientDisconnect):
        raise FormRefused from None


def header_token(request: Request) -> str | None:
    """Return the token of a header, as the other pages of diagnostics take it; None where there is none."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else request.headers.get("x-diag-token")


def session_of(request: Request, sessions: Sessions) -> Session | None:
    """Return who signed in, by the cookie."""
    return sessions.of(request.cookies.get(COOKIE, ""))


def cookie_of(request: Request, value: str, *, path: str) -> Mapping[str, object]:
    """Say how the cookie is set: out of reach of scripts and of other sites, and over https by https alone."""
    # A proxy in front may speak TLS for us; who lies here only closes a cookie more.
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "") == "https"
    return {
        "key": COOKIE,
        "value": value,
        "max_age": LONGEST_S if value else 0,
        "path": path,
        "httponly": True,
        "samesite": "strict",
        "secure": secure,
    }
