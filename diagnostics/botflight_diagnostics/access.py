"""Who asks: anybody, somebody with the token, or somebody with a wrong one; and what every page is answered with."""

import hmac
from collections.abc import Mapping
from enum import Enum
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

#: Of every page: it is of now, and it is what it says.
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Access(Enum):
    """What somebody may see."""

    ANYBODY = "anybody"
    TRUSTED = "trusted"
    WRONG = "wrong"


def access_of(request: Request, token: str | None) -> Access:
    """Compare, in constant time, what a request shows as `Authorization: Bearer` or `X-Diag-Token` with the token.

    Where no `token` is set none is right.
    """
    given = _given_token(request)
    if given is None:
        return Access.ANYBODY
    right = bool(token) and hmac.compare_digest(given.encode(), (token or "").encode())
    return Access.TRUSTED if right else Access.WRONG


def refused_token() -> Response:
    """The answer to a wrong token, or to none where one is needed."""
    return json_page({"error": "WRONG_TOKEN"}, status=401, headers={"WWW-Authenticate": "Bearer"})


def json_page(told: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A page in JSON that no cache keeps."""
    return Response(
        orjson.dumps(told) + b"\n",
        status_code=status,
        media_type="application/json",
        headers={**HEADERS, **(headers or {})},
    )


def _given_token(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return request.headers.get("x-diag-token")
