"""The door for Telegram's webhook: who knocks, how much they bring, whether it is an update, and then it is durable."""

from __future__ import annotations

import hmac
from collections.abc import Coroutine, Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.lifecycle import Lifecycle
from botflight_service.storage.interface import StorageError
from botflight_service.updates.envelope import InvalidUpdate
from botflight_service.updates.inbox import Inbox, InboxFull
from botflight_service.web.body import BodyTooLarge, read

#: Telegram's updates are a few KB; the largest has a message of 4096 characters with its reply.
MAX_BODY_BYTES = 1024 * 1024
#: Telegram takes this as "come again", and honours it.
RETRY_AFTER_S = 1
#: Some proxies send HEAD or GET to see whether the way is open: told so by `Allow`.
_METHOD = "POST"

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_SECRET_HEADER: Final = SECRET_HEADER.lower().encode()
_ACCEPTED: Final = Response(status_code=200)


class Webhook:
    """An ASGI app for one path, and a `Door` of it. 200 says that the update is durable, or was already."""

    def __init__(self, *, secret: str, inbox: Inbox, lifecycle: Lifecycle, telemetry: Telemetry) -> None:
        if not secret:
            raise ValueError("a webhook without a secret takes updates from anybody: set WEBHOOK_SECRET")
        self._secret = secret.encode()
        self._inbox = inbox
        self._lifecycle = lifecycle
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("webhook")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._told(scope["method"], self._answer(scope, receive))
        await response(scope, receive, send)

    def admits(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether this is a plain request of Telegram's; what is to be refused is none."""
        size = headers.get(b"content-length", b"")
        if not size.isdigit() or int(size) > MAX_BODY_BYTES:
            return False
        return hmac.compare_digest(headers.get(_SECRET_HEADER, b""), self._secret)

    async def take(self, body: bytes) -> Response:
        """Take an update in."""
        return await self._told(_METHOD, self._taken(body))

    async def _told(self, method: str, answer: Coroutine[None, None, Response]) -> Response:
        with self._telemetry.tracer.root(
            "POST /webhook", attributes={"http.request.method": method, "http.route": "/webhook"}
        ) as span:
            response = await answer
            span.set("http.response.status_code", response.status_code)
            if response.status_code >= 500:  # noqa: PLR2004 - a server error, by HTTP
                span.fail(str(response.status_code))
        return response

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        headers = Headers(scope=scope)
        if scope["method"] != _METHOD:
            return self._refuse(405, "Telegram posts updates", {"Allow": _METHOD})
        if not hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), self._secret):
            return self._refuse(401, "the secret token is wrong or missing")
        try:
            body = await read(headers, receive, limit_bytes=MAX_BODY_BYTES)
        except BodyTooLarge:
            return self._refuse(413, f"an update is at most {MAX_BODY_BYTES} bytes")
        except ClientDisconnect:
            return self._refuse(400, "the connection ended before the body did")
        return await self._taken(body)

    async def _taken(self, body: bytes) -> Response:
        try:
            envelope = self._inbox.parse(body)
        except InvalidUpdate as error:
            return self._refuse(400, str(error))
        if not self._lifecycle.ready:
            self._telemetry.metrics.updates_early.add()
            self._log.warning(
                "WEBHOOK_EARLY_UPDATE",
                update_id=envelope.update_id,
                update_type=envelope.kind,
                correlation_id=str(envelope.correlation_id),
                phase=self._lifecycle.phase,
                kept=self._lifecycle.takes_updates,
            )
        if not self._lifecycle.takes_updates:
            return self._later(self._lifecycle.phase)
        try:
            await self._inbox.take(envelope)
        except InboxFull:
            return self._later("full")
        except StorageError as error:
            self._log.error("WEBHOOK_REFUSED", status=503, reason="store", exc_info=error)
            return self._later("store")
        return _ACCEPTED

    def _later(self, reason: str) -> Response:
        self._telemetry.metrics.updates_refused.add("503")
        return PlainTextResponse(f"not now: {reason}", status_code=503, headers={"Retry-After": str(RETRY_AFTER_S)})

    def _refuse(self, status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
        self._telemetry.metrics.updates_refused.add(str(status))
        self._log.warning("WEBHOOK_REFUSED", status=status, reason=reason)
        return PlainTextResponse(reason, status_code=status, headers=headers)
