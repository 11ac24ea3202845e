"""Stories that a bot posts for business accounts."""

import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Person, Telegram, Upload
from botflight_harness.telegram.stories import Story

Call = Callable[..., Any]
Words = Callable[..., str]

DAY = {"active_period": 86_400}
PHOTO = {"type": "photo", "photo": "attach://a"}
POSITION = {
    "x_percentage": 50,
    "y_percentage": 50,
    "width_percentage": 10,
    "height_percentage": 10,
    "rotation_angle": 0,
    "corner_radius_percentage": 0,
}


@pytest.fixture
def files() -> dict[str, Upload]:
    """A picture of the size that stories have."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1080, 1920, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress((b"\0" + bytes(1080)) * 1920, 1))
    return {"a": Upload("a.png", b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b""))}


@pytest.fixture
def here(alice: Person, bot: BotAccount) -> dict[str, str]:
    """The bot posts for alice."""
    return {"business_connection_id": alice.connect_business(bot, "can_manage_stories").connection_id}


def shown(telegram: Telegram, person: Person) -> list[Story]:
    return list(telegram.stories.shown(person.user_id, now_ms=telegram.clock.now_ms()))


def test_a_story_is_shown_for_its_time(
    telegram: Telegram, call: Call, files: dict[str, Upload], alice: Person, here: dict[str, str]
) -> None:
    """With its caption; then it goes into the archive."""
    posted = call("postStory", files, **here, **DAY, content=PHOTO, caption="<i>Tea</i>", parse_mode="HTML")

    (story,) = shown(telegram, alice)
    assert (posted["id"], posted["chat"]["id"], story.caption.text) == (1, alice.user_id, "Tea")
    telegram.clock.move(hours=24)
    assert shown(telegram, alice) == []


def test_a_story_may_stay_on_the_profile(
    telegram: Telegram, call: Call, files: dict[str, Upload], alice: Person, here: dict[str, str]
) -> None:
    """When the bot asks for it."""
    call("postStory", files, **here, **DAY, content=PHOTO, post_to_chat_page=True)

    telegram.clock.move(hours=48)

    assert len(shown(telegram, alice)) == 1


def test_a_story_is_edited_and_deleted(
    telegram: Telegram, call: Call, not_modelled: Words, files: dict[str, Upload], alice: Person, here: dict[str, str]
) -> None:
    """By the bot that posted it."""
    number = call("postStory", files, **here, **DAY, content=PHOTO)["id"]
    video = {"type": "video", "video": "attach://a", "duration": 12.5}

    call("editStory", files, **here, story_id=number, content=video, caption="Milk")
    (edited,) = shown(telegram, alice)
    call("deleteStory", **here, story_id=number)

    assert (edited.file.kind, edited.caption.text, shown(telegram, alice)) == ("video", "Milk", [])
    assert "not there" in not_modelled("deleteStory", **here, story_id=number)


def test_a_story_is_posted_again_for_somebody_else(
    telegram: Telegram,
    call: Call,
    refusal: Words,
    files: dict[str, Upload],
    alice: Person,
    bob: Person,
    bot: BotAccount,
    here: dict[str, str],
) -> None:
    """When both let the bot manage their stories."""
    number = call("postStory", files, **here, **DAY, content=PHOTO, caption="Tea")["id"]
    bobs = {"business_connection_id": bob.connect_business(bot, "can_manage_stories").connection_id}
    again = {**bobs, **DAY, "from_chat_id": alice.user_id, "from_story_id": number}

    call("repostStory", **again)
    alices = next(one for one in telegram.business.values() if one.owner is alice)
    alices.rights.clear()

    assert shown(telegram, bob)[0].caption.text == "Tea"
    assert refusal("repostStory", **again) == "400 Bad Request: BOT_ACCESS_FORBIDDEN"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"content": None}, "story content isn't specified"),
        ({"content": "[]"}, "object expected as story content"),
        ({"content": {"type": "text"}}, "invalid story content type specified"),
        ({"content": {"type": "photo"}}, 'can\'t find field "photo"'),
        ({"content": {"type": "photo", "photo": "some_file_id"}}, "story photo must be uploaded as a file"),
        ({"content": {"type": "video", "video": "attach://a", "duration": 61}}, "invalid video duration specified"),
        ({"active_period": 5}, "STORY_PERIOD_INVALID"),
        ({"caption": "x" * 2_049}, "MEDIA_CAPTION_TOO_LONG"),
        ({"areas": "{}"}, "expected an Array of InputStoryArea"),
        ({"areas": [5]}, "can't parse InputStoryArea: expected an Object"),
        ({"areas": [{}]}, "can't parse InputStoryArea: Can't find field \"position\""),
        (
            {"areas": [{"position": POSITION, "type": {"type": "sea"}}]},
            "can't parse InputStoryArea: invalid story area type specified",
        ),
        (
            {"areas": [{"position": POSITION, "type": {"type": "link"}}]},
            "can't parse InputStoryArea: Can't find field \"url\"",
        ),
        ({"business_connection_id": None}, "business connection not found"),
    ],
)
def test_what_makes_no_story(
    refusal: Words, files: dict[str, Upload], here: dict[str, str], more: dict[str, Any], words: str
) -> None:
    """In the words of the official server."""
    refused = refusal("postStory", files, **{**here, **DAY, "content": PHOTO, **more})

    assert refused == f"400 Bad Request: {words}"


def test_areas_are_kept(
    telegram: Telegram, call: Call, files: dict[str, Upload], alice: Person, here: dict[str, str]
) -> None:
    """Of each kind."""
    kinds = [
        {"type": "location", "latitude": 1, "longitude": 2, "address": {"country_code": "NL"}},
        {"type": "suggested_reaction", "reaction_type": {"type": "emoji", "emoji": "👍"}},
        {"type": "link", "url": "https://example.com"},
        {"type": "weather", "temperature": 20, "emoji": "☀", "background_color": 0},
        {"type": "unique_gift", "name": "TopHat-1"},
    ]

    call(
        "postStory", files, **here, **DAY, content=PHOTO, areas=[{"position": POSITION, "type": kind} for kind in kinds]
    )

    assert [area["type"] for area in shown(telegram, alice)[0].areas] == kinds


def test_other_pictures_are_not_made_up(not_modelled: Words, png: bytes, here: dict[str, str]) -> None:
    """What Telegram says to another size is not known."""
    said = not_modelled("postStory", {"a": Upload("a.png", png)}, **here, **DAY, content=PHOTO)

    assert "1080 by 1920" in said


@pytest.mark.parametrize("method", ["deleteStory", "repostStory"])
def test_it_takes_the_right_to_manage_stories(refusal: Words, alice: Person, bot: BotAccount, method: str) -> None:
    """Which the owner gives."""
    here = {"business_connection_id": alice.connect_business(bot, "can_reply").connection_id}

    refused = refusal(method, **here, **DAY, story_id=1, from_story_id=1, from_chat_id=alice.user_id)

    assert refused == "400 Bad Request: BOT_ACCESS_FORBIDDEN"
