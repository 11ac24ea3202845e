"""The world as a whole: what is in it, its time, what bots called, and whether it is content."""

from typing import Any

from botflight_harness.clock import VirtualClock
from botflight_harness.control import views
from botflight_harness.control.fields import Field
from botflight_harness.control.operation import FLAG, INTEGER, TEXT, Given, Operation, listed, need, shape
from botflight_harness.control.room import Room
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.transcript import report

_CLOCK = shape(now_ms=INTEGER, is_virtual=FLAG)
_CALLS_MOST = 1_000


def _world(room: Room, _: Given) -> dict[str, Any]:
    world = room.telegram
    return {
        "bots": [views.bot(bot) for bot in world.bots.values()],
        "people": [views.person(person) for person in world.people.values()],
        "groups": [views.group(group) for group in world.groups.values()],
        "clock": _clock(room, {}),
        "complaints": list(world.problems),
    }


def _clock(room: Room, _: Given) -> dict[str, Any]:
    clock = room.telegram.clock
    return {"now_ms": clock.now_ms(), "is_virtual": isinstance(clock, VirtualClock)}


async def _advance(room: Room, given: Given) -> dict[str, Any]:
    clock = room.telegram.clock
    if not isinstance(clock, VirtualClock):
        raise ImpossibleAct("this world's clock is the computer's own: make a world with a virtual one at /worlds")
    await clock.advance(**given)
    return _clock(room, {})


def _transcript(room: Room, _: Given) -> dict[str, Any]:
    return {"transcript": report(room.telegram)}


def _calls(room: Room, given: Given) -> dict[str, Any]:
    found = [call for call in room.telegram.calls if given.get("method") in {None, call.method}]
    return {"calls": [views.call(call) for call in found[-_CALLS_MOST:]]}


def _check(room: Room, _: Given) -> dict[str, Any]:
    complaints = room.telegram.take_complaints()
    return {"content": not complaints, "complaints": complaints}


def _roll(room: Room, given: Given) -> dict[str, Any]:
    room.telegram.rolls(*given["values"])
    return {}


OPERATIONS = (
    Operation(
        "world",
        "GET",
        "/world",
        "Tell who is in the world, what time it is, and what has gone wrong so far.",
        _world,
        (),
        shape(
            bots=listed(views.BOT),
            people=listed(views.PERSON),
            groups=listed(views.GROUP),
            clock=_CLOCK,
            complaints=listed(TEXT),
        ),
    ),
    Operation("clock", "GET", "/clock", "Tell the world's time, in milliseconds since 1970.", _clock, (), _CLOCK),
    Operation(
        "advance_clock",
        "POST",
        "/clock/advance",
        "Move a virtual clock by the sum of the fields; what falls due on the way happens, in order.",
        _advance,
        (
            Field("ms", "integer"),
            Field("seconds", "number"),
            Field("minutes", "number"),
            Field("hours", "number"),
        ),
        _CLOCK,
    ),
    Operation(
        "transcript",
        "GET",
        "/transcript",
        "Tell the chats and the bots' calls as text, for the message of a test that fails.",
        _transcript,
        (),
        shape(transcript=TEXT),
    ),
    Operation(
        "calls",
        "GET",
        "/calls",
        f"List the latest {_CALLS_MOST:,} calls of bots, each with its result or its error.",
        _calls,
        (Field("method", "text", "only calls of this method"),),
        shape(calls=listed(views.CALL)),
    ),
    Operation(
        "check",
        "POST",
        "/check",
        "Tell what ought to fail the test, and forget it: calls that are not modelled, faults that never happened.",
        _check,
        (),
        shape(content=FLAG, complaints=listed(TEXT)),
    ),
    Operation(
        "set_rolls",
        "POST",
        "/rolls",
        "Say what the next dice show, whoever throws them.",
        _roll,
        (need("values", "integers"),),
    ),
)
