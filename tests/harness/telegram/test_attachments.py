from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import Person, Telegram, Upload

Call = Callable[..., Any]
Words = Callable[..., str]
HERE = {"latitude": 52.01, "longitude": 4.36}


@pytest.fixture(autouse=True)
def _acquainted(alice: Person) -> None:
    alice.send_text("/start")


@pytest.mark.parametrize(("emoji", "most"), [("🎲", 6), ("🏀", 5), ("🎰", 64), ("⚽\ufe0f", 5)])
def test_dice_fall_from_the_seed(call: Call, alice: Person, emoji: str, most: int) -> None:
    """Each kind within its range."""
    sent = call("sendDice", chat_id=alice.user_id, emoji=emoji)

    assert 1 <= sent["dice"]["value"] <= most


def test_a_test_can_load_the_dice(telegram: Telegram, call: Call, alice: Person) -> None:
    """The next throws show what the test says."""
    telegram.rolls(6, 1)

    thrown = [call("sendDice", chat_id=alice.user_id)["dice"]["value"] for _ in range(2)]

    assert thrown == [6, 1]


def test_other_things_are_no_dice(not_modelled: Words, alice: Person) -> None:
    """In which words they are refused is not known."""
    assert "which is no die" in not_modelled("sendDice", chat_id=alice.user_id, emoji="🦊")


def test_a_live_location_moves_until_it_is_stopped(call: Call, refusal: Words, alice: Person) -> None:
    """A plain one does not move."""
    live = call("sendLocation", chat_id=alice.user_id, **HERE, live_period=60)
    plain = call("sendLocation", chat_id=alice.user_id, **HERE)
    message = {"chat_id": alice.user_id, "message_id": live["message_id"]}
    north = {"latitude": 53.2, "longitude": 6.57}

    moved = call("editMessageLiveLocation", **message, **north)
    stopped = call("stopMessageLiveLocation", **message)

    assert (moved["location"]["latitude"], "live_period" in stopped["location"]) == (53.2, False)
    for number in (live["message_id"], plain["message_id"]):
        where = {"chat_id": alice.user_id, "message_id": number}
        assert refusal("editMessageLiveLocation", **where, **north) == "400 Bad Request: message can't be edited"


def test_a_live_location_ends_by_the_clock(telegram: Telegram, call: Call, refusal: Words, alice: Person) -> None:
    """When its period is over."""
    live = call("sendLocation", chat_id=alice.user_id, **HERE, live_period=60)

    telegram.clock.move(seconds=61)

    where = {"chat_id": alice.user_id, "message_id": live["message_id"]}
    assert "can't be edited" in refusal("editMessageLiveLocation", **where, latitude=1, longitude=1)


def test_a_place_beyond_the_poles_is_refused(refusal: Words, alice: Person) -> None:
    """And a live period that is too short."""
    assert "invalid location" in refusal("sendLocation", chat_id=alice.user_id, latitude=91, longitude=0)
    assert "wrong live location period" in refusal("sendLocation", chat_id=alice.user_id, **HERE, live_period=59)


def test_venues_and_contacts(call: Call, alice: Person) -> None:
    """They carry what they were sent with."""
    venue = call("sendVenue", chat_id=alice.user_id, **HERE, title="Mill", address="Phoenixstraat 112")
    contact = call("sendContact", chat_id=alice.user_id, phone_number="+3115", first_name="Mill")

    assert venue["venue"] == {"location": HERE, "title": "Mill", "address": "Phoenixstraat 112"}
    assert contact["contact"] == {"phone_number": "+3115", "first_name": "Mill"}


async def test_people_share_too(telegram: Telegram, alice: Person) -> None:
    """A place, their number, dice and albums."""
    telegram.rolls(4)
    await alice.sends_location(1.5, 2.5)
    await alice.sends_contact("+3115")
    await alice.sends_dice()

    place, contact, dice = [update.payload for update in telegram.sole_bot().updates][-3:]
    assert place["location"] == {"latitude": 1.5, "longitude": 2.5}
    assert (contact["contact"]["user_id"], dice["dice"]["value"]) == (alice.user_id, 4)


def test_an_album_has_one_id(call: Call, png: bytes, alice: Person) -> None:
    """Photos from uploads, with a caption each."""
    media = [{"type": "photo", "media": f"attach://{name}", "caption": name} for name in ("one", "two")]
    uploads = {name: Upload("a.png", png) for name in ("one", "two")}

    first, second = call("sendMediaGroup", uploads, chat_id=alice.user_id, media=media)

    assert first["media_group_id"] == second["media_group_id"]
    assert [first["caption"], second["caption"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([], "there are no messages to send"),
        (["photo"] * 11, "too many messages to send as an album"),
        (["photo", "document"], "document can't be mixed with other media types"),
        (["sticker"], 'can\'t parse InputMedia: type "sticker" is unsupported'),
        (["animation"], "can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup"),
    ],
)
def test_a_wrong_album_is_refused(refusal: Words, png: bytes, alice: Person, kinds: list[str], words: str) -> None:
    """Whole: nothing of it is sent."""
    media = [{"type": kind, "media": "attach://x"} for kind in kinds]
    uploads = {"x": Upload("a.png", png)}

    assert refusal("sendMediaGroup", uploads, chat_id=alice.user_id, media=media) == f"400 Bad Request: {words}"
    assert len(alice.screen) == 1


async def test_a_person_sends_an_album(telegram: Telegram, png: bytes, alice: Person) -> None:
    """The bot gets a message for each, under one id."""
    await alice.sends_album(png, png, caption="both")

    one, two = [update.payload for update in telegram.sole_bot().updates][-2:]
    assert (one["media_group_id"], one["caption"], "caption" in two) == (two["media_group_id"], "both", False)
