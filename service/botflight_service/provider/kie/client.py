"""KIE's HTTP API over aiohttp: paced, within limits, its errors told apart by whether KIE may have acted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urljoin

import aiohttp
import orjson

from botflight_service.provider.interface import AnswerLost, ProviderRefused, ProviderUnavailable
from botflight_service.provider.kie import errors, wire
from botflight_service.provider.kie.hosts import FileHosts, NotPublic, PublicResolver
from botflight_service.provider.kie.order import Upload
from botflight_service.provider.kie.pacing import Pacing
from botflight_service.proxies import Proxies

CONNECT_LIMIT_S: Final = 5.0
CREATE_LIMIT_S: Final = 25.0
QUESTION_LIMIT_S: Final = 8.0
UPLOAD_LIMIT_S: Final = 30.0
DOWNLOAD_LIMIT_S: Final = 50.0
#: Answers are a few KB; a task's `param` repeats the prompt.
MAX_ANSWER_BYTES: Final = 1024 * 1024
#: What a bot may upload to Telegram: more could not be delivered.
MAX_FILE_BYTES: Final = 50 * 1024 * 1024
MAX_REDIRECTS: Final = 3
#: Downloads at once, each with its file in memory.
MAX_DOWNLOADS: Final = 8
#: A question that comes again by itself waits no longer than this: those of a job that has ended, and photos on their
#: way, come first.
ROUTINE_PATIENCE_MS: Final = 1_000
#: After a 429, which other replicas with the same key may have brought about.
REST_MS: Final = 2_000

#: Cloudflare in front of KIE refuses clients that do not look like a browser (403, error 1010).
USER_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"

#: Any answer with these says that nothing was taken, whatever its body says.
_STATUS_CODES: Final = frozenset({400, 401, 402, 403, 404, 413, 415, 422, 429})
#: No connection came about, so nothing was sent.
_NEVER_LEFT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_JSON: Final = {"Content-Type": "application/json"}
_GONE: Final = frozenset({401, 403, 404, 410})

_Read = TypeVar("_Read")


class _TooLong(Exception):
    """A body is over its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where KIE is; neither ends with a slash."""

    api: str
    uploads: str


class KieClient:
    """Calls KIE. Opens its connections when they are first needed."""

    def __init__(
        self, *, key: str, addresses: Addresses, hosts: FileHosts, creating: Pacing, asking: Pacing, proxies: Proxies
    ) -> None:
        self._authorized = {"Authorization": f"Bearer {key}", "User-Agent": USER_AGENT}
        self._addresses = addresses
        self._hosts = hosts
        self._creating = creating
        self._asking = asking
        self._proxies = proxies
        self._downloads = asyncio.Semaphore(MAX_DOWNLOADS)
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._closed = False

    async def create(self, order: Mapping[str, Any]) -> str:
        """Make a task; its id.

        Raises ProviderUnavailable where KIE certainly took nothing, ProviderRefused where it answered no, and
        AnswerLost where nobody can tell.
        """
        await self._creating.turn()
        url = f"{self._addresses.api}/api/v1/jobs/createTask"
        try:
            async with self._call("POST", url, limit_s=CREATE_LIMIT_S, body=orjson.dumps(order)) as response:
                found = await _answer(response)
                if found.code == wire.OK:
                    return wire.created(found)
        except (TimeoutError, aiohttp.ClientError, wire.Unreadable) as error:
            raise AnswerLost("answer_lost", type(error).__name__) from None
        self._slow_down(self._creating, found.code)
        raise errors.of_order(found)

    async def upload(self, file: Upload, content: bytes) -> str:
        """Put a file where KIE finds it; its URL. Raises ProviderUnavailable or ProviderRefused."""
        await self._asking.turn()
        form = aiohttp.FormData()
        form.add_field("file", content, filename=file.name, content_type=file.media_type)
        form.add_field("uploadPath", "botflight")
        form.add_field("fileName", file.name)
        url = f"{self._addresses.uploads}/api/file-stream-upload"
        try:
            async with self._call("POST", url, limit_s=UPLOAD_LIMIT_S, body=form) as response:
                found = await _answer(response)
                if found.code == wire.OK:
                    return wire.uploaded(found)
        except (TimeoutError, aiohttp.ClientError, wire.Unreadable) as error:
            # An upload costs nothing and starts nothing: it may be made again.
            raise ProviderUnavailable(errors.UNAVAILABLE, type(error).__name__) from None
        self._slow_down(self._asking, found.code)
        raise errors.of_order(found)

    async def record(self, task_id: str, *, routine: bool = False) -> wire.Record:
        """A task. Raises ProviderUnavailable, or ProviderRefused where KIE does not know it."""
        await self._asking.turn(patience_ms=ROUTINE_PATIENCE_MS if routine else None)
        return await self._ask("/api/v1/jobs/recordInfo", {"taskId": task_id}, wire.record)

    async def credit(self) -> float:
        """What is left on the account. Raises ProviderUnavailable."""
        await self._asking.turn()
        return await self._ask("/api/v1/chat/credit", {}, wire.credit)

    async def download(self, url: str) -> bytes:
        """A finished file. Raises ProviderRefused where it may not or cannot be had, ProviderUnavailable otherwise."""
        async with self._downloads:
            try:
                async with asyncio.timeout(DOWNLOAD_LIMIT_S):
                    return await self._download(url)
            except _TooLong:
                raise ProviderRefused("file_too_large") from None
            except aiohttp.ClientConnectorDNSError as error:
                if isinstance(error.__cause__, NotPublic):
                    raise ProviderRefused("file_not_allowed", "not a public address") from None
                raise ProviderUnavailable(errors.UNAVAILABLE, "no address") from None
            except (TimeoutError, aiohttp.ClientError) as error:
                raise ProviderUnavailable(errors.UNAVAILABLE, type(error).__name__) from None

    async def close(self) -> None:
        """Close every connection."""
        self._closed = True
        for session in self._sessions.values():
            await session.close()

    async def _ask(self, path: str, query: Mapping[str, str], read: Callable[[wire.Answer], _Read]) -> _Read:
        """Ask something, when it is its turn."""
        url = f"{self._addresses.api}{path}"
        try:
            async with self._call("GET", url, limit_s=QUESTION_LIMIT_S, query=query) as response:
                found = await _answer(response)
                if found.code == wire.OK:
                    return read(found)
        except (TimeoutError, aiohttp.ClientError, wire.Unreadable) as error:
            raise ProviderUnavailable(errors.UNAVAILABLE, type(error).__name__) from None
        self._slow_down(self._asking, found.code)
        raise errors.of_question(found)

    async def _download(self, url: str) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            self._hosts.check(url)
            # Never our key: these hosts are not the API's, and the files need none.
            headers = {"User-Agent": USER_AGENT}
            session = self._session("files")
            async with session.get(
                url, headers=headers, allow_redirects=False, proxy=self._proxies.of(url)
            ) as response:
                if response.status in _REDIRECTS:
                    url = _next(url, response.headers.get("Location", ""))
                    continue
                if response.status in _GONE:
                    raise ProviderRefused("file_gone", str(response.status))
                if response.status != wire.OK:
                    raise ProviderUnavailable(errors.UNAVAILABLE, str(response.status))
                return await _body(response, limit_bytes=MAX_FILE_BYTES)
        raise ProviderRefused("file_not_allowed", "too many redirects")

    @contextlib.asynccontextmanager
    async def _call(
        self,
        method: str,
        url: str,
        *,
        limit_s: float,
        body: bytes | aiohttp.FormData | None = None,
        query: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request with our key. Raises ProviderUnavailable where it certainly never left."""
        headers = self._authorized if not isinstance(body, bytes) else self._authorized | _JSON
        # What must not be sent twice gets a connection of its own: a kept one may break just when KIE takes the order.
        session = self._session("kept" if body is None else "fresh")
        proxy = self._proxies.of(url)
        async with asyncio.timeout(limit_s):
            try:
                response = await session.request(
                    method, url, headers=headers, params=query, data=body, allow_redirects=False, proxy=proxy
                )
            except _NEVER_LEFT as error:
                raise ProviderUnavailable(errors.UNAVAILABLE, type(error).__name__) from None
            async with response:
                yield response

    def _session(self, kind: str) -> aiohttp.ClientSession:
        if self._closed:
            raise ProviderUnavailable(errors.UNAVAILABLE, "closed")
        if kind not in self._sessions:
            resolver = PublicResolver(exempt=self._hosts.named | self._proxies.hosts) if kind == "files" else None
            self._sessions[kind] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=64, ttl_dns_cache=300, force_close=kind == "fresh", resolver=resolver
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_LIMIT_S),
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._sessions[kind]

    @staticmethod
    def _slow_down(pacing: Pacing, code: int) -> None:
        if code == errors.TOO_FAST:
            pacing.rest(ms=REST_MS)


def _next(url: str, location: str) -> str:
    """Where a redirect leads. Raises ProviderRefused where that is no URL."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise ProviderRefused("file_not_allowed", "no URL") from None


async def _answer(response: aiohttp.ClientResponse) -> wire.Answer:
    """The frame of an answer; where a gateway refused in KIE's place, its status. Raises wire.Unreadable."""
    try:
        found = wire.answer(await _body(response, limit_bytes=MAX_ANSWER_BYTES))
    except _TooLong:
        raise wire.Unreadable("this answer is too long to be one of KIE's") from None
    except wire.Unreadable:
        if response.status in _STATUS_CODES:
            return wire.Answer(code=response.status)
        raise
    if found.code == wire.OK and response.status != wire.OK:
        raise wire.Unreadable("this answer contradicts its own status")
    return found


async def _body(response: aiohttp.ClientResponse, *, limit_bytes: int) -> bytes:
    """The whole body. Raises _TooLong as soon as it is known to be."""
    if (response.content_length or 0) > limit_bytes:
        raise _TooLong
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > limit_bytes:
            raise _TooLong
        chunks.append(chunk)
    return b"".join(chunks)
