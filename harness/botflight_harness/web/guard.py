"""Only the page itself, opened on this machine, may use what is behind this guard."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from botflight_harness.server.loopback import host_of, is_loopback


class SameOrigin:
    """Refuses foreign names of this host (DNS rebinding) and requests from other sites (forgery) with 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        reason = refusal(Headers(scope=scope))
        if reason is None:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"error": reason}, status_code=403)(scope, receive, send)


def refusal(headers: Headers) -> str | None:
    """Say why a request is refused, or None for one that comes from the page on this machine."""
    host = headers.get("host", "")
    if not is_loopback(host_of(f"//{host}")):
        return "This page answers only under a loopback address, such as 127.0.0.1 or localhost."
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "Only this page itself may ask for this."
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return "Only this page itself may ask for this."
    return None
