"""What can go wrong: faults of the Bot API, flood limits, and updates that come again or go lost on their way."""

from typing import Any

from botflight_harness.control.fields import TIMES, Field
from botflight_harness.control.operation import FLAG, INTEGER, NOTHING, TEXT, Given, Operation, listed, need, shape
from botflight_harness.control.room import Room, Unknown
from botflight_harness.faults import Fault
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.errors import ImpossibleAct, Refusal
from botflight_harness.telegram.updates import Update

_FAULT = shape(method=TEXT, when=TEXT, error=TEXT, left=INTEGER, hits=INTEGER)
_HOW = ("timeout", "reset", "garbage")


def _add_fault(room: Room, given: Given) -> dict[str, Any]:
    faults = room.telegram.faults
    method, chat_id, times = given["method"], given.get("chat_id"), given["times"]
    match given["kind"]:
        case "refuse":
            answer = Refusal(given["error_code"], given["description"], given.get("parameters"))
            return _shown(faults.refuse(method, answer, times=times, chat_id=chat_id))
        case "flood":
            seconds = given.get("retry_after_s", 1)
            return _shown(faults.flood(method, retry_after_s=seconds, times=times, chat_id=chat_id))
        case "lose_call":
            return _shown(faults.lose_call(method, how=given["how"], times=times, chat_id=chat_id))
        case _:
            return _shown(faults.lose_answer(method, how=given["how"], times=times, chat_id=chat_id))


def _faults(room: Room, _: Given) -> dict[str, Any]:
    return {"faults": [_shown(fault) for fault in room.telegram.faults]}


def _forget_faults(room: Room, _: Given) -> dict[str, Any]:
    room.telegram.faults.clear()
    return {}


def _shown(fault: Fault) -> dict[str, Any]:
    return {
        "method": fault.method,
        "when": fault.when,
        "error": str(fault.error),
        "left": fault.left,
        "hits": fault.hits,
    }


def _flood_limits(room: Room, given: Given) -> dict[str, Any]:
    limits = room.telegram.flood_limits
    if given["on"]:
        limits.turn_on()
    else:
        limits.turn_off()
    return {"on": limits.is_on}


async def _again(room: Room, given: Given) -> dict[str, Any]:
    bot = room.bot(given["bot"])
    update = _update(room, bot, given["update_id"]) if "update_id" in given else bot.updates.latest
    if update is None:
        raise ImpossibleAct(f"{bot.username} never got an update: there is nothing to repeat")
    await room.road(bot).repeat(update, times=given["times"])
    return {"update_id": update.update_id}


async def _reorder(room: Room, given: Given) -> dict[str, Any]:
    bot = room.bot(given["bot"])
    await room.road(bot).reorder(_waiting(room, bot, given) or list(bot.updates)[::-1])
    return {}


async def _together(room: Room, given: Given) -> dict[str, Any]:
    bot = room.bot(given["bot"])
    await room.road(bot).together(_waiting(room, bot, given) or list(bot.updates))
    return {}


def _waiting(room: Room, bot: BotAccount, given: Given) -> list[Update]:
    return [_update(room, bot, number) for number in given.get("update_ids", ())]


def _lose(room: Room, given: Given) -> dict[str, Any]:
    room.road(room.bot(given["bot"])).lose_acknowledgement(times=given["times"])
    return {}


def _updates(room: Room, given: Given) -> dict[str, Any]:
    bot = room.bot(given["bot"])
    known = [delivery for delivery in room.api.journal.deliveries if delivery.bot is bot]
    return {
        "updates": [
            {"status": one.status, "tries": one.tries, "kind": one.update.kind, "update": one.update.as_json()}
            for one in known
        ]
    }


def _update(room: Room, bot: BotAccount, number: int) -> Update:
    for delivery in room.api.journal.deliveries:
        if delivery.bot is bot and delivery.update.update_id == number:
            return delivery.update
    raise Unknown(f"{bot.username} got no update {number} lately")


OPERATIONS = (
    Operation(
        "add_fault",
        "POST",
        "/faults",
        "Let the next calls of a method go wrong. A fault that never happened is a complaint of /check.",
        _add_fault,
        (
            need("method", "text", "such as sendMessage"),
            Field(
                "kind",
                "text",
                "refuse and flood answer before anything is done; lose_call breaks off before it, lose_answer after",
                default="refuse",
                choices=("refuse", "flood", "lose_call", "lose_answer"),
            ),
            Field("error_code", "integer", "of refuse", default=500),
            Field("description", "text", "of refuse", default="Internal Server Error"),
            Field("parameters", "object", "of refuse: ResponseParameters"),
            Field("retry_after_s", "integer", "of flood"),
            Field("how", "text", "of lose_call and lose_answer", default="timeout", choices=_HOW),
            Field("chat_id", "integer", "only calls for this chat"),
            TIMES,
        ),
        _FAULT,
        tag="trouble",
    ),
    Operation("faults", "GET", "/faults", "List the faults.", _faults, (), shape(faults=listed(_FAULT)), "trouble"),
    Operation("forget_faults", "DELETE", "/faults", "Forget all faults.", _forget_faults, (), NOTHING, "trouble"),
    Operation(
        "set_flood_limits",
        "POST",
        "/flood-limits",
        "Turn Telegram's limits on or off: 30 messages a second, 1 a second to a chat, 20 a minute to a group.",
        _flood_limits,
        (need("on", "flag"),),
        shape(on=FLAG),
        "trouble",
    ),
    Operation(
        "updates",
        "GET",
        "/bots/{bot}/updates",
        "List the latest updates of a bot, and how far each has come: waiting, retrying, delivered or expired.",
        _updates,
        (),
        shape(updates=listed(shape(status=TEXT, tries=INTEGER, kind=TEXT))),
        "trouble",
    ),
    Operation(
        "repeat_update",
        "POST",
        "/bots/{bot}/repeat",
        "Deliver an update again, with the same update_id, whether the bot took it or not, and wait until it did.",
        _again,
        (Field("update_id", "integer", "without it, the newest"), TIMES),
        shape(update_id=INTEGER),
        "trouble",
    ),
    Operation(
        "reorder_updates",
        "POST",
        "/bots/{bot}/reorder",
        "Post updates that wait one after the other, whatever their ids; a bot that polls gets them by their ids.",
        _reorder,
        (Field("update_ids", "integers", "without them, all that wait, backwards"),),
        NOTHING,
        "trouble",
    ),
    Operation(
        "deliver_together",
        "POST",
        "/bots/{bot}/together",
        "Deliver updates that wait at the same moment, and wait until the bot took them.",
        _together,
        (Field("update_ids", "integers", "without them, all that wait"),),
        NOTHING,
        "trouble",
    ),
    Operation(
        "lose_acknowledgement",
        "POST",
        "/bots/{bot}/lose-acknowledgement",
        "Lose the next acknowledgements of a webhook: the bot took the update, and it comes again.",
        _lose,
        (TIMES,),
        NOTHING,
        "trouble",
    ),
)
