"""A running service, asked over HTTP: its preflights, and its mutes."""

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson

from botflight_diagnostics.command import EXIT_CODES
from botflight_diagnostics.mute_routes import MUTES_PATH
from botflight_diagnostics.mutes import MuteRefused

#: A service answers its preflight in 5 s at most.
ANSWER_TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 1_000_000


class NoAnswer(Exception):
    """The preflight could not be run; the text says why and what to do."""


class Remote:
    """A service at an address; `token` is its DIAG_TOKEN, without which it tells less and does nothing."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._token = token

    def preflight(self, path: str) -> dict[str, Any]:
        """Ask for a preflight that is made now. Raises NoAnswer."""
        status, told = self._call("GET", f"{path}?fresh=1")
        # FAIL is told as 503, with the same body.
        if status not in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}:
            raise self._refused(status)
        if told.get("result") not in EXIT_CODES or not isinstance(told.get("sections"), dict):
            raise NoAnswer(f"no preflight at {self._url} (ValueError). Does the service run there?")
        return told

    async def mute(self, code: str, *, until_ms: int, reason: str, up_to: int | None) -> Mapping[str, Any]:
        """Mute a finding there. Raises MuteRefused and NoAnswer."""
        wanted = {"code": code, "until_ms": until_ms, "reason": reason, "up_to": up_to}
        status, told = self._call("POST", MUTES_PATH, wanted)
        if status == HTTPStatus.CREATED:
            return told
        raise self._not_done(status, told)

    async def unmute(self, code: str) -> bool:
        """Let a finding count again there; False where it was not muted. Raises MuteRefused and NoAnswer."""
        status, told = self._call("DELETE", f"{MUTES_PATH}/{code}")
        if status == HTTPStatus.OK or told.get("error") == "NOT_MUTED":
            return status == HTTPStatus.OK
        raise self._not_done(status, told)

    async def mutes(self) -> Sequence[Mapping[str, Any]]:
        """What is muted there. Raises NoAnswer."""
        status, told = self._call("GET", MUTES_PATH)
        mutes = told.get("mutes")
        if status != HTTPStatus.OK or not isinstance(mutes, list):
            raise self._refused(status)
        return mutes

    def _call(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(f"{self._url}{path}", data=data, headers=headers, method=method)  # noqa: S310 - http(s), see the command
        try:
            status, answer = _answer(request)
            told: object = orjson.loads(answer) if answer else {}
        except (OSError, ValueError) as error:
            raise NoAnswer(
                f"no preflight at {self._url} ({type(error).__name__}). Does the service run there?"
            ) from None
        return status, told if isinstance(told, dict) else {}

    def _not_done(self, status: int, told: Mapping[str, Any]) -> Exception:
        if "to_fix" in told:
            return MuteRefused(str(told.get("error")), str(told["to_fix"]))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return NoAnswer(f"{self._url} could not keep it: its store failed. Run `botflight preflight`.")
        return self._refused(status)

    def _refused(self, status: int) -> NoAnswer:
        return NoAnswer(f"{self._url} refused: HTTP {status}. Is DIAG_TOKEN the one of that service?")


def _answer(request: urllib.request.Request) -> tuple[int, bytes]:
    """The status and the body, whatever the status."""
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:  # noqa: S310 - http(s), see the command
            return answer.status, answer.read(MAX_ANSWER_BYTES)
    except urllib.error.HTTPError as answer:
        with answer:
            # A page of somebody else's is no JSON, and its status says enough.
            body = answer.read(MAX_ANSWER_BYTES)
            return answer.code, body if body.startswith(b"{") else b""
