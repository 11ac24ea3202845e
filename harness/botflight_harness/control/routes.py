"""The routes of the control API: operations over HTTP, with every refusal put into words."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from botflight_harness.control.acts import act_operations
from botflight_harness.control.fields import FieldError, read_fields
from botflight_harness.control.openapi import document
from botflight_harness.control.operation import Operation
from botflight_harness.control.people import OPERATIONS as PEOPLE
from botflight_harness.control.possessions import OPERATIONS as POSSESSIONS
from botflight_harness.control.room import Room, Unknown
from botflight_harness.control.trouble import OPERATIONS as TROUBLE
from botflight_harness.control.world import OPERATIONS as WORLD
from botflight_harness.server.forms import BodyError, read_form
from botflight_harness.telegram.errors import NotModelled, Refusal
from botflight_harness.web.guard import SameOrigin

#: Below this path of a world's address.
ROOT = "/_harness"
#: A file of Telegram's 50 MB in base64, and what goes with it.
BODY_LIMIT_BYTES = 68 * 1024 * 1024


def operations() -> list[Operation]:
    """Return what can be asked of every world."""
    return [*WORLD, *PEOPLE, *POSSESSIONS, *act_operations(), *TROUBLE]


def control_mount(room: Room, offered: Sequence[Operation], *, version: str) -> Mount:
    """Return the routes of some operations on a world, with their OpenAPI document, for this machine alone."""

    async def openapi(request: Request) -> Response:
        server = str(request.url).removesuffix("/openapi.json")
        return _json(document(offered, version=version, server=server))

    routes: list[BaseRoute] = [Route("/openapi.json", openapi)]
    routes += [Route(_typed(one.path), _endpoint(room, one), methods=[one.method]) for one in offered]
    routes.append(Route("/{path:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]))
    return Mount(ROOT, routes=routes, middleware=[Middleware(SameOrigin)])


async def _nowhere(request: Request) -> Response:
    there = f"there is no {request.method} /{request.path_params['path']}"
    return _error(f"{there}: {ROOT}/openapi.json lists what there is", 404)


def _typed(path: str) -> str:
    return path.replace("{person}", "{person:int}").replace("{bot}", "{bot:int}")


def _endpoint(room: Room, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            done = operation.run(room, {**await _read(request, operation), **_places(request)})
            return _json(await done if inspect.isawaitable(done) else done)
        except BodyError as broken:
            return _error(str(broken), broken.status)
        except (FieldError, ValueError) as wrong:
            return _error(str(wrong), 400)
        except Refusal as refusal:
            return _error(refusal.description, 400)
        except Unknown as unknown:
            return _error(str(unknown), 404)
        except (KeyError, IndexError):  # no refusal, but a mistake of ours: 500 and a traceback
            raise
        except (AssertionError, LookupError) as impossible:
            return _error(str(impossible), 409)
        except NotModelled as beyond:
            return _error(f"not modelled: {beyond}", 501)

    return endpoint


async def _read(request: Request, operation: Operation) -> dict[str, Any]:
    if operation.method == "GET":
        known = {field.name: field for field in operation.fields}
        query = dict(request.query_params)
        return read_fields(
            operation.fields,
            {name: known[name].read_text(text) if name in known else text for name, text in query.items()},
        )
    form = await read_form(request, limit_bytes=BODY_LIMIT_BYTES)
    return read_fields(operation.fields, form.fields)


def _places(request: Request) -> dict[str, Any]:
    return {name: request.path_params[name] for name in ("person", "bot") if name in request.path_params}


def _json(value: Any) -> Response:  # noqa: ANN401 -- JSON
    return Response(orjson.dumps(value), media_type="application/json", headers={"Cache-Control": "no-store"})


def _error(reason: str, status: int) -> Response:
    return Response(orjson.dumps({"error": reason}), status_code=status, media_type="application/json")
