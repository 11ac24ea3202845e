"""Sending what is no file: locations that may move, venues, contacts and dice."""

from typing import Any

from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.dice import DICE
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.editing import LIVE_FOREVER_S, edit, editable
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.parameters import missing

LIVE_S_LEAST, LIVE_S_MOST = 60, 86_400
DEGREES_MOST, RADIUS_MOST = 360, 100_000

_POLES, _DATE_LINE = 90, 180
_LOCATION = "latitude longitude horizontal_accuracy live_period heading proximity_alert_radius"


def send_location(request: Request) -> dict[str, Any]:
    """Send a point on the map, which may go on moving."""
    live_s = request.arguments.integer("live_period")
    location = _location(request, live_s)
    if live_s and not (LIVE_S_LEAST <= live_s <= LIVE_S_MOST or live_s == LIVE_FOREVER_S):
        raise bad_request("wrong live location period specified")
    return _send(request, {"location": location})


def _location(request: Request, live_s: int, *, words: str = "invalid location specified") -> dict[str, Any]:
    arguments = request.arguments
    latitude, longitude = arguments.get("latitude"), arguments.get("longitude")
    if not (abs(latitude) <= _POLES and abs(longitude) <= _DATE_LINE):
        raise bad_request("invalid live location specified" if live_s else words)
    location: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    if "horizontal_accuracy" in arguments:
        location["horizontal_accuracy"] = arguments.get("horizontal_accuracy")
    if live_s:
        _check_moving(arguments.integer("heading"), arguments.integer("proximity_alert_radius"))
        moving = {name: arguments.integer(name) for name in ("heading", "proximity_alert_radius")}
        location |= {"live_period": live_s, **{name: value for name, value in moving.items() if value}}
    return location


def _check_moving(heading: int, radius: int) -> None:
    if not 0 <= heading <= DEGREES_MOST:
        raise bad_request("wrong live location heading specified")
    if not 0 <= radius <= RADIUS_MOST:
        raise bad_request("wrong live location proximity alert radius specified")


def edit_message_live_location(request: Request) -> dict[str, Any] | bool:
    """Move a live location."""
    location = _location(request, 1)
    markup = read_markup(request.arguments.get("reply_markup"))
    message = _live(request)
    period_s = message.content["location"]["live_period"]
    return edit(request, message, {"location": location | {"live_period": period_s}}, markup)


def stop_message_live_location(request: Request) -> dict[str, Any] | bool:
    """Let a live location move no more."""
    markup = read_markup(request.arguments.get("reply_markup"))
    message = _live(request)
    kept = {name: message.content["location"][name] for name in ("latitude", "longitude")}
    return edit(request, message, {"location": kept}, markup)


def _live(request: Request) -> Message:
    message = editable(request)
    if "live_period" not in message.content.get("location", ()):
        raise bad_request("there is no live location in the message to edit")
    return message


def send_venue(request: Request) -> dict[str, Any]:
    """Send a place that has a name and an address."""
    arguments = request.arguments
    place = _location(request, 0, words="wrong venue location specified")
    venue = {"location": place, "title": arguments.text("title"), "address": arguments.text("address")}
    given = ("foursquare_id", "foursquare_type", "google_place_id", "google_place_type")
    venue |= {name: arguments.text(name) for name in given if name in arguments}
    # Old clients know no venues: they are shown the location alone.
    return _send(request, {"venue": venue, "location": venue["location"]})


def send_contact(request: Request) -> dict[str, Any]:
    """Send a telephone number with a name."""
    arguments = request.arguments
    for name in ("phone_number", "first_name"):
        if not arguments.text(name):
            raise missing(name)
    names = ("phone_number", "first_name", "last_name", "vcard")
    return _send(request, {"contact": {name: arguments.text(name) for name in names if arguments.text(name)}})


def send_dice(request: Request) -> dict[str, Any]:
    """Throw a die. What falls is drawn from the seed, unless the test has said it with `telegram.rolls`."""
    emoji = request.arguments.text("emoji", "🎲").replace("\N{VARIATION SELECTOR-16}", "")
    if emoji not in DICE:
        raise NotModelled(f"sendDice with {emoji}, which is no die")
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
