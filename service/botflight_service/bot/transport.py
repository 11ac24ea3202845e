"""python-telegram-bot's way to Telegram, over connections of our own; uploads and proxies take aiohttp."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit

import aiohttp
import orjson
from telegram._utils.defaultvalue import DefaultValue
from telegram.error import NetworkError, RetryAfter, TimedOut
from telegram.request import BaseRequest, RequestData
from telegram.warnings import PTBDeprecationWarning

from botflight_service.bot.connections import Connections
from botflight_service.proxies import Proxies

#: Connections to Telegram at once; those that find none wait.
MAX_CONNECTIONS = 100
CONNECT_LIMIT_S = 5.0
READ_LIMIT_S = 10.0
#: Uploads of up to 50 MB.
UPLOAD_LIMIT_S = 60.0
_JSON: Final = {"Content-Type": "application/json"}


class Transport(BaseRequest):
    """A `BaseRequest` over connections of our own, opened by `initialize` and closed by `shutdown`.

    Uploads, and all that goes through a proxy, take an aiohttp session.
    """

    def __init__(self, *, read_timeout_s: float = READ_LIMIT_S) -> None:
        self._read_timeout_s = read_timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._proxies = Proxies()
        #: By origin; there is one for the Bot API and its files.
        self._connections: dict[str, Connections] = {}

    @property
    def read_timeout(self) -> float:
        """Seconds that an answer may take, unless a call says otherwise."""
        return self._read_timeout_s

    async def initialize(self) -> None:
        """Open the session."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Proxies are looked up by us, once a host: aiohttp would read the environment anew for every request.
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ttl_dns_cache=300),
                trust_env=False,
            )

    async def shutdown(self) -> None:
        """Close everything."""
        for connections in self._connections.values():
            connections.close()
        self._connections.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401 - likewise
        write_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ANN401
    ) -> tuple[int, bytes]:
        """Make one request. Raises TimedOut or NetworkError, whose texts hold no URL and so no token."""
        if self._session is None:
            raise NetworkError("the transport is not open")
        connect_s = _seconds(connect_timeout, CONNECT_LIMIT_S)
        wait_s = _seconds(pool_timeout, CONNECT_LIMIT_S)
        read_s = _seconds(read_timeout, self._read_timeout_s)
        proxy, parts = self._proxies.of(url), urlsplit(url)
        # aiohttp knows what to do with a user and a password in an address.
        is_plain = proxy is None and "@" not in parts.netloc
        try:
            if is_plain and (request_data is None or not request_data.contains_files):
                target = f"{parts.path}?{parts.query}" if parts.query else parts.path
                body = orjson.dumps(request_data.parameters) if request_data is not None else None
                return await self._to(parts.scheme, parts.netloc).request(
                    method, target, body, wait_s=wait_s, connect_s=connect_s, read_s=read_s
                )
            uploads = request_data is not None and request_data.contains_files
            timeout = aiohttp.ClientTimeout(
                sock_connect=connect_s,
                connect=wait_s + CONNECT_LIMIT_S,
                sock_read=read_s,
                total=UPLOAD_LIMIT_S + _seconds(write_timeout, 0.0) if uploads else None,
            )
            async with self._session.request(
                method, url, timeout=timeout, allow_redirects=False, proxy=proxy, **_body(request_data)
            ) as response:
                return response.status, await response.read()
        except TimeoutError as error:
            raise TimedOut from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The error's own text may hold the URL, and the URL holds the token.
            raise NetworkError(type(error).__name__) from None

    def _to(self, scheme: str, netloc: str) -> Connections:
        """The connections to a host."""
        origin = f"{scheme}://{netloc}"
        connections = self._connections.get(origin)
        if connections is None:
            connections = self._connections[origin] = Connections(origin, limit=MAX_CONNECTIONS)
        return connections


def retry_after_s(error: RetryAfter) -> float:
    """What Telegram asked to wait, in seconds; python-telegram-bot gives a number or a timedelta, as it is set."""
    with warnings.catch_warnings():
        # Its word that the type will change: both are taken here.
        warnings.simplefilter("ignore", PTBDeprecationWarning)
        given = error.retry_after
    return given.total_seconds() if isinstance(given, timedelta) else float(given)


def _seconds(given: Any, default: float) -> float:  # noqa: ANN401 - python-telegram-bot's "not given" is a value of its own
    value = given.value if isinstance(given, DefaultValue) else given
    return default if value is None else float(value)


class _Body(TypedDict, total=False):
    data: aiohttp.FormData | bytes
    headers: Mapping[str, str]


def _body(data: RequestData | None) -> _Body:
    """JSON where there is no file: it costs less than a form, on both sides."""
    if data is None:
        return _Body()
    if not data.contains_files:
        return _Body(data=orjson.dumps(data.parameters), headers=_JSON)
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (file_name, content, mime_type) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=file_name, content_type=mime_type)
    return _Body(data=form)
