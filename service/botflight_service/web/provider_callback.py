"""The door for the provider's calls: a genuine address, a small body, a quick answer, nothing believed unchecked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.generation.signs import Sign
from botflight_service.lifecycle import Lifecycle
from botflight_service.provider.interface import Hint, ProviderError
from botflight_service.storage.interface import StorageError
from botflight_service.web.body import BodyTooLarge, read

#: KIE's calls repeat the order with its prompt, some KB.
MAX_BODY_BYTES = 256 * 1024
#: Calls that are being looked at; others are asked to come again.
MAX_CALLS = 64
#: KIE waits 15 s for an answer.
ANSWER_WITHIN_S = 10.0
RETRY_AFTER_S = 5
_METHOD = "POST"


class ProviderCallback:
    """An ASGI app for `<path>/{token}/{proof}`. 200 says that what was lost is durable, or that there is nothing to do.

    is_ours: whether we wrote an address with this token and proof, told in constant time.
    job_of: the job that a body is about; raises ValueError where it is none of the provider's.
    heard: what is made of it.
    """

    def __init__(
        self,
        *,
        is_ours: Callable[[str, str], bool],
        job_of: Callable[[bytes], str],
        heard: Callable[[Hint], Awaitable[Sign]],
        lifecycle: Lifecycle,
        telemetry: Telemetry,
    ) -> None:
        self._is_ours = is_ours
        self._job_of = job_of
        self._heard = heard
        self._lifecycle = lifecycle
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("provider")
        self._calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # The address itself is a secret: the span names the route alone.
        with self._telemetry.tracer.root(
            "POST /provider", attributes={"http.request.method": scope["method"], "http.route": "/provider"}
        ) as span:
            response = await self._answer(scope, receive)
            span.set("http.response.status_code", response.status_code)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != _METHOD:
            return self._refuse("REFUSED", 405, "the provider posts", headers={"Allow": _METHOD})
        token: str = scope["path_params"]["token"]
        if not self._is_ours(token, scope["path_params"]["proof"]):
            return self._refuse("FORGED", 401, "this address was never given out")
        try:
            body = await read(Headers(scope=scope), receive, limit_bytes=MAX_BODY_BYTES)
            hint = Hint(token, self._job_of(body))
        except BodyTooLarge:
            return self._refuse("REFUSED", 413, f"a call is at most {MAX_BODY_BYTES} bytes", task_id=token)
        except (ValueError, ClientDisconnect):
            return self._refuse("REFUSED", 400, "this is no call of the provider's", task_id=token)
        if not self._lifecycle.takes_updates or self._calls >= MAX_CALLS:
            return self._refuse("LATER", 503, "not now", task_id=token)
        self._calls += 1
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                sign = await self._heard(hint)
        except (ProviderError, StorageError, TimeoutError):
            return self._refuse("LATER", 503, "not now", task_id=token)
        finally:
            self._calls -= 1
        if sign is Sign.NOT_OURS:
            return self._refuse("NOT_OURS", 200, "", task_id=token)
        self._telemetry.metrics.provider_callbacks.add(sign)
        self._log.info("PROVIDER_CALLBACK", outcome=sign, task_id=token)
        return Response(status_code=200)

    def _refuse(
        self,
        outcome: str,
        status: int,
        reason: str,
        *,
        task_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Answer a call of which nothing is made. The token is named once it is known to be ours."""
        self._telemetry.metrics.provider_callbacks.add(outcome)
        self._log.warning("PROVIDER_CALLBACK", outcome=outcome, task_id=task_id)
        more = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else headers  # noqa: PLR2004 - by HTTP
        return PlainTextResponse(reason, status_code=status, headers=more)
