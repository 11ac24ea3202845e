"""Sending what is no file: locations that may move, venues, contacts and dice."""

from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.dice import DICE
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.editing import edit, editable
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Request, handler

LIVE_S_LEAST, LIVE_S_MOST = 60, 86_400
#: A location that is live until it is stopped.
LIVE_FOREVER_S = 0x7FFFFFFF

_POLES, _DATE_LINE = 90, 180
_LOCATION = "latitude longitude horizontal_accuracy live_period heading proximity_alert_radius"


def send_location(request: Request) -> dict[str, Any]:
    """Send a point on the map, which may go on moving."""
    live_s = request.arguments.integer("live_period")
    if live_s and not (LIVE_S_LEAST <= live_s <= LIVE_S_MOST or live_s == LIVE_FOREVER_S):
        raise bad_request("wrong live location period specified")
    return _send(request, {"location": _location(request, live_s)})


def _location(request: Request, live_s: int) -> dict[str, Any]:
    arguments = request.arguments
    latitude, longitude = arguments.get("latitude"), arguments.get("longitude")
    if not (abs(latitude) <= _POLES and abs(longitude) <= _DATE_LINE):
        raise bad_request("wrong location specified")
    location: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    if "horizontal_accuracy" in arguments:
        location["horizontal_accuracy"] = arguments.get("horizontal_accuracy")
    if live_s:
        moving = {name: arguments.integer(name) for name in ("heading", "proximity_alert_radius")}
        location |= {"live_period": live_s, **{name: value for name, value in moving.items() if value}}
    return location


def edit_message_live_location(request: Request) -> dict[str, Any] | bool:
    """Move a live location."""
    message = _live(request)
    content = {"location": _location(request, message.content["location"]["live_period"])}
    return edit(request, message, content)


def stop_message_live_location(request: Request) -> dict[str, Any] | bool:
    """Let a live location move no more."""
    message = _live(request)
    kept = {name: message.content["location"][name] for name in ("latitude", "longitude")}
    return edit(request, message, {"location": kept})


def _live(request: Request) -> Message:
    message = editable(request)
    live_s = message.content.get("location", {}).get("live_period", 0)
    age_ms = request.world.clock.now_ms() - message.date_s * SECOND_MS
    if not live_s or (live_s != LIVE_FOREVER_S and age_ms > live_s * SECOND_MS):
        raise bad_request("message can't be edited")
    return message


def send_venue(request: Request) -> dict[str, Any]:
    """Send a place that has a name and an address."""
    arguments = request.arguments
    venue = {"location": _location(request, 0), "title": arguments.text("title"), "address": arguments.text("address")}
    given = ("foursquare_id", "foursquare_type", "google_place_id", "google_place_type")
    venue |= {name: arguments.text(name) for name in given if name in arguments}
    # Old clients know no venues: they are shown the location alone.
    return _send(request, {"venue": venue, "location": venue["location"]})


def send_contact(request: Request) -> dict[str, Any]:
    """Send a telephone number with a name."""
    arguments = request.arguments
    if not arguments.text("first_name"):
        raise bad_request("first name must be non-empty")
    names = ("phone_number", "first_name", "last_name", "vcard")
    return _send(request, {"contact": {name: arguments.text(name) for name in names if arguments.text(name)}})


def send_dice(request: Request) -> dict[str, Any]:
    """Throw a die. What falls is drawn from the seed, unless the test has said it with `telegram.rolls`."""
    emoji = request.arguments.text("emoji", "🎲").replace("\N{VARIATION SELECTOR-16}", "")
    if emoji not in DICE:
        raise bad_request("wrong dice emoji specified")
    return _send(request, {"dice": {"emoji": emoji, "value": request.world.roll(DICE[emoji])}})


def _send(request: Request, content: dict[str, Any]) -> dict[str, Any]:
    return deliver(request, content, read_markup(request.arguments.get("reply_markup"))).as_json()


_EDITED = "chat_id message_id inline_message_id reply_markup"

METHODS = {
    "sendLocation": handler(send_location, f"{SENDING} {_LOCATION}"),
    "editMessageLiveLocation": handler(edit_message_live_location, f"{_EDITED} {_LOCATION}"),
    "stopMessageLiveLocation": handler(stop_message_live_location, _EDITED),
    "sendVenue": handler(
        send_venue,
        f"{SENDING} latitude longitude title address foursquare_id foursquare_type google_place_id google_place_type",
    ),
    "sendContact": handler(send_contact, f"{SENDING} phone_number first_name last_name vcard"),
    "sendDice": handler(send_dice, f"{SENDING} emoji"),
}
