"""Mutes over HTTP, for those with the token: what is muted, mute a finding, let it count again."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from botflight_diagnostics.access import Access, access_of, json_page, refused_token
from botflight_diagnostics.mutes import BookFailed, MuteRefused
from botflight_diagnostics.preflight import Preflight

MUTES_PATH: Final = "/__diag/mutes"
#: A code, an end and a reason.
MAX_BODY_BYTES: Final = 8192
#: JSON has no larger whole numbers that every reader takes.
MAX_NUMBER: Final = 2**53 - 1

_Answer = Callable[[Request], Awaitable[Response]]


def mute_routes(
    preflights: Sequence[Preflight],
    *,
    token: str | None,
    path: str = MUTES_PATH,
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> list[Route]:
    """Make `GET` and `POST /__diag/mutes`, and `DELETE /__diag/mutes/{code}`; without the token all are 401.

    A mute is posted as `{"code", "reason", "for_s" or "until_ms", "up_to"}`, where `up_to` may be left out: then the
    finding is muted as bad as it is now. What is no mute is 400 with a code, as is an unknown finding; a store that
    fails or does not answer is 503.
    """
    desk = MuteDesk(preflights, clock_ms=clock_ms)

    def for_trusted(answer: _Answer) -> _Answer:
        async def guarded(request: Request) -> Response:
            return await answer(request) if access_of(request, token) is Access.TRUSTED else refused_token()

        return guarded

    return [
        Route(path, for_trusted(desk.listed), methods=["GET"]),
        Route(path, for_trusted(desk.muted), methods=["POST"]),
        Route(f"{path}/{{code}}", for_trusted(desk.unmuted), methods=["DELETE"]),
    ]


class MuteDesk:
    """Answers for the mutes of several preflights. Whoever calls this has seen that the request may."""

    def __init__(self, preflights: Sequence[Preflight], *, clock_ms: Callable[[], int]) -> None:
        self._preflights = tuple(preflights)
        self._clock_ms = clock_ms

    async def listed(self, _request: Request) -> Response:
        """Tell what is muted."""
        mutes = [mute.payload() for preflight in self._preflights for mute in await preflight.muted()]
        return json_page({"mutes": sorted(mutes, key=lambda mute: str(mute["code"]))})

    async def muted(self, request: Request) -> Response:
        """Mute what is posted: 201, 400 or 503."""
        try:
            wanted = _wanted(await _body_of(request), now_ms=self._clock_ms())
            mute = await self._preflight_of(wanted["code"]).mute(**wanted)
        except MuteRefused as refused:
            return json_page({"error": refused.code, "to_fix": str(refused)}, status=400)
        except BookFailed:
            return json_page({"error": "STORE_FAILED"}, status=503)
        return json_page(mute.payload(), status=201)

    async def unmuted(self, request: Request) -> Response:
        """Let the `code` of the path count again: 200, 404 or 503."""
        code = request.path_params["code"]
        try:
            dropped = await self._preflight_of(code).unmute(code)
        except MuteRefused as refused:
            return json_page({"error": refused.code, "to_fix": str(refused)}, status=404)
        except BookFailed:
            return json_page({"error": "STORE_FAILED"}, status=503)
        return json_page({"code": code}) if dropped else json_page({"error": "NOT_MUTED"}, status=404)

    def _preflight_of(self, code: str) -> Preflight:
        """The preflight that may find it."""
        for preflight in self._preflights:
            if code in preflight.findings:
                return preflight
        raise MuteRefused("UNKNOWN_CODE", "there is no such finding")


async def _body_of(request: Request) -> bytes:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise MuteRefused("TOO_LARGE", f"at most {MAX_BODY_BYTES} bytes are read")
    except ClientDisconnect:
        raise MuteRefused("CUT_OFF", "the body did not come whole") from None
    return body


def _wanted(body: bytes, *, now_ms: int) -> dict[str, Any]:
    """What is asked for. Raises MuteRefused for what is none of it."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict) or not given.keys() <= {"code", "reason", "for_s", "until_ms", "up_to"}:
        raise MuteRefused("BAD_BODY", "a JSON object of code, reason, for_s or until_ms, up_to")
    return {
        "code": _text(given, "code"),
        "reason": _text(given, "reason"),
        "until_ms": _end(given, now_ms),
        "up_to": _number(given, "up_to") if given.get("up_to") is not None else None,
    }


def _end(given: Mapping[str, Any], now_ms: int) -> int:
    if ("for_s" in given) == ("until_ms" in given):
        raise MuteRefused("BAD_END", "either for_s or until_ms")
    return _number(given, "until_ms") if "until_ms" in given else now_ms + 1000 * _number(given, "for_s")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise MuteRefused("BAD_BODY", f"{name} must be a text")
    return value


def _number(given: Mapping[str, Any], name: str) -> int:
    value = given[name]
    # True is 1 in Python, and in nobody's mind.
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise MuteRefused("BAD_BODY", f"{name} must be a whole number, from 0 to {MAX_NUMBER}")
    return value
