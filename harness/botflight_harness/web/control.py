"""What the page asks for, as JSON over HTTP: docs/sandbox.md describes each route."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from botflight_harness.server.forms import BodyError, Form, read_form
from botflight_harness.server.listening import closing_of
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.errors import ImpossibleAct, Refusal
from botflight_harness.telegram.files import FileStore, StoredFile
from botflight_harness.web.acts import Hand, UnknownMessage
from botflight_harness.web.feed import Feed
from botflight_harness.web.guard import SameOrigin

#: The largest body that the page may send: a photo of Telegram's 10 MB.
BODY_LIMIT_BYTES = 11 * 1024 * 1024
NAME_CHARACTERS_MOST = 64

_NEVER_STORED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: A file may be shown, and must not do anything.
_FILE_HEADERS = {**_NEVER_STORED, "Content-Security-Policy": "default-src 'none'; sandbox"}

Json = dict[str, Any]
Handler = Callable[[Hand, Form], Json]


class RoomFullError(Exception):
    """No more people fit onto the page."""


class Room(Protocol):
    """The page's people and what it tells."""

    @property
    def feed(self) -> Feed:
        """What happens."""
        ...

    @property
    def files(self) -> FileStore:
        """The files of messages."""
        ...

    def state(self) -> Json:
        """Return everything at once."""
        ...

    def hand(self, person_id: int) -> Hand | None:
        """Return the hand of a person, or None."""
        ...

    def add(self, name: str, language: str) -> Json:
        """Add a person. Raises RoomFullError."""
        ...

    def person(self, hand: Hand) -> Json:
        """Return who a person is."""
        ...


@dataclass(frozen=True, slots=True)
class Control:
    """The control routes of a room."""

    room: Room

    def routes(self) -> list[BaseRoute]:
        """Return the routes, for this machine's own page alone."""
        acts: Mapping[str, Handler] = {
            "messages": _message,
            "edits": _edit,
            "taps": _tap,
            "presses": _press,
            "repeat": _repeat,
            "burst": _burst,
            "block": self._block,
        }
        by_person = [
            Route(f"/people/{{person:int}}/{name}", self._acting(act), methods=["POST"]) for name, act in acts.items()
        ]
        routes = [
            Route("/state", self._state),
            Route("/events", self._events),
            Route("/files/{file_id}", self._file),
            Route("/people", self._add, methods=["POST"]),
            *by_person,
        ]
        return [Mount("/_control", routes=routes, middleware=[Middleware(SameOrigin)])]

    async def _state(self, _: Request) -> Response:
        return _json(self.room.state())

    async def _events(self, request: Request) -> Response:
        after = request.headers.get("last-event-id")
        stream = self.room.feed.stream(after=after, closing=closing_of(request.scope))
        return StreamingResponse(stream, media_type="text/event-stream", headers=_NEVER_STORED)

    async def _file(self, request: Request) -> Response:
        stored = self.room.files.get(request.path_params["file_id"])
        if stored is None:
            return _error("there is no such file", status=404)
        return Response(stored.data, media_type=_shown_type(stored), headers=_FILE_HEADERS)

    async def _add(self, request: Request) -> Response:
        return await _answer(request, lambda form: self.room.add(_text(form, "name"), _text(form, "language")))

    def _block(self, hand: Hand, form: Form) -> Json:
        hand.blocks(blocked=form.fields.get("blocked") is True)
        return self.room.person(hand)

    def _acting(self, act: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            hand = self.room.hand(request.path_params["person"])
            if hand is None:
                return _error("there is no such person", status=404)
            return await _answer(request, lambda form: act(hand, form))

        return endpoint


async def _answer(request: Request, act: Callable[[Form], Json]) -> Response:
    """Do what the page asks for, and put into words why it cannot be done."""
    try:
        return _json(act(await read_form(request, limit_bytes=BODY_LIMIT_BYTES)))
    except BodyError as broken:
        return _error(str(broken), status=broken.status)
    except Refusal as refusal:
        return _error(refusal.description, status=400)
    except UnknownMessage as unknown:
        return _error(str(unknown), status=404)
    except (ImpossibleAct, RoomFullError) as impossible:
        return _error(str(impossible), status=409)


def _message(hand: Hand, form: Form) -> Json:
    photo = form.files.get("photo")
    if photo is not None:
        act = hand.sends_photo(photo, caption=str(form.fields.get("caption", "")))
    elif form.fields.get("sticker") is True:
        act = hand.sends_sticker()
    elif form.fields.get("voice") is True:
        act = hand.sends_voice()
    else:
        act = hand.writes(_text(form, "text", most=4096))
    return _sent(act)


def _edit(hand: Hand, form: Form) -> Json:
    return _sent(hand.edits(_number(form, "message_id"), _text(form, "text", most=4096)))


def _tap(hand: Hand, form: Form) -> Json:
    act = hand.taps(_number(form, "message_id"), row=_number(form, "row"), column=_number(form, "column"))
    return {"query_id": act.updates[0].payload["id"] if act.updates else None}


def _press(hand: Hand, form: Form) -> Json:
    return _sent(hand.presses(_text(form, "text", most=4096)))


def _repeat(hand: Hand, _: Form) -> Json:
    return {"update_id": hand.repeats().update_id}


def _burst(hand: Hand, form: Form) -> Json:
    return {"update_ids": [update.update_id for update in hand.bursts(_number(form, "times"))]}


def _sent(act: Act) -> Json:
    return {} if act.message is None else act.message.as_json()


def _text(form: Form, name: str, *, most: int = NAME_CHARACTERS_MOST) -> str:
    value = form.fields.get(name)
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= most:
        raise BodyError(f"{name} must be a text of 1 to {most} characters")
    return value.strip()


def _number(form: Form, name: str) -> int:
    value = form.fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BodyError(f"{name} must be a whole number")
    return value


def _shown_type(stored: StoredFile) -> str:
    """Return the type to show a file as; what could run in a browser is handed out as mere bytes."""
    signatures = {b"\x89PNG": "image/png", b"GIF8": "image/gif", b"\xff\xd8\xff": "image/jpeg"}
    for signature, media_type in signatures.items():
        if stored.data.startswith(signature):
            return media_type
    if stored.data[8:12] == b"WEBP":
        return "image/webp"
    if stored.data[8:12] == b"WAVE":
        return "audio/wav"
    kind = stored.mime_type.partition("/")[0]
    return stored.mime_type if kind in {"audio", "video"} else "application/octet-stream"


def _json(value: Json) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers=_NEVER_STORED)


def _error(reason: str, *, status: int) -> Response:
    body = orjson.dumps({"error": reason[:1].upper() + reason[1:]})
    return Response(body, status_code=status, media_type="application/json", headers=_NEVER_STORED)
