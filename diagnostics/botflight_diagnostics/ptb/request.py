"""Every call to Telegram told: a span, a line and a metric, whatever carries it."""

from __future__ import annotations

import time
from typing import Any

import orjson
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from botflight_diagnostics.telemetry.bundle import Telemetry

_OK = 200
_TOO_MANY_REQUESTS = 429
#: How long Telegram holds a request for updates is no duration of a call.
_UNTOLD = frozenset({"getUpdates"})


class ObservedRequest(BaseRequest):
    """A `BaseRequest` around another one. What it tells never holds the URL, which holds the token."""

    def __init__(self, request: BaseRequest, telemetry: Telemetry) -> None:
        self._request = request
        self._telemetry = telemetry
        self._log = telemetry.logs.logger("telegram")

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take, unless a call says otherwise."""
        return self._request.read_timeout

    async def initialize(self) -> None:
        """Open the request inside."""
        await self._request.initialize()

    async def shutdown(self) -> None:
        """Close the request inside."""
        await self._request.shutdown()

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:  # noqa: ANN401 - whatever Telegram says
        """What an answer says. Raises TelegramError where it is no JSON."""
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError:
            # Its own way is lenient with bytes that are no UTF-8, and has the words for what is left.
            return BaseRequest.parse_json_payload(payload)

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401 - python-telegram-bot's signature
        write_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
    ) -> tuple[int, bytes]:
        """Make one request. Raises what the request inside raises."""
        name = url.rpartition("/")[2] if method == "POST" else "download"
        timeouts = (read_timeout, write_timeout, connect_timeout, pool_timeout)
        if name in _UNTOLD:
            return await self._request.do_request(url, method, request_data, *timeouts)
        started = time.perf_counter()
        outcome, asked_s = "FAILED", 0.0
        attributes = {"rpc.system": "telegram", "rpc.method": name}
        with self._telemetry.tracer.span(f"telegram/{name}", kind="client", attributes=attributes) as span:
            try:
                status, payload = await self._request.do_request(url, method, request_data, *timeouts)
                outcome = "OK" if status == _OK else str(status)
                asked_s = _asked_s(payload) if status == _TOO_MANY_REQUESTS else 0.0
                if status != _OK:
                    span.set("http.response.status_code", status)
                return status, payload
            except TelegramError as error:
                outcome = type(error).__name__
                raise
            finally:
                duration_ms = (time.perf_counter() - started) * 1000
                self._telemetry.metrics.telegram_called(name, outcome, duration_ms=duration_ms, retry_after_s=asked_s)
                # One for each update would be a fifth of what is written; its span and its metric tell of it anyway.
                tell = self._log.debug if outcome == "OK" else self._log.info
                tell("TELEGRAM_CALLED", method=name, outcome=outcome, duration_ms=round(duration_ms, 3))


def _asked_s(payload: bytes) -> float:
    """How long a 429 asks to wait, in seconds; 0 where it does not say."""
    try:
        return float(orjson.loads(payload)["parameters"]["retry_after"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return 0.0
