"""A world for each test: Telegrams beside the first one, each with an address, a clock and a seed of its own."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from botflight_harness.clock import SystemClock
from botflight_harness.control.fields import Field
from botflight_harness.control.operation import FLAG, TEXT, Given, Operation, listed, need, shape
from botflight_harness.control.room import Room, Unknown
from botflight_harness.control.routes import control_mount, operations
from botflight_harness.server.api import BotApi, bot_api
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.world import Telegram

#: So many may be open at the same time.
WORLDS_MOST = 100


@dataclass(slots=True)
class Worlds:
    """The worlds of one server, beside its first."""

    version: str
    _rooms: dict[str, Room] = field(default_factory=dict)
    _apps: dict[str, Starlette] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def routes(self, first: BotApi) -> list[BaseRoute]:
        """Return the control routes of the first world, and everything of the others."""
        room = Room(first)
        for bot in first.telegram.bots.values():
            room.opens_to(bot)
        offered = [*operations(), *self._operations()]
        return [control_mount(room, offered, version=self.version), Mount("/worlds/{name}", self._enter)]

    async def close(self) -> None:
        """Close all worlds."""
        await asyncio.gather(*(room.api.roads.close() for room in self._rooms.values()))
        self._rooms.clear()
        self._apps.clear()

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._apps.get(scope["path_params"]["name"])
        if app is None:
            await JSONResponse({"error": "there is no such world"}, status_code=404)(scope, receive, send)
            return
        await app(scope, receive, send)

    def _operations(self) -> list[Operation]:
        return [
            Operation(
                "open_world",
                "POST",
                "/worlds",
                "Open a world of its own, with the Bot API and this control API at the path that is answered.",
                self._open,
                (
                    Field("seed", "integer", "the same seed gives the same ids, tokens and dates", default=0),
                    Field(
                        "clock",
                        "text",
                        "virtual stands still until /clock/advance; system is the computer's own",
                        default="virtual",
                        choices=("virtual", "system"),
                    ),
                ),
                shape(name=TEXT, path=TEXT),
                tag="worlds",
            ),
            Operation("worlds", "GET", "/worlds", "List them.", self._list, (), shape(names=listed(TEXT)), "worlds"),
            Operation(
                "close_world",
                "POST",
                "/worlds/close",
                "Close a world, and tell what ought to fail its test.",
                self._close,
                (need("name", "text"),),
                shape(content=FLAG, complaints=listed(TEXT)),
                tag="worlds",
            ),
        ]

    def _open(self, _: Room, given: Given) -> dict[str, Any]:
        if len(self._rooms) >= WORLDS_MOST:
            raise ImpossibleAct(f"{WORLDS_MOST} worlds are open: close some")
        clock = SystemClock() if given["clock"] == "system" else None
        room = Room(bot_api(Telegram(seed=given["seed"], clock=clock)))
        name = f"w{next(self._numbers)}"
        self._rooms[name] = room
        mount = control_mount(room, operations(), version=self.version)
        self._apps[name] = Starlette(routes=[*room.api.routes(), mount])
        return {"name": name, "path": f"/worlds/{name}"}

    def _list(self, _: Room, __: Given) -> dict[str, Any]:
        return {"names": list(self._rooms)}

    async def _close(self, _: Room, given: Given) -> dict[str, Any]:
        room = self._rooms.pop(given["name"], None)
        if room is None:
            raise Unknown(f"there is no world {given['name']}")
        del self._apps[given["name"]]
        await room.api.roads.close()
        complaints = room.telegram.take_complaints()
        return {"content": not complaints, "complaints": complaints}
