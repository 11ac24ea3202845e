"""The console as routes of Starlette and a watch that fills its plots."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from botflight_diagnostics.console.access import (
    FormRefused,
    Viewers,
    cookie_of,
    header_token,
    is_ours,
    posted_token,
    session_of,
)
from botflight_diagnostics.console.assets import CLOSED, read_assets
from botflight_diagnostics.console.history import EVERY_S, History
from botflight_diagnostics.console.plots import Plot, Reader
from botflight_diagnostics.console.sessions import Sessions
from botflight_diagnostics.console.view import Detail, row_of
from botflight_diagnostics.health import Health
from botflight_diagnostics.mute_routes import MuteDesk
from botflight_diagnostics.preflight import Preflight
from botflight_diagnostics.telemetry import Telemetry

PATH: Final = "/__diag"
#: Rows of updates told at once; the page keeps as many.
MAX_ROWS: Final = 200

_Answer = Callable[[Request], Awaitable[Response]]


class Console:
    """A page for those who have the token, about one process.

    It shows the `preflights` by their titles, what `telemetry` recorded, and the `plots`; it starts no check by itself.
    Give `routes` to the application, and run `watch` beside it. Without a `token` the page opens for nobody.
    """

    def __init__(
        self,
        *,
        telemetry: Telemetry,
        preflights: Mapping[str, Preflight],
        token: str | None,
        about: Mapping[str, str],
        health: Health | None = None,
        plots: Sequence[Plot] = (),
        path: str = PATH,
    ) -> None:
        self._recorder = telemetry.recorder
        self._clock = telemetry.clock
        self._log = telemetry.logs.logger("console")
        self._preflights = preflights
        self._mutes = MuteDesk(list(preflights.values()), clock_ms=lambda: telemetry.clock.time_ns() // 1_000_000)
        self._sessions = Sessions(token, clock=telemetry.clock) if token else None
        self._about = about
        self._health = health
        self._path = path
        self._viewers = Viewers(telemetry.clock)
        #: Tells the numbers of this process from those of one before.
        self._run = secrets.token_hex(4)
        self._history = History(
            recorder=telemetry.recorder,
            reader=Reader(telemetry.metrics.registry, plots),
            plots=plots,
            clock=telemetry.clock,
        )

    def routes(self) -> list[BaseRoute]:
        """Make the page and what it asks for; the page itself holds nothing but itself, so anybody may load it."""
        assets, below = read_assets(), f"{self._path}/console"

        async def page(_: Request) -> Response:
            return assets["page.html"]

        async def moved(_: Request) -> Response:
            return RedirectResponse(f"{self._path}/", status_code=308)

        async def asset(request: Request) -> Response:
            return assets.get(request.path_params["name"]) or _json({"error": "HTTP_404"}, status=404)

        return [
            Route(self._path, moved, methods=["GET"]),
            Route(f"{self._path}/", page, methods=["GET"]),
            Route(f"{below}/assets/{{name}}", asset, methods=["GET"]),
            Route(f"{below}/sign_in", self._sign_in, methods=["POST"]),
            Route(f"{below}/sign_out", self._sign_out, methods=["POST"]),
            Route(f"{below}/state", self._for_viewers(self._state), methods=["GET"]),
            Route(f"{below}/updates/{{name}}", self._for_viewers(self._update), methods=["GET"]),
            Route(f"{below}/leave", self._for_viewers(self._leave), methods=["POST"]),
            Route(f"{below}/preflight", self._for_viewers(self._run_preflights), methods=["POST"]),
            Route(f"{below}/mutes", self._for_viewers(self._mutes.muted), methods=["POST"]),
            Route(f"{below}/mutes/{{code}}", self._for_viewers(self._mutes.unmuted), methods=["DELETE"]),
        ]

    async def watch(self) -> None:
        """Fill the plots, once a second, until cancelled."""
        while True:
            self.sample()
            await asyncio.sleep(EVERY_S)

    def sample(self) -> None:
        """Add a point to the plots."""
        self._history.sample()

    def _for_viewers(self, answer: _Answer) -> _Answer:
        """Let those alone ask who have shown the token."""

        async def guarded(request: Request) -> Response:
            if self._sessions is None:
                return _json({"error": "NO_TOKEN_SET"}, status=403)
            given = header_token(request)
            session = session_of(request, self._sessions) if given is None else None
            if session is None and not (given and self._sessions.is_token(given)):
                return _json({"error": "SIGN_IN"}, status=401)
            if request.method != "GET" and not is_ours(request):
                return _json({"error": "FOREIGN_PAGE"}, status=403)
            response = await answer(request)
            cookie = self._sessions.renewed(session) if session else None
            if cookie:
                response.set_cookie(**cookie_of(request, cookie, path=self._path))  # type: ignore[arg-type] # as named
            return response

        return guarded

    async def _sign_in(self, request: Request) -> Response:
        if self._sessions is None:
            return _json({"error": "NO_TOKEN_SET"}, status=403)
        if not is_ours(request):
            return _json({"error": "FOREIGN_PAGE"}, status=403)
        try:
            given = await posted_token(request)
        except FormRefused:
            return _json({"error": "NO_FORM"}, status=400)
        right = self._sessions.is_token(given)
        tell = self._log.info if right else self._log.warning
        tell("CONSOLE_SIGN_IN", outcome="OK" if right else "WRONG_TOKEN")
        if not right:
            return _json({"error": "WRONG_TOKEN"}, status=401)
        response = _json({"signed_in": True})
        response.set_cookie(**cookie_of(request, self._sessions.open(), path=self._path))  # type: ignore[arg-type]
        return response

    async def _sign_out(self, request: Request) -> Response:
        if not is_ours(request):
            return _json({"error": "FOREIGN_PAGE"}, status=403)
        session = session_of(request, self._sessions) if self._sessions else None
        if session is not None and self._sessions is not None:
            self._sessions.close(session)
        response = _json({"signed_in": False})
        response.set_cookie(**cookie_of(request, "", path=self._path))  # type: ignore[arg-type] # as named there
        return response

    async def _state(self, request: Request) -> Response:
        """Tell what is new since the page asked last: its place is in the query."""
        asked = request.query_params
        if not self._viewers.admits(asked.get("viewer", "")):
            return _json({"error": "TOO_MANY_VIEWERS"}, status=503, headers={"Retry-After": "10"})
        same = asked.get("run") == self._run
        after, point = (_number(asked.get(name)) if same else 0 for name in ("after", "point"))
        rows = [row_of(record) for record in self._recorder.updates(after=after, most=MAX_ROWS)]
        return _json(
            {
                "run": self._run,
                "now_ms": self._clock.time_ns() // 1_000_000,
                "about": self._about,
                "health": self._health_view(),
                "preflights": self._preflight_view(),
                "history": self._history.view(after=point),
                "updates": rows,
                "memory": {"bytes": self._recorder.bytes_used, "limit_bytes": self._recorder.limit_bytes},
            }
        )

    async def _leave(self, request: Request) -> Response:
        self._viewers.leaves(request.query_params.get("viewer", ""))
        return _json({"left": True})

    async def _update(self, request: Request) -> Response:
        records = self._recorder.of(request.path_params["name"])
        if not records:
            return _json({"error": "NOT_IN_MEMORY"}, status=404)
        return _json(Detail(records, redactor=self._recorder.redactor).view())

    async def _run_preflights(self, _request: Request) -> Response:
        await asyncio.gather(*(preflight.report(fresh=True) for preflight in self._preflights.values()))
        return _json({"preflights": self._preflight_view()})

    def _health_view(self) -> dict[str, Any]:
        if self._health is None:
            return {}
        return {"ready": self._health.ready().ok, "checks": self._health.ready().checks, "lag_ms": self._health.lag_ms}

    def _preflight_view(self) -> list[dict[str, Any]]:
        return [
            {"title": title, "report": preflight.last.payload(age_ms=preflight.age_ms) if preflight.last else None}
            for title, preflight in self._preflights.items()
        ]


def _number(given: str | None) -> int:
    return int(given) if given and given.isdecimal() and len(given) < 16 else 0  # noqa: PLR2004 - as JavaScript counts


def _json(told: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(told, default=str),
        status_code=status,
        media_type="application/json",
        headers={**CLOSED, "Cache-Control": "no-store", **(headers or {})},
    )
