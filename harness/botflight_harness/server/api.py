"""The Bot API over HTTP: every call goes to the simulated Telegram as it came."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from botflight_harness.server.forms import BodyError, Form, read_form
from botflight_harness.server.guard import browser_refusal
from botflight_harness.server.journal import Call, Journal, Outcome, shown
from botflight_harness.server.listening import closing_of
from botflight_harness.server.lost import Lost
from botflight_harness.server.roads import Roads, check_webhook
from botflight_harness.telegram.errors import AnswerLost, NotModelled, Refusal, forbidden
from botflight_harness.telegram.files import StoredFile
from botflight_harness.telegram.world import Telegram

_NOT_FOUND = Refusal(404, "Not Found")
_NOT_IMPLEMENTED = 501


@dataclass(frozen=True, slots=True)
class BotApi:
    """A simulated Telegram that answers over HTTP."""

    telegram: Telegram
    journal: Journal
    roads: Roads

    def routes(self) -> list[BaseRoute]:
        """Return the routes of methods and files."""
        return [
            Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self._file),
        ]

    async def _answer(self, request: Request) -> Response:
        method = request.path_params["method"]
        started_s = time.perf_counter()
        form, answer = Form(), Refusal(500, "Internal Server Error").as_json()
        try:
            _refuse_other_sites(request)
            form = await read_form(request)
            result = await self._call(request.path_params["token"], method, form, closing=closing_of(request.scope))
            answer = {"ok": True, "result": result}
        except BodyError as broken:
            answer = Refusal(broken.status, str(broken)).as_json()
        except Refusal as refusal:
            answer = refusal.as_json()
        except NotModelled as beyond:
            answer = Refusal(_NOT_IMPLEMENTED, f"Not Implemented: {beyond} is not modelled here").as_json()
        except AnswerLost as lost:
            answer = {"ok": False, "description": str(lost), "lost": lost.how}
        if not _is_quiet_poll(method, answer):
            self.journal.called(_call(method, form, answer, duration_ms=(time.perf_counter() - started_s) * 1000))
        return Lost(answer["lost"]) if "lost" in answer else _json(answer)

    async def _call(self, token: str, method: str, form: Form, *, closing: asyncio.Event) -> Any:  # noqa: ANN401 - JSON
        bot = self.telegram.bots.get(token)
        if bot is None:
            return self.telegram.call(token, method, form.fields, form.files)  # refuses it
        match method.lower():
            case "getupdates":
                return await self.roads.polls(bot).poll(form.fields, closing=closing)
            case "setwebhook":
                check_webhook(form.fields)
        result = self.telegram.call(token, method, form.fields, form.files)
        await self.roads.follow(bot)
        return result

    async def _file(self, request: Request) -> Response:
        stored: StoredFile | None = None
        if request.path_params["token"] in self.telegram.bots:
            stored = self.telegram.files.at(request.path_params["path"])
        if stored is None:
            return _json(_NOT_FOUND.as_json())
        return Response(stored.data, media_type="application/octet-stream")


def bot_api(telegram: Telegram) -> BotApi:
    """Make the Bot API server of a simulated Telegram."""
    journal = Journal()
    return BotApi(telegram, journal, Roads(telegram, journal))


def application(api: BotApi, *more: BaseRoute, at_end: Callable[[], Awaitable[None]] | None = None) -> Starlette:
    """Make an ASGI application of the Bot API and further routes. It stops posting when it shuts down.

    `at_end` is awaited then, too.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await api.roads.close()
        if at_end is not None:
            await at_end()

    return Starlette(routes=[*api.routes(), *more], lifespan=lifespan)


def _refuse_other_sites(request: Request) -> None:
    reason = browser_refusal(request.headers)
    if reason is not None:
        raise forbidden(reason)


def _json(answer: dict[str, Any]) -> Response:
    status = 200 if answer["ok"] else answer["error_code"]
    return Response(orjson.dumps(answer), status_code=status, media_type="application/json")


def _is_quiet_poll(method: str, answer: dict[str, Any]) -> bool:
    """Tell whether nobody needs to see the call: what a poll brought is seen with the updates."""
    return method.lower() == "getupdates" and answer["ok"]


def _call(method: str, form: Form, answer: dict[str, Any], *, duration_ms: float) -> Call:
    return Call(
        method,
        shown(form.fields, form.files),
        _outcome(answer),
        duration_ms,
        error_code=answer.get("error_code"),
        description=answer.get("description"),
    )


def _outcome(answer: dict[str, Any]) -> Outcome:
    if answer["ok"]:
        return "ok"
    if "lost" in answer:
        return "lost"
    return "not modelled" if answer["error_code"] == _NOT_IMPLEMENTED else "refused"
