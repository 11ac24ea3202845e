"""The pages of the diagnostics: health, version, metrics and preflight, as routes of Starlette."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from botflight_diagnostics.access import HEADERS, Access, access_of, json_page, refused_token
from botflight_diagnostics.health import Health, Verdict
from botflight_diagnostics.preflight import Preflight
from botflight_diagnostics.prometheus import MetricsPage
from botflight_diagnostics.report import Report, Result

PREFLIGHT_PATH: Final = "/__diag/billing_preflight"
PREFLIGHT_EVENT: Final = "BILLING_PREFLIGHT_RUNTIME"
SERVICE_PREFLIGHT_PATH: Final = "/__diag/service_preflight"
SERVICE_PREFLIGHT_EVENT: Final = "SERVICE_PREFLIGHT_RUNTIME"

#: https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06
_HEALTH_JSON: Final = "application/health+json"
_HEALTH_STATUSES: Final = {
    "OK": "pass",
    "READY": "pass",
    "DEGRADED": "warn",
    "SKIPPED": "warn",
    "FAIL": "fail",
}

Endpoint = Callable[[Request], Awaitable[Response]]


class EventLog(Protocol):
    """Where it is told that a preflight was asked for."""

    def info(self, event: str, **fields: object) -> object:
        """Write a line of good news."""

    def warning(self, event: str, **fields: object) -> object:
        """Write a line of doubt."""

    def error(self, event: str, **fields: object) -> object:
        """Write a line of bad news."""


def health_routes(health: Health, *, version: Mapping[str, str]) -> list[Route]:
    """Make `/livez`, `/readyz`, `/startupz` (200 or 503, each with its reasons) and `/version`."""

    async def told(_request: Request) -> Response:
        return json_page(dict(version))

    return [
        _get("/livez", _verdict_page(health.live)),
        _get("/readyz", _verdict_page(health.ready)),
        _get("/startupz", _verdict_page(health.startup)),
        _get("/version", told),
    ]


def metrics_route(page: MetricsPage) -> Route:
    """Make `/metrics`."""

    async def metrics(request: Request) -> Response:
        rendered = await page.render(request.headers.get("accept", ""))
        return Response(rendered.body, headers={**HEADERS, "Content-Type": rendered.content_type})

    return _get("/metrics", metrics)


def preflight_route(
    preflight: Preflight,
    *,
    token: str | None,
    log: EventLog,
    path: str = PREFLIGHT_PATH,
    event: str = PREFLIGHT_EVENT,
) -> Route:
    """Make the page of a preflight: 200 when READY or DEGRADED, 503 when FAIL.

    Anybody gets the result and the statuses of its sections. With `token`, as `Authorization: Bearer` or
    `X-Diag-Token`, all of it is told; `?section=` asks for one, `?fresh=1` for a new report. A wrong token is 401, and
    without a `token` set none is right. `Accept: application/health+json` gets that form. Each report that is shown is
    logged once, as `event`.
    """
    return _get(path, _PreflightPage(preflight, token=token, log=log, event=event).answer)


class _PreflightPage:
    """Answers for one preflight."""

    def __init__(self, preflight: Preflight, *, token: str | None, log: EventLog, event: str) -> None:
        self._preflight = preflight
        self._token = token
        self._log = log
        self._event = event
        self._logged: Report | None = None

    async def answer(self, request: Request) -> Response:
        access = access_of(request, self._token)
        if access is Access.WRONG:
            return refused_token()
        trusted = access is Access.TRUSTED
        report = await self._preflight.report(fresh=trusted and request.query_params.get("fresh") == "1")
        age_ms = self._preflight.age_ms
        self._log_once(report, age_ms=age_ms)
        shown = report.payload(age_ms=age_ms) if trusted else report.summary(age_ms=age_ms)
        section = request.query_params.get("section")
        if section is not None:
            return _one_section(shown, section)
        status = 503 if report.result is Result.FAIL else 200
        if _HEALTH_JSON in request.headers.get("accept", ""):
            return json_page(_as_health(shown), status=status, headers={"Content-Type": _HEALTH_JSON})
        return json_page(shown, status=status)

    def _log_once(self, report: Report, *, age_ms: float) -> None:
        """Log a report when it is first shown: whoever asks often shall not fill the disk."""
        if report is self._logged:
            return
        self._logged = report
        log_preflight(self._log, self._event, report, age_ms=age_ms)


def log_preflight(log: EventLog, event: str, report: Report, *, age_ms: float = 0) -> None:
    """Log a report as `event`, at the level that its result asks for."""
    tell = {Result.READY: log.info, Result.DEGRADED: log.warning, Result.FAIL: log.error}[report.result]
    tell(event, payload=_for_the_log(report.payload(age_ms=age_ms)))


async def json_refusal(_request: Request, error: Exception) -> Response:
    """Answer an `HTTPException` in JSON, by its status alone; for an application's `exception_handlers`."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    return json_page({"error": f"HTTP_{status}"}, status=status, headers=headers)


async def json_fault(_request: Request, _error: Exception) -> Response:
    """Answer an error of ours in JSON, without its text; for an application's `exception_handlers`."""
    return json_page({"error": "INTERNAL"}, status=500)


def _verdict_page(ask: Callable[[], Verdict]) -> Endpoint:
    async def page(_request: Request) -> Response:
        verdict = ask()
        told = {"status": "ok" if verdict.ok else "unavailable", "checks": verdict.checks, **verdict.meta}
        return json_page(told, status=200 if verdict.ok else 503)

    return page


def _one_section(shown: Mapping[str, Any], name: str) -> Response:
    section = shown["sections"].get(name)
    if section is None:
        return json_page({"error": "NO_SUCH_SECTION", "sections": list(shown["sections"])}, status=404)
    return json_page({"sections": {name: section}}, status=503 if section["status"] == "FAIL" else 200)


def _as_health(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is shown in the words of the health-check draft."""
    checks = {name: [_as_check(section)] for name, section in shown["sections"].items()}
    return {"status": _HEALTH_STATUSES[shown["result"]], "checks": checks}


def _as_check(section: Mapping[str, Any]) -> dict[str, Any]:
    check: dict[str, Any] = {"componentType": "component", "status": _HEALTH_STATUSES[section["status"]]}
    if "meta" in section:
        check |= {"observedValue": section["meta"]["latency_ms"], "observedUnit": "ms", "output": section["details"]}
    return check


def _for_the_log(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the catalogue says: a line is to stay within what collectors take."""
    sections = {name: _without_prose(section) for name, section in payload["sections"].items()}
    return {**payload, "sections": sections}


def _without_prose(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in section.items() if name not in {"findings", "impact", "runbook"}}


def _get(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=["GET"])
