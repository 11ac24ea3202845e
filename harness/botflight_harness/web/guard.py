"""Only the page itself, opened on this machine, may use what is behind this guard."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from botflight_harness.server.guard import refusal


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
